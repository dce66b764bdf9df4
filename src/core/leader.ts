/**
 * The leader of one epoch: admits writes, stores them in group commits and has them sent (SPEC 2).
 *
 * Not here: how the epoch was won (opening.ts), what leaves for a follower when (link.ts), how acks are counted and clients answered (settlement.ts), the
 * table of unsettled writes (writes.ts).
 * Invariant: a record is handed to a follower only after the store said `persisted` for it, and a client hears success only after that and
 * after `need` distinct followers said that they hold the record. Nothing that a client does, not even leaving, stops the replication of an admitted write.
 */
import { assert } from '../lib/assert.ts';
import type { Ms } from '../lib/units.ts';
import type { Host } from './host.ts';
import { Link } from './link.ts';
import type { LinkLimits } from './link-port.ts';
import { Mail } from './mail.ts';
import type { AskedOnce, PutInput, WriteFailure } from './message.ts';
import type { Network } from './network.ts';
import type { InstallAnswer, NodeId, ReplicateAnswer } from './peer.ts';
import { AckSet, floorOf, isValidQuorum, majorityOf, NeedFloor } from './quorum.ts';
import { QuorumSetting } from './quorum-setting.ts';
import { Reads } from './reads.ts';
import type { History, Idempotency, IdempotencyEntry, KvRecord, Member, Position } from './record.ts';
import { type Holders, Retries } from './retries.ts';
import { Settlement } from './settlement.ts';
import { Tombstones } from './tombstones.ts';
import { Trace } from './trace.ts';
import { compareVersions, isNewer, minVersion, type Version, ZERO } from './version.ts';
import { type Write, Writes } from './writes.ts';

export interface LeaderLimits extends LinkLimits {
  /** Writes that may wait for their quorum. */
  readonly waitingWrites: number;
  /** Of every record that is not settled, about. */
  readonly unsettledBytes: number;
  readonly quorumTimeoutMs: Ms;
  readonly failEarlyMs: Ms;
  /** A follower that was not heard of for longer holds no tombstone back. */
  readonly tombstoneKeepMs: Ms;
  /** Between two collections of tombstones. */
  readonly collectEveryMs: Ms;
}

export interface LeaderStart {
  readonly nodeId: NodeId;
  readonly lineage: string;
  readonly members: readonly Member[];
  /** The opening of the epoch: (epoch, seq of the newest record). */
  readonly head: Version;
  readonly quorum: number;
  /** The smallest need that what came before must still be honoured with. */
  readonly kMin: number;
  /** With this epoch's opening. */
  readonly history: History;
  /** What this node collected so far. */
  readonly purgeFloor: Version;
}

export class Leader {
  readonly links: readonly Link[];
  readonly writes = new Writes();
  readonly trace: Trace;
  readonly epoch: number;
  isOpen = false;
  isDraining = false;

  readonly #start: LeaderStart;
  readonly #host: Host;
  readonly #limits: LeaderLimits;
  readonly #network: Network;
  readonly #followers: readonly NodeId[];
  readonly #needs = new NeedFloor();
  readonly #settlement: Settlement;
  readonly #quorum: QuorumSetting;
  #head: Version;
  #durable: Version;
  /** Admitted since the last commit began. */
  #gathering: Write[] = [];
  #askPrevious: string[] = [];
  readonly #reads: Reads;
  readonly #retries: Retries;
  readonly #tombstones: Tombstones;
  /** In the stored position. */
  #storedKMin: number;
  #committing: { token: number; writes: readonly Write[]; kMin: number | null; purgeTo: Version | null } | null = null;
  readonly #openedAt: Ms;

  constructor(start: LeaderStart, limits: LeaderLimits, network: Network, host: Host) {
    this.#start = start;
    this.#limits = limits;
    this.#network = network;
    this.#host = host;
    this.#openedAt = host.now();
    this.epoch = start.head.epoch;
    this.#head = start.head;
    this.#durable = start.head;
    this.#needs.admit(start.head, start.kMin);
    this.#followers = start.members.map((member) => member.id).filter((id) => id !== start.nodeId);
    this.trace = new Trace(start.head, this.#followers.length);
    const majority = majorityOf(this.#followers.length);
    this.#reads = new Reads(start.nodeId, majority, limits.quorumTimeoutMs, this.writes, host);
    this.#retries = new Retries(this.writes, limits, host, (original) => this.#holders(original));
    this.#quorum = new QuorumSetting(start.quorum, majority, limits.quorumTimeoutMs, host);
    this.#tombstones = new Tombstones(start.purgeFloor, start.head, limits.collectEveryMs, host.now());
    this.#storedKMin = Math.min(start.quorum, start.kMin);
    const { pageRows, batchBytes } = limits;
    const mail = new Mail({ ...start, epoch: this.epoch, pageRows, batchBytes }, network, this.trace, host, () => ({
      head: this.#head,
      committedThrough: this.committedThrough,
      quorum: this.#quorum.current,
      kMin: this.kMin,
      purgeFloor: this.#tombstones.durableFloor,
      collectedTo: this.#tombstones.floor,
    }));
    this.links = this.#followers.map((node, index) => new Link(node, index, start.head, limits, mail));
    this.#settlement = new Settlement(this.writes, this.trace, start.head, this.links, limits.failEarlyMs, host);
  }

  get head(): Version {
    return this.#head;
  }

  /** The newest version that the own store holds. */
  get durable(): Version {
    return this.#durable;
  }

  /** The newest version that the own store may hold: of the commit that runs, if one does. */
  get underWay(): Version {
    return this.#committing?.writes.at(-1)?.record.version ?? this.#durable;
  }

  /** Until the epoch is open, what the leader took over is not known to be on a majority, so it is committed for nobody. */
  get committedThrough(): Version {
    return this.isOpen ? this.writes.committedThrough(this.#head) : ZERO;
  }

  get quorum(): number {
    return this.#quorum.current;
  }

  /** Tombstones up to here are gone from the own store, or are just going. */
  get purgeFloor(): Version {
    return this.#tombstones.floor;
  }

  /** What is durable with the epoch's opening, and with whatever of it changes later. */
  position(): Position {
    const { history } = this.#start;
    const [watermark, purgeFloor] = [this.#durable, this.#tombstones.floor];
    return { watermark, cursor: watermark, cursorEpoch: this.epoch, kMin: this.kMin, history, purgeFloor };
  }

  /** SPEC 6: the smallest need above the lowest durable watermark, and of the quorum in force. */
  get kMin(): number {
    const lowest = this.links.reduce((low, link) => minVersion(low, link.watermark), this.#durable);
    return Math.min(this.#quorum.lowest, this.#needs.above(lowest));
  }

  /** Accepted writes above the follower's watermark; at least one as long as it has not reached the epoch, because seqs of epochs compare to nothing. */
  lagRecords({ watermark }: Link): number {
    const records = Math.max(0, this.#head.seq - watermark.seq);
    return watermark.epoch === this.epoch ? records : Math.max(1, records);
  }

  /** Age of the oldest write that the follower lacks; of the oldest traced one, if that is younger; of the epoch, if it has not reached that. */
  lagMs(link: Link, now: Ms): Ms {
    if (link.watermark.epoch !== this.epoch) return now - this.#openedAt;
    if (link.watermark.seq >= this.#head.seq) return 0;
    const admittedAt = this.trace.admittedAt(Math.max(link.watermark.seq, this.#start.head.seq) + 1);
    return admittedAt === null ? now - this.#openedAt : now - admittedAt;
  }

  linkTo(node: NodeId): Link {
    const link = this.links.find((each) => each.node === node);
    assert(link !== undefined, `${node} is a follower of this lineage`);
    return link;
  }

  put(input: PutInput, now: Ms): void {
    if (this.#retries.take(input, now)) return;
    const refusal = this.#refusal(input);
    if (refusal !== null) {
      this.#host.out({ t: 'reply', id: input.id, result: refusal });
      return;
    }
    const need = input.need ?? this.#quorum.current;
    const version = { epoch: this.epoch, seq: this.#head.seq + 1 };
    this.#head = version;
    const plain: KvRecord = { key: input.key, value: input.value, version, need, timestampMs: input.timestampMs };
    const record = input.idempotency === undefined ? plain : { ...plain, idempotency: this.#idempotencyOf(input.key, input.idempotency) };
    const delays = this.#network.drawDelays(this.#followers);
    this.trace.admit(version.seq, need, now, delays);
    this.#needs.admit(version, need);
    if (input.value === null) this.#tombstones.admit(version);
    const write: Write = {
      id: input.id,
      record,
      admittedAt: now,
      floorMs: floorOf(delays, need),
      deadlineAt: now + (input.timeoutMs ?? this.#limits.quorumTimeoutMs),
      mayFailEarly: input.timeoutMs === null,
      acks: new AckSet(),
      storedAt: null,
      isWaiting: true,
      existed: false,
      shortSince: null,
      settles: version.seq,
    };
    if (this.writes.admit(write)) this.#askPrevious.push(input.key);
    this.#gathering.push(write);
    const isShort = this.#settlement.admit(write, now);
    for (const link of this.links) {
      link.admit(record, now + (delays[link.index] as number), now);
      if (!this.#settlement.areAllUp) link.hurry(now, isShort);
    }
  }

  /** Answers with the newest committed record, at once or as soon as the store or, if it is to be linearizable, a majority has spoken. */
  read(id: number, key: string, isLinearizable: boolean, now: Ms): void {
    if (this.#reads.read(id, key, isLinearizable, now)) for (const link of this.links) link.ask();
  }

  /** Everything that arrived together is here: store it together, and send what may leave. */
  turn(now: Ms): void {
    this.#settlement.expire(now);
    this.#quorum.expire(now);
    this.#reads.expire(now);
    this.#retries.expire(now);
    this.#commit(now);
    for (const link of this.links) link.pump(now, this.#durable);
  }

  persisted(token: number, previous: ReadonlyMap<string, KvRecord | null>, now: Ms): void {
    if (this.#committing?.token !== token) return;
    const { writes, kMin, purgeTo } = this.#committing;
    this.#committing = null;
    if (kMin !== null) this.#quorum.recordedHere(kMin);
    if (purgeTo !== null) this.#tombstones.collected(purgeTo);
    for (const write of writes) {
      this.#durable = write.record.version;
      this.trace.stored(write.record.version.seq, now);
      this.writes.stored(write, previous.get(write.record.key), now);
    }
    for (const write of writes) if (this.writes.get(write.record.version.seq) === write) this.#settlement.settleIfCommitted(write, now);
    this.#retries.look(now);
    this.#checkQuorumChange();
  }

  answered(link: Link, request: number, answer: ReplicateAnswer, now: Ms): void {
    const wasUp = link.isUp;
    const sent = link.answered(request, answer, now);
    if (!wasUp) this.#settlement.countLinks(now);
    if (!answer.isBlank) this.#reads.confirmedBy(link.index, request);
    if (sent !== null && answer.isCounted) {
      for (const record of sent.records) this.#settlement.acked(link, record, sent.page !== null, now);
      // Also in the stream: the request of an older record may have failed although the follower took it, and nobody sends that again.
      if (isNewer(answer.watermark, link.ackedThrough)) this.#settlement.ackedThrough(link, answer.watermark, now);
      this.#retries.look(now);
    }
    this.#checkQuorumChange();
  }

  /** The follower looked for rows that the lineage does not have. */
  installed(link: Link, request: number, answer: InstallAnswer, now: Ms): void {
    const wasUp = link.isUp;
    link.installed(request, answer, now);
    if (!wasUp) this.#settlement.countLinks(now);
  }

  /** Answers of `link` count no more: refused, reset, timed out, partitioned. */
  failed(link: Link, request: number, now: Ms): void {
    link.failed(request, now);
    this.#settlement.countLinks(now);
  }

  /** The follower is another than the one we knew; it answers, so the link is up. */
  reset(link: Link, request: number, now: Ms): void {
    link.reset(request, now);
    this.#settlement.countLinks(now);
  }

  setQuorum(id: number, quorum: number, isForced: boolean, now: Ms): void {
    if (!isValidQuorum(quorum, this.#followers.length)) {
      this.#host.out({ t: 'quorumReply', id, result: this.#invalidQuorum(quorum) });
      return;
    }
    this.#quorum.set(id, quorum, isForced, now);
    for (const link of this.links) link.speak();
    this.#checkQuorumChange();
  }

  /** Nodes, the leader counted, that durably reached this epoch. */
  installedOn(): NodeId[] {
    const reached = this.links.filter((link) => !link.isBlank && link.watermark.epoch === this.epoch);
    return [this.#start.nodeId, ...reached.map((link) => link.node)];
  }

  /** The leadership is over: whoever waits hears that nobody knows. */
  stop(message: string): void {
    this.#settlement.stop(message);
    for (const link of this.links) link.stop();
    this.#reads.stop(message);
    this.#retries.stop(message);
    this.#quorum.stop(message);
  }

  /** When the next record is due at a follower's stream. */
  dueAt(): Ms {
    let at = Number.POSITIVE_INFINITY;
    for (const link of this.links) at = Math.min(at, link.dueAt());
    return at;
  }

  wakeAt(now: Ms): Ms {
    let at = Math.min(this.#settlement.nextAt, this.#quorum.deadlineAt, this.#reads.deadlineAt, this.#retries.deadlineAt);
    for (const link of this.links) at = Math.min(at, link.wakeAt(now));
    return at;
  }

  #refusal(input: PutInput): WriteFailure | null {
    if (this.isDraining)
      return { ok: false, code: 'draining', message: `${this.#start.nodeId} is shutting down and takes no new writes`, detail: {} };
    if (input.need !== null && !isValidQuorum(input.need, this.#followers.length)) return this.#invalidQuorum(input.need);
    if (this.writes.waiting >= this.#limits.waitingWrites || this.writes.bytes >= this.#limits.unsettledBytes) {
      const message = `${this.writes.waiting} writes (${this.writes.bytes} bytes) wait for their quorum already; try again later, or lower the quorum`;
      return { ok: false, code: 'overloaded', message, detail: { waiting_writes: this.writes.waiting, bytes: this.writes.bytes } };
    }
    return null;
  }

  #invalidQuorum(got: number): WriteFailure {
    const followers = this.#followers.length;
    const message = `expected a quorum from 0 to ${followers}, the number of followers, got ${got}`;
    return { ok: false, code: 'invalid_quorum', message, detail: { followers, got } };
  }

  /** `existed` is decided here, because it must be durable with the record: what is pending, and else the store, tells. */
  #idempotencyOf(key: string, { key: idempotencyKey, fingerprint, row }: AskedOnce): Idempotency {
    return { key: idempotencyKey, fingerprint, existed: this.writes.hasValue(key) ?? (row !== null && row.value !== null) };
  }

  /**
   * Of a write that took its version earlier. Without its quorum it is in the table. Else, in this epoch, its need was met, whoever answers
   * now; of an older epoch a majority holds it, for the epoch is open, and it may have needed more: those hold it that reached this epoch.
   */
  #holders({ version, need, key }: IdempotencyEntry): Holders {
    const write = this.writes.keyed(key);
    const isHeldBy = (link: Link) =>
      write !== undefined
        ? write.acks.has(link.index)
        : !link.isBlank && link.watermark.epoch === this.epoch && !isNewer(version, link.watermark);
    const held = this.links.filter(isHeldBy).length;
    const isMet = write === undefined && version.epoch === this.epoch;
    const acks = isMet ? Math.max(need, held) : held;
    return { acks, hope: Math.max(acks, this.links.filter((link) => link.isUp || isHeldBy(link)).length) };
  }

  #commit(now: Ms): void {
    if (!this.#host.isStoreFree()) return;
    const kMin = this.#quorum.toRecordHere(this.kMin);
    const purgeTo = this.isOpen ? this.#tombstones.collect(now, () => this.#collectableTo(now)) : null;
    if (this.#gathering.length === 0 && kMin === null && purgeTo === null) return;
    const token = this.#host.token();
    const writes = this.#gathering;
    this.#committing = { token, writes, kMin, purgeTo };
    this.#storedKMin = kMin ?? this.#storedKMin;
    const position = kMin === null && purgeTo === null ? null : { ...this.position(), kMin: this.#storedKMin };
    const records = writes.map((write) => write.record);
    this.#host.out({ t: 'persist', token, epoch: this.epoch, records, position, previousOf: this.#askPrevious });
    this.#gathering = [];
    this.#askPrevious = [];
  }

  /** What is committed, and held by a majority and by every follower, but for those who were away for too long. */
  #collectableTo(now: Ms): Version {
    const held = [this.#durable, ...this.links.map((link) => link.heldTo)].sort((a, b) => compareVersions(b, a));
    const byMajority = held[majorityOf(this.links.length) - 1] as Version;
    const isAway = (link: Link) => now - (link.answeredAt ?? this.#openedAt) > this.#limits.tombstoneKeepMs;
    const start = minVersion(byMajority, this.committedThrough);
    return this.links.reduce((low, link) => (isAway(link) ? low : minVersion(low, link.collectableTo)), start);
  }

  #checkQuorumChange(): void {
    if (!this.#quorum.isChanging) return;
    this.#quorum.recordedBy(this.links.filter((link) => !link.isBlank && link.isCounted).map((link) => link.kMin));
  }
}
