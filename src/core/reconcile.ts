/**
 * The way of a node below its leader's epoch out of its own past: which of its rows may the lineage not have, and what stands in their place (SPEC 6).
 *
 * The node names its suspects, the rows above the floor, page by page; the leader answers with what the lineage has otherwise for their keys (link.ts).
 * A row of the lineage's stays, any other is kept in the rollback file and replaced. MongoDB calls this rollback via refetch.
 * Invariant: before a row at or below the watermark goes, or in the same commit, the watermark falls below it, so that it never promises what is not there.
 */
import type { Host } from './host.ts';
import { meetingOf } from './lineage.ts';
import type { InstallRequest, PageHeader, Suspect } from './peer.ts';
import type { KvRecord, Position, Replacement } from './record.ts';
import { compareVersions, isNewer, maxVersion, minVersion, type Version, ZERO } from './version.ts';

/** Newer than any version can be. */
export const LAST: Version = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };

/** Rows named in one answer. */
const NAMED_ROWS = 256;
/** Of keys and values read for one answer, about. */
const NAMED_BYTES = 1_048_576;

/** To be made durable before the suspects are named. */
export interface Rollback {
  readonly replacements: readonly Replacement[];
  readonly position: Position;
}

export interface Named {
  readonly id: number;
  readonly suspects: readonly Suspect[];
  readonly checkedTo: Version;
}

interface Running {
  readonly id: number;
  readonly message: InstallRequest;
  readonly suspectsAbove: Version;
  scan: number | null;
}

export class Reconciliation {
  readonly #host: Host;
  #running: Running | null = null;
  /** As they stand here. */
  #named = new Map<string, KvRecord>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** A request is being worked on; the queue waits behind it. */
  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** What must be durable first; null: nothing. Then call `name`. */
  begin(id: number, message: InstallRequest, position: Position): Rollback | null {
    const { completeTo, suspectsAbove } = meetingOf(position, message.history);
    this.#running = { id, message, suspectsAbove, scan: null };
    // What is at or below the floor is in both lineages, and is not touched.
    const met = minVersion(completeTo, suspectsAbove);
    // A majority held what was collected, so the other lineage has it, unless it goes on from one node's data alone. Then the delete may be void, and what
    // it deleted is gone here: nothing that this node holds can be built upon.
    const isHollow = isNewer(position.purgeFloor, met);
    const watermark = isHollow ? ZERO : met;
    const ownFloor = isHollow ? ZERO : position.purgeFloor;
    const replacements = this.#replacements(message, ownFloor);
    this.#named.clear();
    // Where nothing takes the place of a row, a delete may be collected at the leader, and is known here by that alone.
    const isTold = replacements.some(({ record }) => record === null);
    const purgeFloor = isTold ? maxVersion(ownFloor, minVersion(message.purgeFloor, watermark)) : ownFloor;
    if (replacements.length === 0 && compareVersions(watermark, position.watermark) === 0) return null;
    const history = position.history.filter(({ epoch }) => epoch <= watermark.epoch);
    return { replacements, position: { ...position, watermark, cursor: watermark, cursorEpoch: 0, history, purgeFloor } };
  }

  /** Reads the next suspects; `scanned` tells them. */
  name(): void {
    const running = this.#running as Running;
    this.#scan(running, maxVersion(running.suspectsAbove, running.message.after));
  }

  /** Undefined: the page was not asked for here; null: there is more to read. */
  scanned(token: number, page: PageHeader, rows: readonly KvRecord[]): Named | null | undefined {
    const running = this.#running;
    if (running === null || running.scan !== token) return undefined;
    // What the new leader itself wrote came by it.
    const suspects = rows.filter(({ version }) => version.epoch < running.message.epoch);
    if (suspects.length === 0 && isNewer(page.head, page.coversTo)) {
      this.#scan(running, page.coversTo);
      return null;
    }
    this.#running = null;
    for (const row of suspects) this.#named.set(row.key, row);
    return { id: running.id, suspects: suspects.map(({ key, version }) => ({ key, version })), checkedTo: page.coversTo };
  }

  /** Rows changed in another way: what was named is no longer known to stand here. */
  forget(): void {
    this.#named.clear();
  }

  #scan(running: Running, since: Version): void {
    running.scan = this.#host.token();
    this.#host.out({ t: 'scan', token: running.scan, since, until: LAST, limit: NAMED_ROWS, maxBytes: NAMED_BYTES });
  }

  /** @param ownFloor tombstones up to here are collected at this node */
  #replacements({ rows, after, purgeFloor }: InstallRequest, ownFloor: Version): Replacement[] {
    const replacements: Replacement[] = [];
    for (const [key, rolledBack] of this.#named) {
      const row = rows.get(key);
      // What is above `after` was not looked up yet, and is named again.
      if (row === undefined || isNewer(rolledBack.version, after)) continue;
      // A tombstone that was collected here does not come back.
      const isGone = row?.value === null && !isNewer(row.version, ownFloor);
      const mayBeDeleted = row === null && !isNewer(rolledBack.version, purgeFloor);
      const instead = mayBeDeleted ? purgeFloor : (row?.version ?? null);
      replacements.push({ key, record: isGone ? null : row, rolledBack, instead });
    }
    return replacements;
  }
}
