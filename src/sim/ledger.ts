/**
 * What each disk holds, checked at every commit against what really happened (lineage.ts): nothing is invented, nothing goes back but by a recorded
 * rollback, a watermark is honest, and what is not of an epoch's lineage is gone from a disk that reached the epoch.
 *
 * Not here: what was promised or told to whom (epochs.ts, oracle.ts).
 */
import type { KvRecord, Position, Replacement } from '../core/record.ts';
import { compareVersions, formatVersion, type Version, ZERO } from '../core/version.ts';
import type { Ms } from '../lib/units.ts';
import { collectedOf, forget, isCollected, snapshotOf } from './collection.ts';
import type { Frame } from './disk.ts';
import { type Accepted, type EpochHistory, type Holding, isSame } from './epoch-history.ts';
import type { Goals } from './goals.ts';
import { Lineage, sayVersion } from './lineage.ts';
import { type Ordinal, ordinalOf } from './ordinal.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

interface Holder {
  /** What is on its disk, by key. */
  held: Map<string, KvRecord>;
  /** Nothing of its epoch at or below this is missing. */
  honestTo: Version;
  /** The highest that `honestTo` ever was; who rolled back or lost its disk has passed it all the same. */
  passed: Ordinal;
  /** Above the watermark it holds this version, and not all before it; 0: no hole is known. */
  holeBelow: Ordinal;
  /** The epoch that it promised and reached; 0: it did not reach the one that it promised. */
  inEpoch: number;
  /** What it holds in that epoch while its acks count; null while they do not. */
  counted: Holding | null;
  wasWiped: boolean;
  /** It left an epoch that never opened. */
  leftDeadBranch: boolean;
  purgeFloor: Version;
  /** Tombstones that are gone from its disk, by key, the newest of each. */
  collected: Map<string, Ordinal>;
}

/** Times are sums of real numbers. */
export const ROUNDING_MS = 1e-6;

export class Ledger {
  readonly lineage: Lineage;
  /** When each node may hear of a write in its own epoch, by the write and the node's index. */
  readonly dueAt = new Map<Ordinal, readonly Ms[]>();
  readonly #holders: readonly Holder[];
  readonly #goals: Goals;
  readonly #isAlone: (node: SimNode) => boolean;

  /** @param isAlone an operator asked the node to lead with its own data */
  constructor(nodes: number, goals: Goals, isAlone: (node: SimNode) => boolean = () => false) {
    this.#goals = goals;
    this.#isAlone = isAlone;
    this.lineage = new Lineage(nodes);
    this.#holders = Array.from({ length: nodes }, () => ({
      held: new Map(),
      honestTo: ZERO,
      passed: 0,
      holeBelow: 0,
      inEpoch: 0,
      counted: null,
      wasWiped: false,
      leftDeadBranch: false,
      purgeFloor: ZERO,
      collected: new Map(),
    }));
  }

  /** What the disk shows of the key, which is nothing of one whose tombstone was collected. */
  shown(node: SimNode, key: string, row: KvRecord | null): Ordinal {
    return row === null ? (this.#of(node).collected.get(key) ?? 0) : ordinalOf(row.version);
  }

  /** What the disk holds of the key. */
  held(node: SimNode, key: string): Ordinal {
    const record = this.#of(node).held.get(key);
    return record === undefined ? 0 : ordinalOf(record.version);
  }

  /** The disk holds this record, or a newer one of its key. */
  holds(node: SimNode, { key, version }: KvRecord): boolean {
    return this.held(node, key) >= ordinalOf(version);
  }

  ackers(accepted: Accepted): number {
    return this.lineage.epochs.get(accepted.record.version.epoch)?.ackers(accepted) ?? 0;
  }

  /** That all but the leader passed. Infinity if there are no others. */
  lowestWatermark(leader: SimNode): Ordinal {
    let lowest = Number.POSITIVE_INFINITY;
    for (const [index, { passed }] of this.#holders.entries()) if (index !== leader.index) lowest = Math.min(lowest, passed);
    return lowest;
  }

  mayHearAt(node: SimNode, version: Version): Ms {
    return this.dueAt.get(ordinalOf(version))?.[node.index] ?? 0;
  }

  /** A commit became durable. Answers the epoch that began by it, or null. */
  kept(node: SimNode, frame: Frame, now: Ms): EpochHistory | null {
    const { commit, isLeaders } = frame;
    const holder = this.#of(node);
    let begun: EpochHistory | null = null;
    if (commit.t === 'persist') {
      const { replacements = [], stage, position } = commit;
      for (const replacement of replacements) this.#replaced(node, holder, replacement, position?.purgeFloor ?? holder.purgeFloor);
      for (const record of commit.records) this.#stored(node, holder, record, isLeaders, now);
      for (const { key } of [...replacements, ...commit.records]) this.#checkRow(node, key, holder.held.get(key));
      // Otherwise the snapshot was thrown away, with the position.
      const isThere = node.disk.store.position() === position;
      if (position !== null && isThere && stage?.swap) this.#swapped(node, holder, position, now);
      if (position !== null && isThere) begun = this.#moved(node, holder, position);
      const newest = commit.records.reduce((top, { version }) => Math.max(top, ordinalOf(version)), 0);
      if (!isLeaders && newest > ordinalOf(holder.honestTo)) holder.holeBelow = Math.max(newest, holder.holeBelow);
    }
    const isSwap = commit.t === 'persist' && commit.stage !== undefined && commit.stage.swap !== null;
    this.#recount(node, holder, isSwap ? [...holder.held.values()] : commit.t === 'persist' ? commit.records : []);
    return begun;
  }

  wiped(node: SimNode): void {
    const holder = this.#of(node);
    holder.held = new Map();
    holder.honestTo = ZERO;
    holder.holeBelow = 0;
    holder.inEpoch = 0;
    holder.counted = null;
    holder.wasWiped = true;
    holder.leftDeadBranch = false;
    holder.purgeFloor = ZERO;
    holder.collected = new Map();
  }

  #of(node: SimNode): Holder {
    return this.#holders[node.index] as Holder;
  }

  /** Only what is kept in a file, and not what was committed, may be taken away. */
  #replaced(node: SimNode, holder: Holder, { key, record, rolledBack }: Replacement, purgeFloor: Version): void {
    const there = holder.held.get(key);
    must(
      there !== undefined && isSame(there, rolledBack),
      'I4',
      () => `${node.id} rolls back ${sayVersion(rolledBack)}, and its disk held ${there === undefined ? 'nothing' : sayVersion(there)}`,
    );
    this.#goals.reach('a row was rolled back');
    if (this.lineage.epochs.get(rolledBack.version.epoch)?.leader === node)
      this.#goals.reach('a deposed leader rolled back what it had written itself');
    const accepted = this.lineage.find(rolledBack.version);
    // What the epoch that it comes to could not but keep; the loss of what it could miss is judged when it opens.
    const from = this.lineage.epochs.get(rolledBack.version.epoch);
    const to = this.lineage.epochs.get(node.disk.hard?.promisedEpoch ?? 0);
    // A delete that came after it may be collected there.
    const isLess = ordinalOf((record ?? to?.deletionOf(key))?.version ?? ZERO) < ordinalOf(rolledBack.version);
    const keptNeed = from === undefined ? 0 : (to?.stepFrom(from).keptNeed ?? 0);
    const isLost = isLess && accepted?.voidedBy === null && rolledBack.need >= keptNeed && this.ackers(accepted) >= rolledBack.need;
    must(!isLost, 'I8', () => `${node.id} rolls back ${sayVersion(rolledBack)}, which is committed`);
    if (record === null) {
      const known = this.lineage.epochs.get(purgeFloor.epoch)?.rowsAt(purgeFloor.seq).get(key);
      // A newer row may have stood in its place when it would have been collected.
      if (known !== undefined && isCollected(known, purgeFloor)) {
        holder.held.set(key, known);
        holder.collected.set(key, ordinalOf(known.version));
      } else holder.held.delete(key);
      return;
    }
    must(
      this.lineage.isKnown(record),
      'I13',
      () => `${node.id} stores ${sayVersion(record)}, which no leader of this lineage made durable`,
    );
    holder.held.set(key, record);
  }

  #stored(node: SimNode, holder: Holder, record: KvRecord, isLeaders: boolean, now: Ms): void {
    const { lineage } = this;
    const { key, version } = record;
    const isKnown = lineage.isKnown(record);
    if (isLeaders && !isKnown) {
      lineage.append(node, record);
      // A leader lacks nothing of its epoch, whatever its watermark says.
      holder.passed = Math.max(holder.passed, ordinalOf(version));
    } else {
      must(isKnown, 'I13', () => `${node.id} stores ${sayVersion(record)}, which no leader of this lineage made durable`);
      // What comes in a newer epoch waited for that epoch.
      const dueAt = node.disk.hard?.promisedEpoch === version.epoch ? this.mayHearAt(node, version) : 0;
      must(now >= dueAt - ROUNDING_MS, 'floor', () => `${node.id} holds ${formatVersion(version)} at ${now}, and it was due at ${dueAt}`);
    }
    const there = this.held(node, key);
    if (ordinalOf(version) > there) holder.held.set(key, record);
    else if (ordinalOf(version) < there) this.#goals.reach('a record was acked that a newer one had superseded');
  }

  #checkRow(node: SimNode, key: string, expected: KvRecord | undefined): void {
    const { store } = node.disk;
    const there = store.get(key);
    const isThere =
      expected === undefined || isCollected(expected, store.position().purgeFloor)
        ? there === null
        : there !== null && isSame(there, expected);
    must(
      isThere,
      'I4',
      () =>
        `the disk of ${node.id} holds ${there === null ? 'nothing' : sayVersion(there)} of ${key}, and was given ${expected === undefined ? 'nothing' : sayVersion(expected)}`,
    );
  }

  #swapped(node: SimNode, holder: Holder, { watermark, purgeFloor }: Position, now: Ms): void {
    const history = this.lineage.epochs.get(watermark.epoch);
    must(
      history !== undefined,
      'I9',
      () => `${node.id} took over a snapshot at ${formatVersion(watermark)}, of an epoch that nobody began`,
    );
    const rows = snapshotOf(node, holder.held, history, watermark, purgeFloor);
    for (const record of rows.values()) {
      const isNew = record.version.epoch === watermark.epoch && !this.holds(node, record);
      must(
        !isNew || now >= this.mayHearAt(node, record.version) - ROUNDING_MS,
        'floor',
        () => `${node.id} holds ${sayVersion(record)} at ${now} by a snapshot, and it was due at ${this.mayHearAt(node, record.version)}`,
      );
    }
    holder.held = rows;
    holder.purgeFloor = purgeFloor;
    holder.collected = collectedOf(rows, purgeFloor);
    this.#goals.reach('a snapshot took the place of what a node held');
  }

  #collects(node: SimNode, holder: Holder, purgeFloor: Version): void {
    const before = holder.purgeFloor;
    if (compareVersions(purgeFloor, before) < 0) {
      forget(node, holder.held, before);
      holder.collected = new Map();
    }
    holder.purgeFloor = purgeFloor;
    if (compareVersions(purgeFloor, before) <= 0) return;
    const isBehind = this.#holders.some((other) => compareVersions(other.honestTo, purgeFloor) < 0);
    for (const record of holder.held.values()) {
      if (!isCollected(record, purgeFloor) || isCollected(record, before)) continue;
      this.#checkRow(node, record.key, record);
      holder.collected.set(record.key, ordinalOf(record.version));
      const accepted = this.lineage.find(record.version);
      must(
        accepted !== undefined && this.lineage.isSettled(accepted),
        'I8',
        () => `${node.id} collects the tombstone ${sayVersion(record)}, which is pending`,
      );
      this.#goals.reach('a tombstone was collected');
      if (isBehind) this.#goals.reach('a tombstone was collected that a node which was away lacks');
    }
  }

  #moved(node: SimNode, holder: Holder, { watermark, purgeFloor }: Position): EpochHistory | null {
    must(
      compareVersions(purgeFloor, watermark) <= 0,
      'I9',
      () => `${node.id} collected up to ${formatVersion(purgeFloor)}, and holds everything up to ${formatVersion(watermark)} only`,
    );
    this.#collects(node, holder, purgeFloor);
    const { lineage } = this;
    const { hard } = node.disk;
    const before = holder.honestTo;
    if (compareVersions(watermark, before) < 0) {
      // Not within its epoch: then it only rolls back what a newer one does not have.
      const isRollback = (hard?.promisedEpoch ?? 0) > before.epoch;
      must(isRollback, 'I4', () => `the watermark of ${node.id} went back from ${formatVersion(before)} to ${formatVersion(watermark)}`);
      holder.holeBelow = 0;
      holder.leftDeadBranch ||= lineage.epochs.get(before.epoch)?.isOpen === false;
    }
    const isCandidates = watermark.epoch > 0 && hard?.ledEpoch === watermark.epoch && !lineage.epochs.has(watermark.epoch);
    const begun = isCandidates ? lineage.begin(node, watermark, before.epoch, holder.held, this.#isAlone(node)) : null;
    const history = lineage.epochs.get(watermark.epoch);
    must(
      history !== undefined || watermark.epoch === 0,
      'I9',
      () => `${node.id} says ${formatVersion(watermark)}, an epoch that nobody began`,
    );
    if (history !== undefined) this.#checkHonest(node, history, watermark, before);
    holder.honestTo = watermark;
    holder.passed = Math.max(holder.passed, ordinalOf(watermark));
    if (holder.holeBelow > 0 && ordinalOf(watermark) >= holder.holeBelow) {
      this.#goals.reach('a hole below a newer record was healed');
      holder.holeBelow = 0;
    }
    return begun;
  }

  /** Everything at or below the watermark is there: when it comes to an epoch all of it, within the epoch what is new. */
  #checkHonest(node: SimNode, history: EpochHistory, watermark: Version, before: Version): void {
    const has = (record: KvRecord) => {
      const { idempotency, version } = record;
      must(
        this.holds(node, record),
        'I9',
        () => `${node.id} says it holds everything up to ${formatVersion(watermark)}, and lacks ${sayVersion(record)}`,
      );
      if (history.isPatchySince(version.epoch)) return;
      const entry = idempotency === undefined ? null : node.disk.store.idempotency(idempotency.key);
      must(
        idempotency === undefined || (entry !== null && compareVersions(entry.version, version) === 0),
        'I9',
        () =>
          `${node.id} says it holds everything up to ${formatVersion(watermark)}, and forgot ${idempotency?.key} of ${formatVersion(version)}`,
      );
    };
    const isNew = before.epoch !== watermark.epoch || before.seq > watermark.seq;
    if (isNew) for (const record of history.start.values()) has(record);
    for (let seq = isNew ? history.head + 1 : Math.max(before.seq, history.head) + 1; seq <= watermark.seq; seq++) {
      const accepted = history.at(seq);
      must(
        accepted !== undefined,
        'I9',
        () => `${node.id} says ${formatVersion(watermark)}, and epoch ${history.epoch} goes to ${history.head + history.accepted.length}`,
      );
      has(accepted.record);
    }
  }

  /** Where it stands is known by what is on its disk: it reached the epoch that it promised, and its acks count if it is not blank. */
  #recount(node: SimNode, holder: Holder, records: readonly KvRecord[]): void {
    const { hard } = node.disk;
    const { epoch } = holder.honestTo;
    const inEpoch = hard !== null && epoch === hard.promisedEpoch ? epoch : 0;
    const history = this.lineage.epochs.get(inEpoch);
    const isNew = inEpoch !== holder.inEpoch;
    holder.inEpoch = inEpoch;
    if (history === undefined) {
      holder.counted = null;
      return;
    }
    for (const record of isNew ? holder.held.values() : records) {
      const row = holder.held.get(record.key);
      const isRight = row === undefined || history.hasRow(row);
      must(
        isRight,
        'I8',
        () => `${node.id} is in epoch ${inEpoch} and holds ${sayVersion(row as KvRecord)}, which that epoch does not have`,
      );
    }
    const counted = hard?.blank === false ? (history.counted[node.index] as Holding) : null;
    if (isNew && holder.leftDeadBranch) this.#goals.reach('a node came back from an epoch that never opened');
    if (isNew) holder.leftDeadBranch = false;
    const isFilled = counted !== null && counted !== holder.counted;
    holder.counted = counted;
    if (counted === null) return;
    for (const { key } of isFilled ? holder.held.values() : records)
      counted.set(key, Math.max(counted.get(key) ?? 0, this.held(node, key)));
    if (isFilled && holder.wasWiped) this.#goals.reach('a blank node was filled and counts again');
    if (isFilled) holder.wasWiped = false;
  }
}
