/**
 * The leader's side of an install: a follower below the epoch names the rows that may have to go (reconcile.ts), and what the lineage has otherwise for
 * their keys is the next request.
 *
 * Invariant: a request settles the named rows up to its `after`, and carries every row of the lineage's that differs from one of those.
 */
import type { InstallAnswer, Suspect } from './peer.ts';
import { type KvRecord, sizeOf } from './record.ts';
import { compareVersions, type Version, ZERO } from './version.ts';

/** By key; null: there is none. */
export type Rows = ReadonlyMap<string, KvRecord | null>;

const NO_ROWS: Rows = new Map();

export class Install {
  /** For the next request. */
  after: Version = ZERO;
  rows: Rows = NO_ROWS;
  /** In version order. */
  #named: readonly Suspect[] = [];
  #checkedTo: Version = ZERO;

  /** Keys to look up; none: the follower has no suspects left. */
  named({ suspects, checkedTo }: InstallAnswer): readonly string[] {
    this.#named = suspects;
    this.#checkedTo = checkedTo;
    return suspects.map(({ key }) => key);
  }

  /** @param maxBytes of the rows that one request carries, about; one at least */
  found(rows: Rows, maxBytes: number): void {
    const differing = new Map<string, KvRecord | null>();
    this.rows = differing;
    this.after = this.#checkedTo;
    let bytes = 0;
    let settled = ZERO;
    for (const { key, version } of this.#named) {
      const row = rows.get(key) ?? null;
      const isSame = row !== null && compareVersions(row.version, version) === 0;
      if (!isSame) {
        bytes += row === null ? 0 : sizeOf(row);
        // The lineage's rows may be much larger than those that were named: what does not fit is named again.
        if (differing.size > 0 && bytes > maxBytes) {
          this.after = settled;
          return;
        }
        differing.set(key, row);
      }
      settled = version;
    }
  }
}
