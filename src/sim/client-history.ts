/**
 * What clients did and know, in the order of versions: what each had heard before it asked, and the whole history at the end.
 *
 * What an epoch opened without is no part of it: a write of a deposed leader that nobody else took over never happened, and a committed read that saw
 * it there saw nothing that lasts. Whether that write could be lost at all is judged elsewhere (client-writes.ts).
 */
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

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  heard(key: string): Ordinal {
    return this.#heard.get(key) ?? 0;
  }

  hears(key: string, ordinal: Ordinal): void {
    if (!this.isVoid(ordinal) && ordinal > this.heard(key)) this.#heard.set(key, ordinal);
  }

  /** What the epoch opened without is not known any more. */
  opened(history: EpochHistory): void {
    for (const [key, ordinal] of this.#heard) if (this.isVoid(ordinal)) this.#heard.set(key, history.startOf(key));
  }

  isVoid(ordinal: Ordinal): boolean {
    return ordinal !== 0 && (this.#ledger.lineage.find(versionOf(ordinal))?.voidedBy ?? null) !== null;
  }

  add(op: RegisterOp): void {
    this.#ops.push(op);
  }

  judge(): void {
    const lasting = this.#ops.filter(({ order }) => !this.isVoid(order));
    for (const judge of [checkReads, askJudge]) {
      const mistake = judge(lasting);
      must(mistake === null, 'I3', () => `key ${mistake?.key}: ${mistake?.message}`);
    }
  }
}
