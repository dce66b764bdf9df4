/**
 * Stale reads: the share of reads at a follower, so long after the acknowledgement of a write, that did not see it, and the share
 * that the delays drawn for these very writes predict.
 *
 * The model of one read: the follower still lacks the write t after its acknowledgement if the follower's own delay is longer than
 * floor + t, where the floor is the need-th smallest delay of the write, of those followers that acked it in the end: one that is down
 * drew a delay too, and nobody can wait for it. Averaged over the reads that were really made, at the
 * times at which they were really sent, so that model and measurement differ by the software alone.
 * Sources: P. Bailis et al., Probabilistically Bounded Staleness, VLDB 2012 (t-visibility); E. B. Wilson, J. Am. Stat. Assoc. 22, 1927.
 */
import type { Ms } from '../lib/units.ts';
import { wilson } from './interval.ts';
import type { StalePoint } from './run-result.ts';
import { mean } from './statistics.ts';
import type { WriteTrace } from './trace.ts';

/** The raw record of one read; kept in the run folder. */
export interface StaleRead {
  /** Version of the acknowledged write, `epoch.seq`. */
  readonly version: string;
  /** Node id of the follower that was read. */
  readonly follower: string;
  /** When the read was to be sent and when it was, since the client had the write's answer. */
  readonly afterMs: Ms;
  readonly sentMs: Ms;
  /** null: the read failed, and counts for nothing. */
  readonly isStale: boolean | null;
}

/** One point per distinct `afterMs`, ascending. `name` goes in front of each point's row. Without a trace there is no model. */
export function stalePoints(name: string, reads: readonly StaleRead[], trace: readonly WriteTrace[], hasLoss: boolean): StalePoint[] {
  const writes = new Map(trace.map((write) => [write.version, write]));
  const times = [...new Set(reads.map((read) => read.afterMs))].sort((a, b) => a - b);
  return times.map((afterMs) => {
    const made = reads.filter((read) => read.afterMs === afterMs && read.isStale !== null);
    const stale = made.filter((read) => read.isStale).length;
    const predicted = hasLoss ? [] : made.flatMap((read) => predict(read, writes.get(read.version)));
    return {
      row: `${name} after=${afterMs}ms`,
      after_ms: afterMs,
      sent_ms: made.length === 0 ? afterMs : mean(made.map((read) => read.sentMs)),
      reads: made.length,
      stale,
      share: made.length === 0 ? null : stale / made.length,
      ci95: wilson95(stale, made.length),
      model: predicted.length === 0 ? null : mean(predicted),
    };
  });
}

/** Of `hits` in `n` independent trials; null without trials. */
export function wilson95(hits: number, n: number): readonly [low: number, high: number] | null {
  return n === 0 ? null : wilson({ hits, trials: n }, 1.959964);
}

function predict({ follower, sentMs }: StaleRead, write: WriteTrace | undefined): number[] {
  const own = write?.followers[follower];
  if (write === undefined || own === undefined) return [];
  const delays = Object.values(write.followers).flatMap(({ delayMs, ackedMs }) => (ackedMs === null ? [] : [delayMs]));
  delays.sort((a, b) => a - b);
  const floorMs = write.need === 0 ? 0 : delays[write.need - 1];
  return floorMs === undefined ? [] : [own.delayMs > floorMs + sentMs ? 1 : 0];
}
