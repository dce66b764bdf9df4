/**
 * What clients did and know, in the order of versions: what each had heard before it asked, and the whole history at the end.
 *
 * What an epoch opened without is no part of it: a write of a deposed leader that nobody else took over never happened, and a committed read that saw
 * it there saw nothing that lasts. Whether that write could be lost at all is judged elsewhere (client-writes.ts).
 */
import type { Ms } from '../lib/units.ts';
import { checkReads, type RegisterOp } from './check-reads.ts';
import type { EpochHistory } from './epoch-history.ts';
import type { Ledger } from './ledger.ts';
import { type Ordinal, versionOf } from './ordinal.ts';
import { askJudge } from './second-opinion.ts';
import { must } from './violation.ts';

export class ClientHistory {
  readonly #ledger: Ledger;
  readonly #ops: RegisterOp[] = [];
  /** By key, the newest that a client had heard of. */
  readonly #heard = new Map<string, Ordinal>();
  #readsSince: Ms = Number.NEGATIVE_INFINITY;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  heard(key: string): Ordinal {
    return this.#heard.get(key) ?? 0;
  }

  hears(key: string, ordinal: Ordinal): void {
    if (!this.isVoid(ordinal) && ordinal > this.heard(key)) this.#heard.set(key, ordinal);
  }

  /** What the epoch opened without is not known any more. If it left everything behind that was open, what was read before says nothing about it. */
  opened(history: EpochHistory, now: Ms): void {
    if (this.#ledger.lineage.isBroken) this.#readsSince = now;
    for (const [key, ordinal] of this.#heard)
      if (this.isVoid(ordinal) || (this.#ledger.lineage.isBroken && ordinal > history.startOf(key)))
        this.#heard.set(key, history.startOf(key));
  }

  isVoid(ordinal: Ordinal): boolean {
    return ordinal !== 0 && (this.#ledger.lineage.find(versionOf(ordinal))?.voidedBy ?? null) !== null;
  }

  add(op: RegisterOp): void {
    this.#ops.push(op);
  }

  judge(): void {
    const lasting = this.#ops.filter(({ f, order, startedAt }) => !this.isVoid(order) && (f === 'write' || startedAt > this.#readsSince));
    for (const judge of [checkReads, askJudge]) {
      const mistake = judge(lasting);
      must(mistake === null, 'I3', () => `key ${mistake?.key}: ${mistake?.message}`);
    }
  }
}
