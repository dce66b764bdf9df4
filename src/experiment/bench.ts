/**
 * The plan of `bench`: one sweep over write quorums.
 * Pure. Invariant: every quorum gets the same load and, by the same seed, the same delays; the quorum is the only difference between
 * two rows.
 */
import { parseDelays } from '../lib/delay-plan.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs } from '../lib/units.ts';
import { checkLoad, describeLoad, type LoadOptions } from './load.ts';
import { describeTarget, type ExperimentPlan, roughly, rowsOf, type Target } from './plan.ts';
import { Planner } from './planner.ts';

export interface PlanOptions {
  readonly target: Target;
  /** In the order in which they are to run; null: 1 to N (0 without followers). */
  readonly quorums: readonly number[] | null;
  /** As in `--delay`; on a running cluster applied and put back, null leaves its delays alone. */
  readonly delay: string | null;
  readonly seed: number;
  readonly load: LoadOptions;
}

/** The plan of `bench`. Fails with a sentence for the user that names the option. */
export function planExperiment({ target, load, seed, ...options }: PlanOptions): Result<ExperimentPlan> {
  const delay = options.delay === null ? null : parseDelays(options.delay);
  if (delay !== null && !delay.ok) return fail(`--delay: ${delay.message}`);
  const checked = checkLoad(load, (field) => `--${field.replace('_', '-')}`);
  if (!checked.ok) return checked;
  const planner = new Planner(target, delay?.value ?? null);
  const followers = planner.followers.length;
  const quorums = options.quorums ?? (followers === 0 ? [0] : Array.from({ length: followers }, (_, i) => i + 1));
  const sweep = planner.sweep({ name: 'bench', parameter: 'quorum', values: quorums.map(String), load });
  for (const quorum of quorums) {
    const set = { quorum, network: null };
    const row = planner.row({ sweep, step: `quorum=${quorum}`, value: `${quorum}`, label: `quorum ${quorum}`, set, load, during: [] });
    if (!row.ok) return fail(`--quorums: ${row.message}`);
  }
  return ok({
    ...planner.finish(seed),
    name: 'bench',
    why: '',
    expectations: [],
    acceptsInconclusive: false,
  });
}

/** `1-5`, `1,3,5`, `0,2-4`: distinct quorums in the order in which they are written. */
export function parseQuorums(text: string): Result<number[]> {
  const expected = `expected quorums like 1-5 or 1,3,5, got ${JSON.stringify(text)}`;
  const quorums: number[] = [];
  for (const part of text.split(',')) {
    const range = /^\s*(\d{1,2})(?:-(\d{1,2}))?\s*$/.exec(part);
    if (range === null) return fail(expected);
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (last < first) return fail(expected);
    for (let quorum = first; quorum <= last; quorum++) quorums.push(quorum);
  }
  return new Set(quorums).size === quorums.length ? ok(quorums) : fail(`expected each quorum once, got ${JSON.stringify(text)}`);
}

/** The plan of `bench` for people, one line per fact. */
export function describePlan(plan: ExperimentPlan): string[] {
  const rows = rowsOf(plan);
  const [first] = rows;
  const models = rows.map((row) => `${row.quorum} (${row.modelMs === null ? 'no model' : formatMs(row.modelMs)})`).join('  ');
  return [
    `cluster   ${describeTarget(plan)}`,
    ...(first === undefined ? [] : [`load      per quorum ${describeLoad(first.load)}`]),
    `quorums   ${models}  (in brackets what the delays alone cost, by the model)`,
    `expected  about ${roughly(plan.expectedMs)}`,
  ];
}
