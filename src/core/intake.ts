/**
 * What the leader of the promised epoch sends, on its way to a follower's store: records and pages, parts of a snapshot, installs. Each comes to a commit, or
 * to an answer if there is nothing to make durable.
 *
 * Requests that arrive while a commit runs share the next one. The parts that keep what was told apart from what is held are watermark.ts, staging.ts
 * and reconcile.ts; what a commit changes at the node, once it is durable, is follower.ts.
 * Invariant: a position goes into the commit of everything that it speaks of.
 */
import type { Host } from './host.ts';
import type { Inbox } from './inbox.ts';
import type { Effect } from './message.ts';
import type { InstallRequest, PageHeader, ReplicateAnswer, ReplicateRequest, SnapshotPart } from './peer.ts';
import { isUnderPromise, type Promised, refuse, refuseGap, refuseOther } from './promise.ts';
import { type Named, Reconciliation } from './reconcile.ts';
import type { HardState, IdempotencyEntry, KvRecord, Position, RunningIdentity } from './record.ts';
import { Staging } from './staging.ts';
import { Told } from './told.ts';
import { formatVersion, isNewer, maxVersion, minVersion, type Version } from './version.ts';
import { Watermark } from './watermark.ts';

type Persist = Extract<Effect, { t: 'persist' }>;

type Changes = Partial<Pick<Persist, 'records' | 'entries' | 'replacements' | 'stage' | 'dropUntoldAfter'>>;

export interface Commit {
  readonly token: number;
  readonly position: Position;
  /** To be answered then; null: an install goes on. */
  readonly requests: readonly number[] | null;
  /** A snapshot takes the place of the data. */
  readonly isSwap: boolean;
}

/** What the node holds; durable, but for `newest`. */
export interface Holding extends Promised {
  /** Also of what is on its way to the store. */
  newest: Version;
  replicated(): ReplicateAnswer;
}

export class Intake {
  readonly told: Told;
  readonly #self: RunningIdentity;
  readonly #holding: Holding;
  readonly #inbox: Inbox;
  readonly #host: Host;
  readonly #reconciliation: Reconciliation;
  readonly #staging = new Staging();
  #tracker: Watermark;
  #committing: Commit | null = null;

  constructor(self: RunningIdentity, holding: Holding, inbox: Inbox, host: Host) {
    this.#self = self;
    this.#holding = holding;
    this.#inbox = inbox;
    this.#host = host;
    this.told = new Told(self);
    this.#reconciliation = new Reconciliation(host);
    this.#tracker = new Watermark(holding.position, holding.hard?.promisedEpoch ?? 0);
  }

  /** An install reads the store, and the requests wait behind it. */
  get isBusy(): boolean {
    return this.#reconciliation.isRunning;
  }

  /** With the commit that was made last. */
  get hasReachedEpoch(): boolean {
    return this.#tracker.hasReachedEpoch;
  }

  enterEpoch(epoch: number): void {
    this.#tracker.enterEpoch(epoch);
    this.told.enterEpoch();
  }

  /** The node stands elsewhere than the last commit of its leader says. */
  stand(): void {
    this.#tracker = new Watermark(this.#holding.position, this.#holding.hard?.promisedEpoch ?? 0);
  }

  /** The commit that is durable now; null: it was not one of these. */
  persisted(token: number): Commit | null {
    const commit = this.#committing;
    if (commit?.token !== token) return null;
    this.#committing = null;
    return commit;
  }

  /** Nothing will be durable any more: answers the requests whose commit was under way. */
  giveUp(): readonly number[] {
    const requests = this.#committing?.requests ?? [];
    this.#committing = null;
    return requests;
  }

  /** What was rolled back is durable: on to the next suspects. */
  rolledBack(): void {
    this.#reconciliation.name();
  }

  /** A snapshot was swapped in: what was named of the rows before is worth nothing. */
  swapped({ watermark, purgeFloor }: Position): void {
    this.#reconciliation.forget();
    const data = { watermark: formatVersion(watermark), purge_floor: formatVersion(purgeFloor) };
    this.#host.out({ t: 'note', level: 'info', event: 'snapshot', data });
  }

  /** The snapshot that these requests brought is not what it was to be. */
  spoilt(requests: readonly number[]): void {
    this.#staging.spoil();
    const { nodeId } = this.#self;
    const why = `what ${nodeId} was sent of its leader's snapshot does not come to the digest that the leader keeps, and was thrown away: the leader's rows are not what was written, or did not arrive as they are; \`kvctl parity --full\` tells which`;
    this.#host.out({ t: 'note', level: 'error', event: 'snapshot spoilt', data: { why } });
    for (const id of requests) this.#inbox.respond(id, refuse(this.#holding, 'need_snapshot', why));
  }

  /** True if the page was asked for here. */
  scanned(token: number, page: PageHeader, rows: readonly KvRecord[]): boolean {
    const named = this.#reconciliation.scanned(token, page, rows);
    if (named) this.#installed(named);
    return named !== undefined;
  }

  /** Takes the first request of the inbox, which is of the leader that was promised to: answers it, or begins what must be done before. */
  take(id: number, message: ReplicateRequest | InstallRequest, hard: HardState): void {
    if (message.t === 'install') this.#install(id, message);
    else if (message.snapshot === null) this.#gather(hard);
    else this.#stage(id, message, message.snapshot);
  }

  /** By what is durable. */
  answer(requests: readonly number[]): void {
    if (requests.length === 0) return;
    const answer = this.#holding.replicated();
    for (const id of requests) this.#inbox.respond(id, answer);
  }

  /** Takes every request at the front of the inbox that needs no promise first, to store them together. */
  #gather(hard: HardState): void {
    const records: KvRecord[] = [];
    const entries: IdempotencyEntry[] = [];
    const requests: number[] = [];
    const { position: before } = this.#holding;
    let { newest } = this.#holding;
    let { kMin, purgeFloor } = before;
    for (let next = this.#inbox.first; next !== undefined; next = this.#inbox.first) {
      const { id, message } = next;
      if (!isUnderPromise(message, this.#self, hard)) break;
      this.#inbox.shift();
      if (message.page !== null && isNewer(message.purgeFloor, this.#tracker.watermark)) {
        this.#inbox.respond(id, refuseGap(this.#holding, this.#tracker.watermark));
        continue;
      }
      requests.push(id);
      kMin = this.told.hear(message, kMin);
      purgeFloor = maxVersion(purgeFloor, message.purgeFloor);
      if (message.history !== null) this.#tracker.hears(message.history);
      for (const record of message.records) {
        newest = maxVersion(newest, record.version);
        if (!this.#tracker.covers(record.version)) records.push(record);
      }
      if (message.page !== null) {
        entries.push(...(message.page.entries ?? []));
        this.#tracker.page(message.page);
      } else for (const record of message.records) this.#tracker.stream(record.version);
    }
    this.#holding.newest = newest;
    const isReached = this.#tracker.hasReachedEpoch;
    const position = this.#tracker.position(kMin, isReached ? minVersion(purgeFloor, this.#tracker.watermark) : before.purgeFloor);
    // A blank node that reached the epoch has that to write down, be there nothing else.
    const isFilled = hard.blank && isReached;
    if (records.length === 0 && entries.length === 0 && isSame(position, before) && !isFilled) {
      this.answer(requests);
      return;
    }
    if (records.length > 0) this.#reconciliation.forget();
    const changes = {
      records,
      ...(entries.length > 0 ? { entries } : {}),
      // Not when the install began: had the epoch never opened, this node might have been the one that remembers a committed write's key.
      ...(isReached && before.watermark.epoch !== hard.promisedEpoch ? { dropUntoldAfter: before.watermark } : {}),
    };
    this.#commit(hard.promisedEpoch, position, requests, changes);
  }

  /** A part of a snapshot is built beside the data; with the last one it takes its place. */
  #stage(id: number, message: ReplicateRequest, part: SnapshotPart): void {
    this.#inbox.shift();
    const { epoch, records: rows, history } = message;
    const { end, entries = [] } = part;
    const { position: before } = this.#holding;
    const kMin = this.told.hear(message, before.kMin);
    const verdict = this.#staging.take(message, part);
    const hasIt = end !== null && this.#tracker.hasReachedEpoch && !isNewer(end.head, this.#tracker.watermark);
    if (verdict === 'lost') {
      const why = `${this.#self.nodeId} lacks what comes before part ${part.part}`;
      this.#inbox.respond(id, refuse(this.#holding, 'need_snapshot', why));
      return;
    }
    if (verdict === 'known' || hasIt) {
      this.answer([id]);
      return;
    }
    const own = this.#tracker.position(kMin, before.purgeFloor);
    const then = end && { watermark: end.head, cursor: end.head, cursorEpoch: epoch, kMin, purgeFloor: end.purgeFloor };
    const position: Position = then === null ? own : { ...then, history: history ?? own.history };
    const stage = { isFirst: part.part === 0, rows, entries, swap: end?.content ?? null };
    this.#commit(epoch, position, [id], { stage }, end !== null);
  }

  #install(id: number, message: InstallRequest): void {
    if (message.start !== this.#self.start)
      return this.#inbox.respond(id, refuseOther(this.#holding, this.#self, `start ${message.start}`));
    if (this.#tracker.hasReachedEpoch) return this.#installed({ id, suspects: [], checkedTo: message.after });
    const rollback = this.#reconciliation.begin(id, message, this.#holding.position);
    if (rollback === null) return this.#reconciliation.name();
    const { replacements, position } = rollback;
    this.#commit(message.epoch, position, null, { replacements });
    for (const { key, rolledBack, instead } of replacements) {
      const data = { key, rolled_back: formatVersion(rolledBack.version), instead: instead && formatVersion(instead) };
      this.#host.out({ t: 'note', level: 'warn', event: 'rolled back', data });
    }
  }

  #installed({ id, suspects, checkedTo }: Named): void {
    this.#inbox.respond(id, { t: 'installed', answer: this.#holding.replicated(), suspects, checkedTo });
  }

  #commit(epoch: number, position: Position, requests: readonly number[] | null, changes: Changes, isSwap = false): void {
    const token = this.#host.token();
    this.#committing = { token, position, requests, isSwap };
    this.#host.out({ t: 'persist', token, epoch, records: [], position, previousOf: [], ...changes });
  }
}

function isSame(a: Position, b: Position): boolean {
  return (
    a.kMin === b.kMin &&
    a.cursorEpoch === b.cursorEpoch &&
    !isNewer(a.watermark, b.watermark) &&
    !isNewer(a.purgeFloor, b.purgeFloor) &&
    formatVersion(a.cursor) === formatVersion(b.cursor)
  );
}
