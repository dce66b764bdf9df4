/**
 * The text of a scenario file: YAML (JSON is YAML), with the line of every place in it, and values that the command line puts in
 * place of others. Text in, plain data and mistakes out.
 */
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { containsItself } from '../lib/cycle.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { MAX_YAML_CHARACTERS } from '../lib/text.ts';
import { stepNames } from './names.ts';

export type Path = readonly (string | number)[];

export interface Source {
  readonly data: unknown;
  /** `line 3`, 1 being the first of the file; of a place that is not in the file, the line of what it is missing from. `--set` if it is from there. */
  placeOf(path: Path): string;
}

/** Refuses with a sentence that names the line. `overrides`: `path=value` texts in the order in which they apply. */
export function readSource(text: string, overrides: readonly string[]): Result<Source> {
  const lines = new LineCounter();
  const parsed = parseYaml(text, lines);
  if (!parsed.ok) return parsed;
  const { document } = parsed.value;
  let { data } = parsed.value;
  const overridden: Path[] = [];
  for (const override of overrides) {
    const changed = applyOverride(data, override);
    if (!changed.ok) return changed;
    data = changed.value.data;
    overridden.push(changed.value.path);
  }
  const placeOf = (path: Path): string => {
    const isMade = startOf(document.contents, path) === null;
    if (overridden.some((changed) => isWithin(path, changed) || (isMade && isWithin(changed, path)))) return '--set';
    for (let length = path.length; length >= 0; length--) {
      const start = startOf(document.contents, path.slice(0, length));
      if (start !== null) return `line ${lines.linePos(start).line}`;
    }
    return 'line 1';
  };
  return ok({ data, placeOf });
}

/** `steps.0.load.writes`, `cluster.network.delay`: dots between members. */
export function formatPath(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.');
}

interface Yaml {
  readonly document: Document;
  readonly data: unknown;
}

/** What the parser only warns of (a tag that it does not know) is refused too: it would mean something else than it says. */
function parseYaml(text: string, lines: LineCounter): Result<Yaml> {
  if (text.length > MAX_YAML_CHARACTERS) return fail(`expected a file of at most ${MAX_YAML_CHARACTERS} characters, got ${text.length}`);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', uniqueKeys: true, strict: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return fail(`line ${lines.linePos(error.pos[0]).line}: expected YAML, got: ${error.message}`);
  try {
    const data: unknown = document.toJS({ maxAliasCount: 100 });
    return containsItself(data) ? fail('expected YAML without an alias inside of what it stands for') : ok({ document, data });
  } catch (thrown) {
    return fail(`expected YAML with few and known aliases, got: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((member, index) => `${member}` === `${path[index]}`);
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

interface Overridden {
  readonly data: unknown;
  readonly path: Path;
}

/**
 * `cluster.followers=3`, `steps.sweep.load.writes=20`: the value is YAML. `data` stays as it is: what is on the way is copied, so
 * that an alias of it elsewhere in the file is not changed too.
 */
function applyOverride(data: unknown, text: string): Result<Overridden> {
  const expected = (why: string) =>
    fail(`--set: expected a path and a value like steps.0.load.writes=20, got ${JSON.stringify(text)} (${why})`);
  const [members, valueText] = splitOverride(data, text);
  if (members.some((member) => member === '')) return expected('no path');
  const parsed = parseYaml(valueText, new LineCounter());
  if (!parsed.ok) return expected('no YAML value');
  const path: (string | number)[] = [];
  const root = { data };
  let holder: Record<string | number, unknown> = root;
  let place: string | number = 'data';
  for (const member of members) {
    const below: unknown = Object.hasOwn(holder, place) ? holder[place] : {};
    if (typeof below !== 'object' || below === null) return expected(`nothing is below ${formatPath(path)}`);
    const key: string | number | null = Array.isArray(below) ? indexIn(below, member) : member;
    if (key === null) return expected(`no ${member} among ${formatPath(path)}`);
    const copy = (Array.isArray(below) ? [...below] : { ...below }) as Record<string | number, unknown>;
    put(holder, place, copy);
    [holder, place] = [copy, key];
    path.push(key);
  }
  put(holder, place, parsed.value.data);
  return ok({ data: root.data, path });
}

/** At the first `=` that ends a path which is there (names of rows have one in them: `expect.quorum=5=[med>200]`), else at the first. */
function splitOverride(data: unknown, text: string): [members: string[], valueText: string] {
  const cuts = [...text.matchAll(/=/g)].map(({ index }) => index);
  const membersUntil = (cut: number) => text.slice(0, cut).trim().split('.');
  const cut = cuts.find((at) => isThere(data, membersUntil(at))) ?? cuts[0];
  return cut === undefined ? [[''], ''] : [membersUntil(cut), text.slice(cut + 1)];
}

function isThere(data: unknown, members: readonly string[]): boolean {
  let place = data;
  for (const member of members) {
    if (typeof place !== 'object' || place === null) return false;
    const key = Array.isArray(place) ? indexIn(place, member) : member;
    if (key === null || !Object.hasOwn(place, key)) return false;
    place = (place as Record<string | number, unknown>)[key];
  }
  return true;
}

/** An index, or the step of this name. */
function indexIn(items: readonly unknown[], member: string): number | null {
  const index = /^\d+$/.test(member) ? Number(member) : stepNames(items).indexOf(member);
  return index >= 0 && index < items.length ? index : null;
}

/** As a member of its own, whatever its name. */
function put(holder: object, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}
