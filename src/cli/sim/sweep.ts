/**
 * `kvctl sim --sweep followers=1..50`: which clusters are measured, and how the curve is shown. What is measured, and how, is in src/sim/sweep.ts.
 */
import { majorityOf } from '../../core/quorum.ts';
import type { Distribution } from '../../lib/distribution.ts';
import { fail, ok, type Result as Parsed } from '../../lib/result.ts';
import type { SweepPoint, SweepRow } from '../../sim/sweep.ts';
import { KvctlError } from '../../wire/errors.ts';
import { isAscii } from '../lay-out.ts';
import type { Output, Result } from '../output.ts';

export interface Sweep {
  readonly variable: 'followers' | 'quorum';
  readonly values: readonly number[];
}

/** A number, or what it means for every number of followers. */
export type QuorumRule = number | 'majority' | 'all';

/** The core's own limit. */
const MAX_FOLLOWERS = 62;
const BAR_CELLS = 24;

/** `followers=1..50`, `quorum=1..5`, `followers=1,5,25`. */
export function parseSweep(text: string): Parsed<Sweep> {
  const match = /^(followers|quorum)=(?:(\d+)\.\.(\d+)|(\d+(?:,\d+)*))$/.exec(text);
  const [, variable, from, to, list] = match ?? [];
  const first = Number(from);
  const values = list?.split(',').map(Number) ?? Array.from({ length: Math.max(0, Number(to) - first + 1) }, (_, i) => first + i);
  const isFine = match !== null && values.length > 0 && values.every((value) => value >= 0 && value <= MAX_FOLLOWERS);
  return isFine
    ? ok({ variable: variable as Sweep['variable'], values })
    : fail(
        `expected what is swept and its values, from 0 to ${MAX_FOLLOWERS}, like followers=1..50 or quorum=1,3,5, got ${JSON.stringify(text)}`,
      );
}

/** `3`, `majority` (of all nodes, the leader counted) or `all`. */
export function parseQuorumRule(text: string): Parsed<QuorumRule> {
  if (text === 'majority' || text === 'all') return ok(text);
  return /^\d{1,2}$/.test(text) ? ok(Number(text)) : fail(`expected a number of acks, majority or all, got ${JSON.stringify(text)}`);
}

interface Frame {
  readonly followers: number;
  readonly quorum: QuorumRule;
  readonly delay: Distribution;
  readonly writes: number;
  readonly seed: number;
}

/** Throws `usage` where a quorum is larger than its cluster. */
export function planSweep({ variable, values }: Sweep, frame: Frame): readonly SweepPoint[] {
  const { delay, writes, seed } = frame;
  return values.map((value) => {
    const followers = variable === 'followers' ? value : frame.followers;
    const quorum = variable === 'quorum' ? value : acksOf(frame.quorum, followers);
    if (quorum > followers) throw new KvctlError('usage', `expected a quorum of at most the followers, got ${quorum} of ${followers}`);
    return { followers, quorum, delay, writes, seed };
  });
}

function acksOf(rule: QuorumRule, followers: number): number {
  if (rule === 'all') return followers;
  return rule === 'majority' ? majorityOf(followers) - 1 : rule;
}

export function showSweep(out: Output, rows: readonly SweepRow[]): Result {
  const most = Math.max(...rows.map((row) => row.mean_ms));
  const block = isAscii(process.env) ? '#' : '█';
  const bar = (ms: number) => block.repeat(most === 0 ? 0 : Math.round((ms / most) * BAR_CELLS));
  const ms = (value: number) => value.toFixed(1);
  const share = (value: number) => `${(value * 100).toFixed(1)} %`;
  return {
    table: () =>
      out.table(
        ['>followers', '>quorum', '>mean ms', '>model ms', '>p50', '>p95', '>p99', '>stale', '>model', 'mean'],
        rows.map((row) => [
          row.followers,
          row.quorum,
          ...[row.mean_ms, row.model_ms, row.p50_ms, row.p95_ms, row.p99_ms].map(ms),
          share(row.stale_share),
          share(row.stale_model),
          bar(row.mean_ms),
        ]),
      ),
    json: { rows },
    rows,
  };
}
