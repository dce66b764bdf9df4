/**
 * Writes that clients name with an `Idempotency-Key` and send again: who does so, and what must be so of them (I11).
 *
 * A retry is one for the oracle only by what it says: it may be the first that the leader hears, because a crash took what it had accepted.
 */
import type { PutInput, WriteSuccess } from '../core/message.ts';
import type { KvRecord } from '../core/record.ts';
import { compareVersions, formatVersion } from '../core/version.ts';
import type { Prng } from '../lib/prng.ts';
import type { Goals } from './goals.ts';
import type { Ledger } from './ledger.ts';
import { sayVersion } from './lineage.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

/** Of those that were named last, a retry takes one. */
const REMEMBERED = 12;

/** Names some writes, sends some of those again, and now and then another one under a name that is taken. */
export class Namer {
  readonly #prng: Prng;
  readonly #named: PutInput[] = [];

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** The write itself, named, or another one in its place, which keeps its number. */
  name(put: PutInput): PutInput {
    const again = this.#prng.int(6) === 0 ? this.#named[this.#prng.int(REMEMBERED)] : undefined;
    if (again !== undefined) {
      const isOther = this.#prng.int(10) === 0;
      return once({ ...(isOther ? put : again), id: put.id, timestampMs: put.timestampMs }, again.idempotency?.key ?? '');
    }
    if (this.#prng.int(3) > 0) return put;
    const named = once(put, `i${put.id}`);
    this.#named.unshift(named);
    this.#named.splice(REMEMBERED);
    return named;
  }
}

function once(put: PutInput, key: string): PutInput {
  return { ...put, idempotency: { key, fingerprint: fingerprintOf(put), stored: null, row: null } };
}

function fingerprintOf({ key, value, need }: PutInput): string {
  return `${key}=${value}/${need}`;
}

/** The write as its node takes it: with what the node's store says in that moment. */
export function asked({ disk }: SimNode, put: PutInput): PutInput {
  if (put.idempotency === undefined) return put;
  const stored = disk.store.idempotency(put.idempotency.key);
  return { ...put, idempotency: { ...put.idempotency, stored, row: disk.store.get(put.key) } };
}

/** The oracle's part. */
export class Retried {
  readonly #ledger: Ledger;
  readonly #isTold: (record: KvRecord) => boolean;
  readonly #goals: Goals;
  /** By `Idempotency-Key`: the versions that leaders made durable, one in each lineage. */
  readonly #taken = new Map<string, KvRecord[]>();
  /** Fingerprints with which a write of that key was admitted. */
  readonly #admitted = new Map<string, Set<string>>();

  constructor(ledger: Ledger, goals: Goals, isTold: (record: KvRecord) => boolean) {
    this.#ledger = ledger;
    this.#isTold = isTold;
    this.#goals = goals;
  }

  admitted({ idempotency }: PutInput, isTaken: boolean): void {
    if (idempotency === undefined || !isTaken) return;
    this.#admitted.set(idempotency.key, (this.#admitted.get(idempotency.key) ?? new Set()).add(idempotency.fingerprint));
  }

  /** A leader made it durable. */
  stores(record: KvRecord): void {
    if (record.idempotency === undefined) return;
    const { key } = record.idempotency;
    const versions = this.#taken.get(key) ?? [];
    const taken = versions.find((each) => this.#isTaken(each, record.version.epoch));
    must(taken === undefined, 'I11', () => `${key} takes ${sayVersion(record)}, and took ${sayVersion(taken as KvRecord)}`);
    this.#taken.set(key, [...versions, record]);
  }

  /** A write that a newer row of its key stands for, and of which nobody was told, may as well have never been. */
  #isTaken(record: KvRecord, epoch: number): boolean {
    const { lineage } = this.#ledger;
    const isRow = record.version.epoch === epoch || lineage.epochs.get(epoch)?.hasRow(record) === true;
    return (isRow || this.#isTold(record)) && lineage.isBefore(record, epoch);
  }

  /** A success that says it was given before. */
  replayed(node: SimNode, put: PutInput, { version, need, acks, existed, quorumMs }: WriteSuccess): void {
    const key = put.idempotency?.key ?? '';
    const { lineage } = this.#ledger;
    const taken = (this.#taken.get(key) ?? []).find((each) => compareVersions(each.version, version) === 0);
    const isRight = taken !== undefined && taken.key === put.key && taken.value === put.value;
    must(isRight, 'I11', () => `write ${put.id} of ${key} is answered with ${formatVersion(version)}, which is another write`);
    must(
      need === taken.need && acks >= need,
      'I14',
      () => `write ${put.id} is told ${acks} of ${need} acks for ${sayVersion(taken)}, which needed ${taken.need}`,
    );
    must(
      existed === taken.idempotency?.existed,
      'I11',
      () => `write ${put.id} is told that ${put.key} ${existed ? 'existed' : 'did not'}, and the first was told otherwise`,
    );
    const accepted = lineage.find(version);
    // What an epoch opened with is on a majority, whoever acked it before.
    const isOlder = version.epoch < node.replica.epoch && accepted !== undefined && lineage.isSettled(accepted);
    const ackers = accepted === undefined ? 0 : this.#ledger.ackers(accepted);
    must(
      isOlder || ackers >= acks,
      'I2',
      () => `write ${put.id} is told ${acks} acks, and ${ackers} followers that count hold ${sayVersion(taken)}`,
    );
    this.#goals.reach('a write that was sent again was answered with its first version');
    if (quorumMs > 0) this.#goals.reach('a write that was sent again waited for its quorum');
  }

  refused(put: PutInput, code: string): void {
    const fingerprints = this.#admitted.get(put.idempotency?.key ?? '') ?? new Set();
    if (code === 'idempotency_in_flight') this.#goals.reach('a write was sent again while the first request waited');
    if (code !== 'idempotency_mismatch') return;
    const isOther = [...fingerprints].some((each) => each !== put.idempotency?.fingerprint);
    must(isOther, 'I11', () => `write ${put.id} is refused as another one under its key, and nobody sent another one`);
    this.#goals.reach('another write under a key that was taken was refused');
  }
}
