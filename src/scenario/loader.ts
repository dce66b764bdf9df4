/**
 * From the text of a scenario file to a checked scenario, or to every mistake in it: its path, its line, what was expected.
 */
import type { z } from 'zod';
import { fail, ok, type Result } from '../lib/result.ts';
import { ACTION_KINDS, type Scenario, STEPS, scenarioSchema } from './schema.ts';
import { formatPath, type Path, readSource, type Source } from './source.ts';

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** For mistakes that show later: `steps.2.kill (line 31)`. */
  where(path: Path): string;
}

/** The message of a failure has a line per mistake. */
export function loadScenario(text: string, overrides: readonly string[] = []): Result<LoadedScenario> {
  const source = readSource(text, overrides);
  if (!source.ok) return source;
  const where = (path: Path) => `${formatPath(path)} (line ${source.value.lineOf(path)})`;
  const parsed = scenarioSchema.safeParse(source.value.data);
  if (parsed.success) return ok({ scenario: parsed.data, where });
  const mistakes = parsed.error.issues.flatMap((issue) => explain(issue, source.value, []));
  return fail(mistakes.map(({ path, message }) => `${where(path)}: ${message}`).join('\n'));
}

interface Mistake {
  readonly path: Path;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

function explain(issue: Issue, source: Source, base: Path): Mistake[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  const got = valueAt(source.data, path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: `expected no field of this name, got ${JSON.stringify(key)}` }));
  }
  if (issue.code === 'invalid_union') return explainUnion(issue, source, path, got);
  if (got === undefined) return [{ path, message: `expected ${expectedBy(issue)}, got nothing` }];
  return [{ path, message: `${sentence(issue)}, got ${show(got)}` }];
}

/** Of all the forms that a place may have, the one that was meant is the one that fits best. */
function explainUnion(issue: Extract<Issue, { code: 'invalid_union' }>, source: Source, path: Path, got: unknown): Mistake[] {
  const verbs = isStep(path) ? Object.keys(STEPS) : isTimed(path) ? ACTION_KINDS : null;
  if (verbs !== null) {
    const found = typeof got === 'object' && got !== null ? Object.keys(got).filter((key) => verbs.includes(key)) : [];
    // A sweep has a load.
    const isOne = found.length === 1 || (found.length === 2 && found.includes('sweep') && found.includes('load'));
    if (!isOne)
      return [{ path, message: `expected one of ${verbs.join(', ')}, got ${found.length === 0 ? show(got) : found.join(' and ')}` }];
  }
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const best = [...branches].sort((a, b) => misfit(a) - misfit(b))[0];
  if (best === undefined || misfit(best) >= NO_FIT) return [{ path, message: `expected ${forms(issue)}, got ${show(got)}` }];
  return best.flatMap((inner) => explain(inner, source, path));
}

const NO_FIT = 1000;

function misfit(branch: readonly Issue[]): number {
  return branch.reduce((sum, issue) => {
    if (issue.path.length === 0 && issue.code === 'unrecognized_keys') return sum + 10 * issue.keys.length;
    if (issue.path.length === 0 && issue.code === 'invalid_type') return sum + NO_FIT;
    if (issue.path.length === 0 && issue.code === 'invalid_value') return sum + NO_FIT;
    return sum + (issue.path.length === 1 && issue.code === 'invalid_type' && issue.input === undefined ? 10 : 1);
  }, 0);
}

function forms(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  return [...new Set(issue.errors.flatMap((branch) => branch.map(expectedBy)))].join(' or ');
}

function isStep(path: Path): boolean {
  return path.length === 2 && path[0] === 'steps';
}

function isTimed(path: Path): boolean {
  return path.length === 4 && path[0] === 'steps' && path[2] === 'during';
}

/** zod's message, with our word for it in front where it has none of its own. */
function sentence(issue: Issue): string {
  return issue.message.startsWith('expected') ? issue.message.replace(/, got .*$/s, '') : `expected ${expectedBy(issue)}`;
}

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return `at least ${String(issue.minimum)}${issue.origin === 'array' ? ' entries' : ''}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    default:
      return issue.message.replace(/^expected /, '').replace(/, got .*$/s, '');
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  record: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (place, member) => (typeof place === 'object' && place !== null ? (place as Record<string | number, unknown>)[member] : undefined),
    data,
  );
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
