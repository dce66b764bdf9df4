/**
 * What really happened, as the disks tell: every write that a leader made durable, and what each node holds of it.
 *
 * Not here: what was promised or told to whom (epochs.ts, oracle.ts). Invariant: `history[i]` is the write of seq i + 1, so versions grow by one and never repeat;
 * that is checked where it is appended, and every record on any other disk must be one of these, letter by letter.
 */
import type { KvRecord, Position } from '../core/record.ts';
import { compareVersions, formatVersion } from '../core/version.ts';
import type { Ms } from '../lib/units.ts';
import type { Frame } from './disk.ts';
import type { Goals } from './goals.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

export interface Accepted {
  readonly seq: number;
  readonly record: KvRecord;
  /** It, or a newer one of its key, is committed; never untrue again. */
  isSettled: boolean;
}

/** Seqs by key. */
type Holding = Map<string, number>;

export interface Holder {
  /** What is on its disk. */
  held: Holding;
  /** What it ever held while its acks counted; a node that loses its disk has still acked it. */
  readonly counted: Holding;
  /** Nothing at or below this seq is missing. */
  honestTo: number;
  /** The highest that `honestTo` ever was. */
  passed: number;
  /** Above the watermark it holds this seq, and not all before it; 0: no hole is known. */
  holeBelow: number;
  /** Its acks count. */
  isCounted: boolean;
  wasWiped: boolean;
}

/** Times are sums of real numbers. */
export const ROUNDING_MS = 1e-6;

export class Ledger {
  readonly history: Accepted[] = [];
  readonly holders: readonly Holder[];
  /** When each follower may hear of a write of the running leadership, by seq. */
  readonly dueAt = new Map<number, readonly Ms[]>();
  /** Everything up to here is on a majority, because an epoch was opened with it. */
  openedSeq = 0;
  readonly #byKey = new Map<string, Accepted[]>();
  readonly #goals: Goals;

  constructor(nodes: number, goals: Goals) {
    this.#goals = goals;
    this.holders = Array.from({ length: nodes }, () => ({
      held: new Map(),
      counted: new Map(),
      honestTo: 0,
      passed: 0,
      holeBelow: 0,
      isCounted: false,
      wasWiped: false,
    }));
  }

  holder(node: SimNode): Holder {
    return this.holders[node.index] as Holder;
  }

  holds(node: SimNode, key: string, seq: number): boolean {
    return (this.holder(node).held.get(key) ?? 0) >= seq;
  }

  /** Distinct followers that hold this or a newer version of the key, and count. */
  ackers(key: string, seq: number): number {
    let count = 0;
    for (let i = 1; i < this.holders.length; i++) if (((this.holders[i] as Holder).counted.get(key) ?? 0) >= seq) count += 1;
    return count;
  }

  /** Of the followers; a wiped one has passed what it passed. */
  lowestWatermark(): number {
    let lowest = this.history.length;
    for (let i = 1; i < this.holders.length; i++) lowest = Math.min(lowest, (this.holders[i] as Holder).passed);
    return lowest;
  }

  isSettled(accepted: Accepted): boolean {
    if (accepted.isSettled) return true;
    const { key } = accepted.record;
    accepted.isSettled =
      accepted.seq <= this.openedSeq ||
      (this.#byKey.get(key) ?? []).some(
        ({ seq, record, isSettled }) => seq >= accepted.seq && (isSettled || this.ackers(key, seq) >= record.need),
      );
    return accepted.isSettled;
  }

  /** The record is one that a leader made durable. */
  isKnown(record: KvRecord): boolean {
    const known = this.history[record.version.seq - 1]?.record;
    return known === record || (known !== undefined && isSame(known, record));
  }

  /** A commit became durable. */
  kept(node: SimNode, { commit, isLeaders }: Frame, now: Ms): void {
    const holder = this.holder(node);
    if (commit.t === 'saveHard') return this.#recount(node);
    for (const record of commit.records) {
      if (isLeaders) this.#append(record);
      else this.#copied(node, holder, record, now);
      const before = holder.held.get(record.key) ?? 0;
      if (record.version.seq > before) holder.held.set(record.key, record.version.seq);
      if (holder.isCounted) raise(holder.counted, record.key, record.version.seq);
      const there = node.disk.store.get(record.key);
      must(
        there !== null && there.version.seq >= before,
        'I4',
        () =>
          `the disk of ${node.id} went back from ${record.key}@seq ${before} to ${there === null ? 'nothing' : formatVersion(there.version)}`,
      );
    }
    if (commit.position !== null) this.#moved(node, holder, commit.position);
    const newest = commit.records.at(-1)?.version.seq ?? 0;
    if (!isLeaders && newest > holder.honestTo) holder.holeBelow = Math.max(newest, holder.holeBelow);
    this.#recount(node);
  }

  wiped(node: SimNode): void {
    const holder = this.holder(node);
    holder.held = new Map();
    holder.honestTo = 0;
    holder.holeBelow = 0;
    holder.isCounted = false;
    holder.wasWiped = true;
  }

  #append(record: KvRecord): void {
    const seq = this.history.length + 1;
    const last = this.history.at(-1)?.record.version;
    const { version, key } = record;
    const follows = version.seq === seq && (last === undefined || compareVersions(version, last) > 0);
    must(
      follows,
      'I4',
      () => `${formatVersion(version)} was made durable after ${last ? formatVersion(last) : 'nothing'}: expected seq ${seq}`,
    );
    const accepted = { seq, record, isSettled: false };
    this.history.push(accepted);
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [accepted]);
    else list.push(accepted);
  }

  #copied(node: SimNode, holder: Holder, record: KvRecord, now: Ms): void {
    const { key, version } = record;
    must(
      this.isKnown(record),
      'I13',
      () => `${node.id} stores ${key}@${formatVersion(version)}, which no leader of this lineage made durable`,
    );
    const dueAt = this.dueAt.get(version.seq)?.[node.index - 1] ?? 0;
    must(now >= dueAt - ROUNDING_MS, 'floor', () => `${node.id} holds ${formatVersion(version)} at ${now}, and it was due at ${dueAt}`);
    if ((holder.held.get(key) ?? 0) > version.seq) this.#goals.reach('a record was acked that a newer one had superseded');
  }

  #moved(node: SimNode, holder: Holder, { watermark }: Position): void {
    for (let seq = holder.honestTo + 1; seq <= watermark.seq; seq++) {
      const accepted = this.history[seq - 1];
      must(
        accepted !== undefined,
        'I9',
        () => `${node.id} says ${formatVersion(watermark)}, and the newest write is ${this.history.length}`,
      );
      const { key, version, idempotency } = accepted.record;
      must(
        (holder.held.get(key) ?? 0) >= seq,
        'I9',
        () => `${node.id} says it holds everything up to ${formatVersion(watermark)}, and lacks ${key}@${formatVersion(version)}`,
      );
      must(
        idempotency === undefined || node.disk.store.idempotency(idempotency.key)?.version.seq === seq,
        'I9',
        () =>
          `${node.id} says it holds everything up to ${formatVersion(watermark)}, and forgot ${idempotency?.key} of ${formatVersion(version)}`,
      );
    }
    holder.honestTo = Math.max(holder.honestTo, watermark.seq);
    holder.passed = Math.max(holder.passed, holder.honestTo);
    if (holder.holeBelow > 0 && watermark.seq >= holder.holeBelow) {
      this.#goals.reach('a hole below a newer record was healed');
      holder.holeBelow = 0;
    }
  }

  /** Whether it counts is known by what is on its disk: it is not blank, and reached the epoch that it promised. */
  #recount(node: SimNode): void {
    const holder = this.holder(node);
    const { hard, store } = node.disk;
    const isCounted = hard !== null && !hard.blank && store.position().watermark.epoch === hard.promisedEpoch;
    if (isCounted && !holder.isCounted) {
      for (const [key, seq] of holder.held) raise(holder.counted, key, seq);
      if (holder.wasWiped) this.#goals.reach('a blank node was filled and counts again');
      holder.wasWiped = false;
    }
    holder.isCounted = isCounted;
  }
}

export function sayVersion({ key, version }: KvRecord): string {
  return `${key}@${formatVersion(version)}`;
}

function raise(holding: Holding, key: string, seq: number): void {
  if ((holding.get(key) ?? 0) < seq) holding.set(key, seq);
}

function isSame(a: KvRecord, b: KvRecord): boolean {
  return (
    a.key === b.key &&
    a.value === b.value &&
    a.need === b.need &&
    a.timestampMs === b.timestampMs &&
    compareVersions(a.version, b.version) === 0
  );
}
