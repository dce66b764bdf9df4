/**
 * From the text of a scenario file to a checked scenario, or to every mistake in it: its path, its line, what was expected.
 */
import type { z } from 'zod';
import { fail, ok, type Result } from '../lib/result.ts';
import { ACTION_KINDS, type Scenario, STEP_KINDS, STEPS, SWEEP_PARAMETERS, scenarioSchema } from './schema.ts';
import { formatPath, type Path, readSource, type Source } from './source.ts';
import { expectedBy } from './wording.ts';

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** For mistakes that show later: `steps.2.kill (line 31)`. */
  where(path: Path): string;
}

/** Who has more to mend begins with these. */
const MAX_MISTAKES = 20;

/** The message of a failure has a line per mistake. */
export function loadScenario(text: string, overrides: readonly string[] = []): Result<LoadedScenario> {
  const source = readSource(text, overrides);
  if (!source.ok) return source;
  const where = (path: Path) => `${formatPath(path)} (${source.value.placeOf(path)})`;
  const parsed = scenarioSchema.safeParse(source.value.data);
  const mistakes = [...(parsed.error?.issues ?? []).flatMap((issue) => explain(issue, source.value, [])), ...lostSelectors(source.value)];
  if (parsed.success && mistakes.length === 0) return ok({ scenario: parsed.data, where });
  const told = mistakes.slice(0, MAX_MISTAKES).map(({ path, message }) => `${where(path)}: ${message}`);
  const more = mistakes.length > MAX_MISTAKES ? [`and ${mistakes.length - MAX_MISTAKES} more mistakes`] : [];
  return fail([...new Set(told), ...more].join('\n'));
}

interface Mistake {
  readonly path: Path;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;
type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

function explain(issue: Issue, source: Source, base: Path): Mistake[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  const got = valueAt(source.data, path);
  if (issue.code === 'unrecognized_keys') {
    // A sweep has a load, and with a mistake in it zod takes the step for a load with a strange member.
    const isSweep = isStep(path) && issue.keys.includes('sweep');
    if (isSweep) return (STEPS.sweep.safeParse(got).error?.issues ?? []).flatMap((inner) => explain(inner, source, path));
    return issue.keys.map((key) => ({ path: [...path, key], message: `expected no field of this name, got ${JSON.stringify(key)}` }));
  }
  if (issue.code === 'invalid_union') return explainUnion(issue, source, path, got);
  return [{ path, message: `expected ${expectedBy(issue)}, got ${show(got)}` }];
}

/** Of all the forms that a place may have, the one that was meant is the one that its member says, else the one that fits best. */
function explainUnion(issue: UnionIssue, source: Source, path: Path, got: unknown): Mistake[] {
  const members = decidingMembers(path);
  if (members !== null) {
    const found = typeof got === 'object' && got !== null ? members.filter((member) => Object.hasOwn(got, member)) : [];
    // A sweep has a load.
    const meant = found.length === 2 && found.includes('sweep') && found.includes('load') ? 'sweep' : found[0];
    if (meant === undefined || (found.length > 1 && meant !== 'sweep')) {
      return [{ path, message: `expected one of ${members.join(', ')}, got ${found.length === 0 ? show(got) : found.join(' and ')}` }];
    }
    // The schema has its forms in the order of these members.
    return (issue.errors[members.indexOf(meant)] ?? []).flatMap((inner) => explain(inner, source, path));
  }
  const best = issue.errors.toSorted((a, b) => misfit(a) - misfit(b))[0] ?? [];
  if (misfit(best) >= NO_FIT) return [{ path, message: `expected ${expectedBy(issue)}, got ${show(got)}` }];
  return best.flatMap((inner) => explain(inner, source, path));
}

/** Where one member out of these decides what all the others may be. */
function decidingMembers(path: Path): readonly string[] | null {
  if (isStep(path)) return STEP_KINDS;
  if (path[0] !== 'steps') return null;
  if (path.length === 3 && path[2] === 'sweep') return SWEEP_PARAMETERS;
  return path.length === 4 && path[2] === 'during' ? ACTION_KINDS : null;
}

function isStep(path: Path): boolean {
  return path.length === 2 && path[0] === 'steps';
}

const NO_FIT = 1000;

/** Another type does not fit at all; a strange or a missing member is worse than one with a mistake in it. */
function misfit(branch: readonly Issue[]): number {
  return branch.reduce((sum, { path, code }) => {
    if (path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')) return sum + NO_FIT;
    return sum + (code === 'unrecognized_keys' || code === 'invalid_type' ? 10 : 1);
  }, 0);
}

/** zod leaves this name out of records without a word, and an expectation that nobody judges would pass for ever. */
function lostSelectors({ data }: Source): Mistake[] {
  const expect = valueAt(data, ['expect']);
  const isLost = typeof expect === 'object' && expect !== null && Object.hasOwn(expect, '__proto__');
  return isLost ? [{ path: ['expect', '__proto__'], message: 'expected a selector, got "__proto__"' }] : [];
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (place, member) => (typeof place === 'object' && place !== null ? (place as Record<string | number, unknown>)[member] : undefined),
    data,
  );
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? `${value}` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
