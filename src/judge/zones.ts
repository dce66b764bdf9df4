/**
 * The second judge of linearizability, for keys whose reads tell which write they saw: every value that was read was produced once, and
 * there is no cas. Then it is decided in O(n log n), by another way than the search, so that each can find the other one's mistakes.
 *
 * A value and its reads are a cluster. In any order the cluster stands together, so the register holds the value from its first end to its
 * last call if that is an interval (a forward zone); else all its operations were open at once, from the last call to the first end
 * (a backward zone), and some moment in there is enough. Linearizable: no read ends before its write is called, no two forward zones
 * overlap, no backward zone lies within a forward one.
 * Source: Gibbons and Korach, "Testing shared memories" (1997). The initial value is a write before everything.
 */
import type { Operation } from './history.ts';
import { isOptional, isProducer, isRequired } from './model.ts';
import { ABSENT, type Value } from './values.ts';

export type ZoneVerdict =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'violation'; readonly conflict: Conflict }
  | { readonly verdict: 'not_applicable'; readonly why: string };

export type Conflict =
  /** Read, and nothing wrote it. */
  | { readonly kind: 'unwritten'; readonly read: Operation }
  /** Read before its write was called. */
  | { readonly kind: 'early'; readonly read: Operation; readonly write: Operation }
  /** The register had to hold both at once. */
  | { readonly kind: 'both'; readonly zones: readonly [Zone, Zone] }
  /** The register had to hold `outer` throughout, and `inner` for a moment within. */
  | { readonly kind: 'within'; readonly outer: Zone; readonly inner: Zone };

export interface Zone {
  readonly value: Value;
  /** null for the value from before the history. */
  readonly write: Operation | null;
  readonly reads: readonly Operation[];
  /** The operation that ended first, and the one that was called last; null: before the history. */
  readonly firstEnded: Operation | null;
  readonly lastCalled: Operation | null;
  /** The first end and the last call. */
  readonly end: number;
  readonly call: number;
}

const BEFORE = -1;

/** `operations` are those of one key, or some of them, in any order. */
export function judgeZones(operations: readonly Operation[]): ZoneVerdict {
  const relevant = operations.filter((operation) => isRequired(operation) || isOptional(operation));
  if (relevant.some(({ f }) => f === 'cas')) return { verdict: 'not_applicable', why: 'there is a cas' };
  const producers = relevant.filter(isProducer);
  const reads = Map.groupBy(
    relevant.filter(({ f }) => f === 'read'),
    ({ value }) => value,
  );
  const zones: Zone[] = [];
  if (reads.has(ABSENT)) zones.push(zoneOf(ABSENT, null, reads.get(ABSENT) ?? []));
  const written = new Set<Value>();
  for (const write of producers) {
    const own = reads.get(write.value);
    if (own !== undefined && (write.value === ABSENT || written.has(write.value))) {
      return {
        verdict: 'not_applicable',
        why: write.value === ABSENT ? 'a key that was deleted was read as absent' : 'a value that was read was written more than once',
      };
    }
    written.add(write.value);
    zones.push(zoneOf(write.value, write, own ?? []));
  }
  const conflict = strangeRead(reads, written) ?? earlyRead(zones) ?? crossing(zones);
  return conflict === null ? { verdict: 'ok' } : { verdict: 'violation', conflict };
}

function zoneOf(value: Value, write: Operation | null, reads: readonly Operation[]): Zone {
  const members = write === null ? reads : [write, ...reads];
  const firstEnded = write === null ? null : members.reduce((first, each) => (each.end < first.end ? each : first));
  const lastCalled = members.length === 0 ? null : members.reduce((last, each) => (each.call > last.call ? each : last));
  return { value, write, reads, firstEnded, lastCalled, end: firstEnded?.end ?? BEFORE, call: lastCalled?.call ?? BEFORE };
}

function strangeRead(reads: ReadonlyMap<Value, readonly Operation[]>, written: ReadonlySet<Value>): Conflict | null {
  for (const [value, [read]] of reads) {
    if (value !== ABSENT && !written.has(value) && read !== undefined) return { kind: 'unwritten', read };
  }
  return null;
}

function earlyRead(zones: readonly Zone[]): Conflict | null {
  for (const { write, reads } of zones) {
    const read = reads.find(({ end }) => write !== null && end < write.call);
    if (read !== undefined && write !== null) return { kind: 'early', read, write };
  }
  return null;
}

function crossing(zones: readonly Zone[]): Conflict | null {
  const forward = zones.filter(({ end, call }) => end < call).sort((a, b) => a.end - b.end);
  for (const [i, zone] of forward.entries()) {
    const before = forward[i - 1];
    if (before !== undefined && zone.end < before.call) return { kind: 'both', zones: [before, zone] };
  }
  // They do not overlap, so the last one that begins before a point is the only one that can reach beyond it.
  for (const inner of zones) {
    if (inner.end < inner.call) continue;
    const outer = forward[lastBefore(forward, inner.call)];
    if (outer !== undefined && inner.end < outer.call) return { kind: 'within', outer, inner };
  }
  return null;
}

/** Index of the last zone whose end is below the point; -1 if there is none. Binary search. */
function lastBefore(forward: readonly Zone[], point: number): number {
  let low = 0;
  let high = forward.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((forward[middle] as Zone).end < point) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
