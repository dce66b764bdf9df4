/**
 * One epoch as the disks tell it: what it started with, what its leader made durable in it, and who held what of that while its acks counted.
 *
 * Invariant: `accepted[i]` is the write of seq head + i + 1, so that seqs grow by one; checked where it is appended. Several leaders may append
 * at the same time, one of them deposed and unaware of it: each to the history of its own epoch.
 */
import type { KvRecord } from '../core/record.ts';
import { compareVersions, formatVersion } from '../core/version.ts';
import { type Ordinal, ordinalOf } from './ordinal.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

export interface Accepted {
  readonly record: KvRecord;
  readonly ordinal: Ordinal;
  /** It, or a newer one of its key, was committed in its epoch, or a newer epoch opened with it; never untrue again. */
  isSettled: boolean;
  /** The epoch that went on without it, once that or a later one opened; for ever. */
  voidedBy: EpochHistory | null;
}

/** By key, the newest. */
export type Holding = Map<string, Ordinal>;

export interface EpochStart {
  readonly epoch: number;
  readonly leader: SimNode;
  /** The leader's disk when its opening became durable, by key. */
  readonly start: ReadonlyMap<string, KvRecord>;
  /** The seq of the opening: the first write gets the next one. */
  readonly head: number;
  /** The epoch that it goes on from; null: it is the birth. */
  readonly base: EpochHistory | null;
  /** From one node's data by force, whatever the others hold: it may go on from any epoch, and hold parts of another. */
  readonly isAlone: boolean;
  /** The newest epoch up to this one that began so, whether this one goes on from it or not; 0: none. */
  readonly lastAlone: number;
}

export class EpochHistory implements EpochStart {
  readonly epoch: number;
  readonly leader: SimNode;
  readonly start: ReadonlyMap<string, KvRecord>;
  readonly head: number;
  readonly base: EpochHistory | null;
  readonly isAlone: boolean;
  readonly lastAlone: number;
  readonly accepted: Accepted[] = [];
  /** By node: what it held while its acks counted in this epoch. A node that lost its disk or moved on has still acked it. */
  readonly counted: readonly Holding[];
  isOpen = false;
  /** A write with this need or a greater one was certain to be found by those who answered the fence. */
  keptNeed = 0;
  /** Begun although acknowledged writes might be lost, because somebody said so. */
  isForced = false;
  readonly #byKey = new Map<string, Accepted[]>();

  constructor({ epoch, leader, start, head, base, isAlone, lastAlone }: EpochStart, nodes: number) {
    this.epoch = epoch;
    this.leader = leader;
    this.start = start;
    this.head = head;
    this.base = base;
    this.isAlone = isAlone;
    this.lastAlone = lastAlone;
    this.counted = Array.from({ length: nodes }, () => new Map());
  }

  append(record: KvRecord, voidedBy: EpochHistory | null): void {
    const { version, key } = record;
    const seq = this.head + this.accepted.length + 1;
    must(
      version.seq === seq,
      'I4',
      () => `${formatVersion(version)} was made durable, and the next one of epoch ${this.epoch} is ${this.epoch}.${seq}`,
    );
    const accepted = { record, ordinal: ordinalOf(version), isSettled: false, voidedBy };
    this.accepted.push(accepted);
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [accepted]);
    else list.push(accepted);
  }

  at(seq: number): Accepted | undefined {
    return this.accepted[seq - this.head - 1];
  }

  /** What the leader held when this was its newest write, by key. */
  rowsAt(seq: number): Map<string, KvRecord> {
    const rows = new Map(this.start);
    for (const { record } of this.accepted.slice(0, seq - this.head)) rows.set(record.key, record);
    return rows;
  }

  /** The newest delete of the key. */
  deletionOf(key: string): KvRecord | undefined {
    const started = this.start.get(key);
    const newest = this.#byKey.get(key)?.findLast(({ record }) => record.value === null)?.record;
    return newest ?? (started?.value === null ? started : undefined);
  }

  startOf(key: string): Ordinal {
    const record = this.start.get(key);
    return record === undefined ? 0 : ordinalOf(record.version);
  }

  /** A row of this is one that a node of this epoch may hold: a write of the epoch, or what the epoch started with. */
  hasRow({ key, version }: KvRecord): boolean {
    return version.epoch === this.epoch || this.startOf(key) === ordinalOf(version);
  }

  /** Distinct followers that held this or a newer version of the key while they counted here. */
  ackers({ record, ordinal }: Accepted): number {
    let count = 0;
    for (const [index, holding] of this.counted.entries())
      if (index !== this.leader.index && (holding.get(record.key) ?? 0) >= ordinal) count += 1;
    return count;
  }

  isSettled(accepted: Accepted): boolean {
    accepted.isSettled ||= (this.#byKey.get(accepted.record.key) ?? []).some(
      (other) => other.ordinal >= accepted.ordinal && (other.isSettled || this.ackers(other) >= other.record.need),
    );
    return accepted.isSettled;
  }

  /** The step at which what is not here of an older epoch was left behind: the one that went on from it, or else without it. */
  stepFrom(older: EpochHistory): EpochHistory {
    const steps = [...this.chain()];
    return steps.find(({ base }) => base === older) ?? steps.findLast(({ isAlone, epoch }) => isAlone && epoch > older.epoch) ?? this;
  }

  /** After that epoch somebody led with one node's data alone, which may hold a row and not the keys of all that it superseded; others rolled back for it. */
  isPatchySince(older: number): boolean {
    return this.lastAlone > older;
  }

  /** This one, the one that it goes on from, and so on to the birth. */
  *chain(): Generator<EpochHistory, void, undefined> {
    for (let each: EpochHistory | null = this; each !== null; each = each.base) yield each;
  }
}

export function isSame(a: KvRecord, b: KvRecord): boolean {
  return (
    a.key === b.key &&
    a.value === b.value &&
    a.need === b.need &&
    a.timestampMs === b.timestampMs &&
    compareVersions(a.version, b.version) === 0
  );
}
