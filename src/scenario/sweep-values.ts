/** The values of a sweep: a range or a list becomes texts, one per row, each of them checked by the schema of what is swept. */
import { parseQuorums } from '../experiment/bench.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { type ScenarioLoad, SWEPT_LOAD, SWEPT_VALUES, type SweepParameter } from './schema.ts';
import { expectedBy } from './wording.ts';

type Given = string | number | readonly (string | number)[];

/** Each once, in their order; a range is one of whole numbers. */
export function sweepValues(parameter: SweepParameter, given: Given): Result<string[]> {
  const values = Array.isArray(given) ? given.map(String) : parameter === 'delay' ? [`${given}`] : expand(`${given}`);
  if (values === null) return fail(`expected values like 1-5 or [1, 3, 5], got ${JSON.stringify(given)}`);
  if (new Set(values).size < values.length) return fail(`expected every value once, got ${values.join(', ')}`);
  for (const value of values) {
    const [mistake] = SWEPT_VALUES[parameter].safeParse(typed(value)).error?.issues ?? [];
    if (mistake !== undefined) return fail(`expected ${expectedBy(mistake)}, got ${JSON.stringify(value)}`);
  }
  return ok(values);
}

/** Only what is swept of the load itself. */
export function withParameter(load: ScenarioLoad, parameter: SweepParameter, value: string): ScenarioLoad {
  return SWEPT_LOAD.some((field) => field === parameter) ? { ...load, [parameter]: Number(value) } : load;
}

function expand(text: string): string[] | null {
  const range = parseQuorums(text);
  if (range.ok) return range.value.map(String);
  return /^[\d.,\s]+$|^[a-z,\s]+$/.test(text) ? text.split(',').map((part) => part.trim()) : null;
}

/** As YAML would have read it. */
function typed(text: string): string | number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
