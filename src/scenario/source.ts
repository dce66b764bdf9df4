/**
 * The text of a scenario file: YAML (JSON is YAML), with the line of every place in it, and values that the command line puts in
 * place of others. Text in, plain data and mistakes out.
 */
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { fail, ok, type Result } from '../lib/result.ts';

export type Path = readonly (string | number)[];

export interface Source {
  readonly data: unknown;
  /** 1 for the first line of the file; of a place that is not in the file, the line of what it is missing from. */
  lineOf(path: Path): number;
}

/** Refuses with a sentence that names the line. `overrides`: `path=value` texts in the order in which they apply. */
export function readSource(text: string, overrides: readonly string[]): Result<Source> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, merge: false });
  const [error] = document.errors;
  if (error !== undefined) return fail(`line ${lines.linePos(error.pos[0]).line}: expected YAML, got ${firstLine(error.message)}`);
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    return fail(`expected YAML with few aliases: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  for (const override of overrides) {
    const changed = applyOverride(data, override);
    if (!changed.ok) return changed;
    data = changed.value;
  }
  const lineOf = (path: Path): number => {
    for (let length = path.length; length >= 0; length--) {
      const start = startOf(document.contents, path.slice(0, length));
      if (start !== null) return lines.linePos(start).line;
    }
    return 1;
  };
  return ok({ data, lineOf });
}

/** `steps.0.load.writes`, `cluster.network.delay`: dots between members; a step also by its name. */
export function formatPath(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.');
}

/** Where the key of the last member stands; null if the path is not there. */
function startOf(root: unknown, path: Path): number | null {
  let node = root as Node | null;
  let start = node?.range?.[0] ?? null;
  for (const member of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && `${key.value}` === `${member}`);
      if (pair === undefined) return null;
      start = (pair.key as Node).range?.[0] ?? start;
      node = pair.value as Node | null;
    } else {
      const items = (node as { items?: unknown[] } | null)?.items;
      const item = typeof member === 'number' ? items?.[member] : undefined;
      if (item === undefined) return null;
      node = item as Node;
      start = node.range?.[0] ?? start;
    }
  }
  return start;
}

/** `cluster.followers=3`, `steps.sweep.load.writes=20`: the value is YAML. A copy is changed. */
function applyOverride(data: unknown, text: string): Result<unknown> {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(0, equals)).trim();
  const expected = (why: string) =>
    fail(`--set: expected a path and a value like steps.0.load.writes=20, got ${JSON.stringify(text)} (${why})`);
  if (path === '') return expected('no path');
  const document = parseDocument(text.slice(equals + 1));
  if (document.errors.length > 0) return expected('no YAML value');
  const copy: unknown = structuredClone(data);
  let place = copy;
  const members = path.split('.');
  for (const [index, member] of members.entries()) {
    if (typeof place !== 'object' || place === null) return expected(`nothing is below ${members.slice(0, index).join('.')}`);
    const key = Array.isArray(place) ? indexIn(place, member) : member;
    if (key === null) return expected(`no ${member} among ${members.slice(0, index).join('.')}`);
    const holder = place as Record<string | number, unknown>;
    const isLast = index === members.length - 1;
    if (isLast) Object.defineProperty(holder, key, { value: document.toJS(), enumerable: true, configurable: true, writable: true });
    else {
      if (!Object.hasOwn(holder, key))
        Object.defineProperty(holder, key, { value: {}, enumerable: true, configurable: true, writable: true });
      place = holder[key];
    }
  }
  return ok(copy);
}

/** An index, or the item whose `name` it is. */
function indexIn(items: readonly unknown[], member: string): number | null {
  const byName = items.findIndex((item) => typeof item === 'object' && item !== null && (item as { name?: unknown }).name === member);
  const index = byName !== -1 ? byName : /^\d+$/.test(member) ? Number(member) : -1;
  return index >= 0 && index < items.length ? index : null;
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? text).replace(/:$/, '');
}
