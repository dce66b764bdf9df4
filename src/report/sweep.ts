/**
 * What distinguishes the rows of a benchmark, in words and as places on an axis: the write quorum, or any other value of the
 * cluster or of the load that a sweep takes through its values.
 *
 * Invariant: no two rows share a place. A sweep that takes a value twice has categories, the second named `5 (2)`.
 */
import { listDelays } from '../lib/delay-plan.ts';
import { meanOf } from '../lib/distribution.ts';
import type { BenchResult, QuorumResult } from '../measure/result.ts';
import { list, quorums } from './wording.ts';

/** A row with its value of what was swept. */
export type SweptRow = QuorumResult & {
  /** As it was written; unique among the rows. */
  readonly value: string;
  /** Where it stands on the axis: a number if all values of the sweep are numbers, else `value`. */
  readonly x: number | string;
};

interface Words {
  readonly noun: string;
  /** Behind the value; empty for none. */
  readonly unit: string;
  /** What an axis of it is called. */
  readonly axis: string;
  /** The value is a number of these: `3 followers`, not `followers 3`. */
  readonly isCount?: true;
}

const WORDS: Readonly<Record<string, Words>> = {
  quorum: { noun: 'write quorum', unit: '', axis: 'write quorum k: followers that must hold a write before it is acknowledged' },
  delay: { noun: 'delay', unit: 'ms', axis: 'simulated delay of replication, ms' },
  loss: { noun: 'loss', unit: '', axis: 'probability that a replication message is lost' },
  followers: { noun: 'followers', unit: '', axis: 'followers', isCount: true },
  store: { noun: 'store', unit: '', axis: 'store of the nodes' },
  concurrency: { noun: 'concurrency', unit: '', axis: 'concurrency: requests in flight' },
  rate: { noun: 'rate', unit: '/s', axis: 'requests per second, open loop' },
  keys: { noun: 'keys', unit: '', axis: 'keys that are written', isCount: true },
  writes: { noun: 'writes', unit: '', axis: 'writes of the load', isCount: true },
  'value bytes': { noun: 'value size', unit: 'bytes', axis: 'bytes of each value' },
  'read share': { noun: 'read share', unit: '', axis: 'share of the requests that read' },
};

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** The words of a parameter; of one that nobody thought of, its own name. */
export function wordsOf(parameter: string): Words {
  const name = parameter
    .replaceAll(/[-_]/g, ' ')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  return Object.hasOwn(WORDS, name) ? (WORDS[name] as Words) : { noun: name, unit: '', axis: name };
}

/** In the order in which they ran, as tables have them. */
export function rowsAsRun({ sweep, results }: BenchResult): readonly SweptRow[] {
  const values = unique(results.map((row, i) => sweptValue(row, i, sweep)));
  const isNumeric = values.every((value) => NUMBER.test(value));
  return results.map((row, i): SweptRow => {
    const value = values[i] as string;
    return { ...row, value, x: isNumeric ? Number(value) : value };
  });
}

/** In the order of the axis, as pictures and sentences have them: ascending where all values are numbers, else as they ran. */
export function sweptRows(result: BenchResult): readonly SweptRow[] {
  const rows = rowsAsRun(result);
  return rows.every((row) => typeof row.x === 'number') ? rows.toSorted((a, b) => Number(a.x) - Number(b.x)) : rows;
}

/** `quorums 1 to 3 and 5`, `delay 0-10 and 0-100 ms`, `1 and 3 followers`: the rows as a sentence names them. */
export function nameRows(parameter: string, rows: readonly SweptRow[]): string {
  if (parameter === 'quorum' && rows.every((row) => typeof row.x === 'number')) return quorums(rows.map((row) => row.quorum));
  const { noun, unit, isCount } = wordsOf(parameter);
  const values = list(rows.map((row) => row.value));
  if (isCount) return `${values} ${values === '1' ? noun.replace(/s$/, '') : noun}`;
  return `${parameter === 'quorum' ? 'quorum' : noun} ${values}${unit === '' ? '' : ` ${unit}`}`;
}

/** Followers of the cluster that the row ran on, those that were down too. */
export function followersOf({ parity_at_last_ack: { match, lag, mismatch, unreachable } }: QuorumResult): number {
  return match + lag + mismatch + unreachable;
}

/** Probability of loss in force during the row. */
export function lossOf({ sweep, cluster }: BenchResult, row: SweptRow): number {
  return sweep.parameter === 'loss' ? Number(row.value) : cluster.loss;
}

/** Requests in flight of a closed loop during the row. */
export function concurrencyOf({ sweep, workload }: BenchResult, row: SweptRow): number {
  return sweep.parameter === 'concurrency' ? Number(row.value) : workload.concurrency;
}

/** Mean of the delays of the followers that were up; null without followers, and where the text cannot be read. */
export function meanDelayOf(row: QuorumResult): number | null {
  const delays = followersOf(row) === 0 ? [] : listDelays(row.delay, followersOf(row));
  return delays.length === 0 ? null : delays.reduce((sum, delay) => sum + meanOf(delay), 0) / delays.length;
}

/** Rows carry their value behind the parameter in their name; a name of another form leaves the place in the list. */
function sweptValue(row: QuorumResult, index: number, { parameter, values }: BenchResult['sweep']): string {
  if (parameter === 'quorum') return `${row.quorum}`;
  const isNamed = (value: string) => row.row.endsWith(`${parameter}=${value}`);
  const here = values[index];
  if (here !== undefined && isNamed(here)) return here;
  return values.find(isNamed) ?? here ?? row.row;
}

function unique(values: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return values.map((value) => {
    const times = (seen.get(value) ?? 0) + 1;
    seen.set(value, times);
    return times === 1 ? value : `${value} (${times})`;
  });
}
