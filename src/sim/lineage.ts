/**
 * Which epochs there were, which goes on from which, and what became of every write: settled with an epoch that opened, or void for ever.
 *
 * An epoch begins where its candidate's disk takes the opening; what was durable there then is its start. It goes on from one older epoch, whole and
 * alone: each row is a write of that epoch, or what that one started with. One that never opens is a dead branch.
 */
import type { KvRecord } from '../core/record.ts';
import { formatVersion, type Version } from '../core/version.ts';
import { type Accepted, EpochHistory, isSame } from './epoch-history.ts';
import { ordinalOf } from './ordinal.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

export class Lineage {
  /** Oldest first, since an epoch begins on a majority that accepts no older one any more. */
  readonly epochs = new Map<number, EpochHistory>();
  /** The newest that is open. */
  open: EpochHistory | null = null;
  /** It left behind, by force, what was open before. */
  isBroken = false;
  readonly #nodes: number;

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  get newest(): EpochHistory | null {
    let newest: EpochHistory | null = null;
    for (const each of this.epochs.values()) if (newest === null || each.epoch > newest.epoch) newest = each;
    return newest;
  }

  /** The write of this version, if a leader made it durable. */
  find({ epoch, seq }: Version): Accepted | undefined {
    return this.epochs.get(epoch)?.at(seq);
  }

  /** The record is one that a leader made durable, letter by letter. */
  isKnown(record: KvRecord): boolean {
    const known = this.find(record.version)?.record;
    return known === record || (known !== undefined && isSame(known, record));
  }

  isSettled(accepted: Accepted): boolean {
    return this.epochs.get(accepted.record.version.epoch)?.isSettled(accepted) ?? false;
  }

  /** The record is one of that epoch, or of those that it goes on from, as far as it does; or a newer one of its key is. Not said across one node's data alone. */
  isBefore({ key, version }: KvRecord, epoch: number): boolean {
    if (version.epoch === epoch) return true;
    const [older, newer] = [this.epochs.get(version.epoch), this.epochs.get(epoch)];
    if (older === undefined || newer === undefined || !isWithin(older, newer) || newer.isPatchySince(version.epoch)) return false;
    return ordinalOf(version) <= newer.stepFrom(older).startOf(key);
  }

  /** The disk of a candidate that had reached epoch `from` took the opening of its epoch, and holds `rows`. */
  begin(leader: SimNode, { epoch, seq }: Version, from: number, rows: ReadonlyMap<string, KvRecord>, isAlone: boolean): EpochHistory {
    const base = this.epochs.get(from) ?? null;
    const { open } = this;
    const lastAlone = Math.max(isAlone ? epoch : 0, ...[...this.epochs.values()].map((each) => each.lastAlone));
    // Whoever led alone and did not come to open had others roll back for it what was open: what is left of that is as little as one node's.
    const isLeft = lastAlone > (open?.epoch ?? 0) && base !== null && (!goesOn(base, rows) || (open !== null && !isWithin(open, base)));
    const start = { epoch, leader, start: new Map(rows), head: seq, base, isAlone: isAlone || isLeft, lastAlone };
    const history = new EpochHistory(start, this.#nodes);
    if (!history.isAlone) this.#checkStart(history, from);
    this.epochs.set(epoch, history);
    return history;
  }

  #checkStart({ epoch, leader, head, base, start: rows }: EpochHistory, from: number): void {
    const isRight = base === null ? this.epochs.size === 0 && rows.size === 0 : goesOn(base, rows);
    must(
      isRight,
      'I8',
      () => `${leader.id} begins epoch ${epoch}, which does not go on from epoch ${from}: it holds ${sayRows(rows, base)}`,
    );
    must(
      base === null || head >= base.head,
      'I4',
      () => `${leader.id} begins epoch ${epoch} at seq ${head}, and epoch ${from} at ${base?.head}`,
    );
    // What one node's data alone brought back is judged when it opens.
    if (this.open !== null && base !== null && !isWithin(this.open, base)) return;
    for (const record of rows.values()) {
      const { version } = record;
      const isBeyond = version.epoch === from && version.seq > head;
      must(!isBeyond, 'I4', () => `${leader.id} begins epoch ${epoch} at seq ${head}, and holds ${formatVersion(version)}`);
      const isVoid = this.find(version)?.voidedBy ?? null;
      must(
        isVoid === null,
        'I8',
        () => `${leader.id} begins epoch ${epoch} with ${sayVersion(record)}, without which ${isVoid?.epoch} opened`,
      );
    }
  }

  /** A leader made a new record durable. */
  append(leader: SimNode, record: KvRecord): void {
    const history = this.epochs.get(record.version.epoch);
    must(
      history !== undefined && history.leader === leader,
      'I6',
      () => `${leader.id} makes ${sayVersion(record)} durable, and ${history?.leader.id ?? 'nobody'} leads that epoch`,
    );
    const { open } = this;
    history.append(record, open !== null && open.epoch > history.epoch ? open.stepFrom(history) : null);
  }

  /** A leader says that its epoch is open. Answers what had been committed and is void by that. */
  opens(history: EpochHistory): readonly Accepted[] {
    const { open } = this;
    const { epoch, leader } = history;
    history.isOpen = true;
    if (open !== null && open.epoch > epoch) {
      // It hears late of the majority that it had, and does not know that it was deposed.
      must(
        isWithin(history, open),
        'I6',
        () => `${leader.id} opens epoch ${epoch}, and ${open.epoch}, which is open, does not go on from it`,
      );
      return [];
    }
    const isOnward = open === null || isWithin(open, history);
    must(
      isOnward || history.stepFrom(open as EpochHistory).isAlone,
      'I1',
      () => `${leader.id} opens epoch ${epoch}, which does not go on from epoch ${open?.epoch}, which is open`,
    );
    this.open = history;
    this.isBroken = !isOnward;
    const next = new Map<EpochHistory, EpochHistory>();
    for (const each of history.chain()) if (each.base !== null) next.set(each.base, each);
    const lost: Accepted[] = [];
    // What is older than the epoch that was open was decided with that one, unless all of it is left behind.
    const since = isOnward ? (open?.epoch ?? 0) : 0;
    for (const each of this.epochs.values())
      if (each.epoch < epoch && each.epoch >= since) this.#decide(each, next.get(each), history, isOnward, lost);
    return lost;
  }

  /** What of `each` is in the epoch that goes on from it is settled; all else of it is void. */
  #decide(each: EpochHistory, next: EpochHistory | undefined, by: EpochHistory, isOnward: boolean, lost: Accepted[]): void {
    for (const accepted of each.accepted) {
      if (accepted.voidedBy !== null && isOnward) continue;
      const { key } = accepted.record;
      const isHere = next === undefined ? accepted.ordinal === by.startOf(key) : accepted.ordinal <= next.startOf(key);
      if (isHere) {
        accepted.isSettled = true;
        accepted.voidedBy = null;
      } else if (accepted.voidedBy !== null) continue;
      else {
        if (each.isSettled(accepted)) lost.push(accepted);
        accepted.voidedBy = by.stepFrom(each);
      }
    }
  }
}

export function sayVersion({ key, version }: KvRecord): string {
  return `${key}@${formatVersion(version)}`;
}

/** Nothing is there that the older epoch could not hold, and nothing is missing that it started with. */
function goesOn(from: EpochHistory, rows: ReadonlyMap<string, KvRecord>): boolean {
  for (const record of rows.values()) if (!from.hasRow(record)) return false;
  for (const key of from.start.keys()) if (!rows.has(key)) return false;
  return true;
}

function isWithin(older: EpochHistory, newer: EpochHistory | null): boolean {
  if (newer === null) return false;
  for (const each of newer.chain()) if (each === older) return true;
  return false;
}

function sayRows(rows: ReadonlyMap<string, KvRecord>, base: EpochHistory | null): string {
  const strange = [...rows.values()].filter((record) => base?.hasRow(record) !== true).map(sayVersion);
  const missing = [...(base?.start.values() ?? [])].filter((record) => {
    const row = rows.get(record.key);
    return row === undefined || ordinalOf(row.version) < ordinalOf(record.version);
  });
  return `${strange.join(', ') || 'nothing'} that it could not hold, and lacks ${missing.map(sayVersion).join(', ') || 'nothing'}`;
}
