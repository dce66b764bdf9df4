/**
 * One node's protocol as a state machine: `step(now, input) -> effects`, without I/O, clock or chance of its own.
 *
 * It puts the parts together: every node has a follower (follower.ts); a node that may lead opens an epoch (campaign.ts) and then leads it
 * (leader.ts); what they ask of other nodes goes through calls.ts.
 * The shell drives it with real sockets, disk and time; a simulator may drive it with virtual ones.
 * Invariant: one writer. At most one `persist` or `saveHard` is outstanding, whoever asked for it.
 */
import { assert, unreachable } from '../lib/assert.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { Calls } from './calls.ts';
import { Campaign } from './campaign.ts';
import type { CandidateConfig } from './candidacy.ts';
import { Follower } from './follower.ts';
import type { Host } from './host.ts';
import type { Leader } from './leader.ts';
import type { Effect, Input, PromoteInput, WriteFailure } from './message.ts';
import { type LinkSetting, Network } from './network.ts';
import type { NodeId, PeerRequest, StandingAnswer } from './peer.ts';
import { majorityOf } from './quorum.ts';
import type { HardState, Member, Position } from './record.ts';
import { refusalOf } from './refusal.ts';
import { maxVersion, type Version } from './version.ts';

export interface ReplicaConfig extends CandidateConfig {
  /** Of an empty data directory; afterwards the stored state decides. */
  readonly isBornLeader: boolean;
  /** A follower that was told no name, or none that the others know: `nodeId` is provisional until `named` says how they address it. */
  readonly isUnnamed?: boolean;
  readonly seed: number;
  /** By the other nodes' ids. */
  readonly network: ReadonlyMap<NodeId, LinkSetting>;
  /** What a client is told of the leader instead of the member's URL, which may be the nodes' own business. */
  readonly publicUrls?: ReadonlyMap<NodeId, string>;
  /** For backoff jitter, and to tell this start from others; differs from start to start. */
  readonly jitterSeed: number;
}

/** What the store held when the node started. */
export interface Stored {
  readonly hard: HardState | null;
  readonly position: Position;
  readonly head: Version;
}

export type Phase = 'looking' | 'fencing' | 'installing' | 'open' | 'deposed' | 'following';

export class Replica {
  readonly network: Network;
  readonly follower: Follower;
  leader: Leader | null = null;
  readonly #campaign: Campaign;
  readonly #config: ReplicaConfig;
  /** The follower's part holds the same object: a name that comes late is everybody's at once. */
  readonly #identity: { nodeId: NodeId; readonly incarnation: string; readonly start: number };
  #isUnnamed: boolean;
  readonly #host: Host;
  readonly #calls: Calls;
  readonly #jitter: Prng;
  #now: Ms = 0;
  #effects: Effect[] = [];
  #numbers = 0;
  #storeToken: number | null = null;
  #isDeposed = false;
  #isDraining = false;
  #storageFailure: string | null = null;

  constructor(config: ReplicaConfig, stored: Stored) {
    this.#config = config;
    this.#identity = { nodeId: config.nodeId, incarnation: config.incarnation, start: config.jitterSeed };
    this.#isUnnamed = config.isUnnamed ?? false;
    this.#jitter = new Prng(config.jitterSeed);
    this.network = new Network(config.seed, config.network);
    this.#host = {
      now: () => this.#now,
      out: (effect) => this.#out(effect),
      token: () => ++this.#numbers,
      isStoreFree: () => this.#storeToken === null && this.#storageFailure === null,
      // What the follower's part asks of others is its recovery; the opening and the leader get a host of their own.
      send: (to, message) => this.#calls.send(to, message, 'recovery'),
      jitter: () => 0.5 + this.#jitter.next(),
    };
    this.follower = new Follower(this.#identity, stored.hard, stored.position, stored.head, this.#host);
    this.#campaign = new Campaign({
      config,
      nodeId: () => this.nodeId,
      follower: this.follower,
      standing: () => this.follower.standing(),
      network: this.network,
      host: { ...this.#host, send: (to, message) => this.#calls.send(to, message, 'campaign') },
      sendAsLeader: (leader, to, message) => this.#calls.send(to, message, { leader, node: to }),
    });
    this.#calls = new Calls(this.#host, {
      follower: this.follower,
      campaign: this.#campaign,
      leader: () => this.leader,
      replicated: () => this.#openIfInstalled(),
      deposed: (epoch, by) => this.#depose(epoch, by),
    });
    const mayLead = stored.hard === null ? config.isBornLeader : stored.hard.promisedTo === config.nodeId;
    if (mayLead) this.#campaign.begin();
  }

  /** Time `now` is monotonic, in ms; it never falls from step to step. */
  step(now: Ms, input: Input): Effect[] {
    this.#now = now;
    this.#effects = [];
    this.#dispatch(input);
    return this.#effects;
  }

  /** When a `tick` is wanted exactly, because a simulated delay ends; Infinity if none runs. */
  dueAt(): Ms {
    return this.leader?.dueAt() ?? Number.POSITIVE_INFINITY;
  }

  /** When a `tick` is wanted for anything else, a little late at most; Infinity if only inputs matter. */
  wakeAt(): Ms {
    const leader = this.leader?.wakeAt(this.#now) ?? Number.POSITIVE_INFINITY;
    const recovery = this.follower.recovery?.wakeAt() ?? Number.POSITIVE_INFINITY;
    return Math.min(leader, this.#campaign.wakeAt(this.#now), recovery);
  }

  /** The name by which the others know this node. */
  get nodeId(): NodeId {
    return this.#identity.nodeId;
  }

  get isUnnamed(): boolean {
    return this.#isUnnamed;
  }

  get role(): 'leader' | 'follower' {
    return this.leader !== null || this.#campaign.candidate !== null ? 'leader' : 'follower';
  }

  get phase(): Phase {
    if (this.leader !== null) return this.leader.isOpen ? 'open' : 'installing';
    const { candidate } = this.#campaign;
    if (candidate !== null) return candidate.phase;
    return this.#isDeposed && this.leaderId === this.nodeId ? 'deposed' : 'following';
  }

  /** Why this node does not serve, and who is missing; null if nothing is missing. */
  get waitingFor(): string | null {
    if (this.#storageFailure !== null) return `the local store failed: ${this.#storageFailure}; restart this node once the disk is well`;
    if (this.leader !== null && !this.leader.isOpen) {
      const reached = new Set(this.leader.installedOn());
      const missing = this.#config.members.filter((member) => !reached.has(member.id)).map((member) => member.id);
      return `${reached.size} nodes reached epoch ${this.leader.epoch}, a majority must; missing: ${missing.join(', ')}`;
    }
    return this.#campaign.candidate?.waitingFor ?? null;
  }

  get epoch(): number {
    return this.leader?.epoch ?? this.follower.hard?.promisedEpoch ?? 0;
  }

  /** The node whose leadership this one promised to accept. */
  get leaderId(): NodeId | null {
    return this.follower.hard?.promisedTo ?? null;
  }

  get members(): readonly Member[] {
    return this.follower.hard?.members ?? this.#config.members;
  }

  get head(): Version {
    return this.leader?.head ?? maxVersion(this.follower.head, this.standing().watermark);
  }

  /** For a leader, everything that its store holds. */
  get watermark(): Version {
    return this.leader?.durable ?? this.standing().watermark;
  }

  get committedThrough(): Version {
    return this.leader?.committedThrough ?? this.follower.committedThrough;
  }

  get storageFailure(): string | null {
    return this.#storageFailure;
  }

  standing(): StandingAnswer {
    return this.follower.standing();
  }

  #dispatch(input: Input): void {
    switch (input.t) {
      case 'put': {
        const refusal = this.refusal();
        if (refusal === null) this.leader?.put(input, this.#now);
        else this.#out({ t: 'reply', id: input.id, result: refusal });
        return;
      }
      case 'read': {
        const refusal = this.refusal();
        if (refusal === null) this.leader?.read(input.id, input.key, input.isLinearizable ?? false, this.#now);
        else this.#out({ t: 'readFailed', id: input.id, result: refusal });
        return;
      }
      case 'turn':
      case 'tick':
        return this.#turn();
      case 'persisted':
        return this.#persisted(input);
      case 'persistFailed':
        return this.#persistFailed(input.reason);
      case 'hardSaved':
        return this.#hardSaved(input.token);
      case 'request':
        return this.#request(input.id, input.message);
      case 'answer':
        return this.#calls.answered(input.request, input.message);
      case 'failed':
        return this.#calls.failed(input.request, input.reason);
      case 'promote':
        return this.#promote(input);
      case 'scanned':
        if (this.follower.scanned(input.token, input.page, input.rows)) return;
        for (const link of this.leader?.links ?? []) link.scanned(input.token, input.page, input.rows, this.#now);
        return;
      case 'found':
        for (const link of this.leader?.links ?? []) link.found(input.token, input.rows);
        return;
      case 'viewRead':
        for (const link of this.leader?.links ?? []) link.viewRead(input.token, input.part, this.#now);
        return;
      case 'setQuorum': {
        const refusal = this.refusal();
        if (refusal === null) this.leader?.setQuorum(input.id, input.quorum, input.isForced, this.#now);
        else this.#out({ t: 'quorumReply', id: input.id, result: refusal });
        return;
      }
      case 'setNetwork':
        return this.network.change(input.change);
      case 'drain':
        this.#isDraining = true;
        if (this.leader !== null) this.leader.isDraining = true;
        return;
      case 'named':
        return this.#named(input.nodeId);
      case 'stop':
        return this.#stepDown(input.message);
      default:
        return unreachable(input);
    }
  }

  #turn(): void {
    this.leader?.turn(this.#now);
    if (this.#campaign.turn(this.#now, this.#isDraining)) this.#isDeposed = true;
    this.follower.turn();
    // After the follower's turn, which may have begun it.
    this.follower.recovery?.turn(this.#now);
  }

  #promote(input: PromoteInput): void {
    const isUnfit = this.leader !== null || this.#storageFailure !== null || this.#isDraining || this.#isUnnamed;
    const unfit = isUnfit ? (this.waitingFor ?? `${this.nodeId} is shutting down, or has no name`) : null;
    this.#campaign.promote(input, this.leader, unfit, this.members.length - 1, this.#now);
  }

  #named(nodeId: NodeId): void {
    assert(this.#isUnnamed, `a node keeps its name: this is ${this.#identity.nodeId}, and was named ${nodeId}`);
    this.#isUnnamed = false;
    this.#identity.nodeId = nodeId;
    this.#note('info', 'named', { name: nodeId });
  }

  #hardSaved(token: number): void {
    if (this.#storeToken === token) this.#storeToken = null;
    if (!this.#campaign.hardSaved(token)) this.follower.hardSaved(token);
  }

  #persisted({ token, previous, isSpoilt = false }: Extract<Input, { t: 'persisted' }>): void {
    if (this.#storeToken === token) this.#storeToken = null;
    const winner = this.#campaign.persisted(token, previous);
    if (winner !== false) {
      if (winner !== null) this.#lead(winner);
    } else if (!this.follower.persisted(token, isSpoilt)) {
      this.leader?.persisted(token, previous, this.#now);
      if (this.leader !== null) this.follower.led(this.leader);
      else this.follower.ledCommitted();
    }
  }

  /** The epoch is won and its opening durable here; now a majority must reach it, by catch-up. */
  #lead(leader: Leader): void {
    this.leader = leader;
    leader.isDraining = this.#isDraining;
    this.#note('info', 'installing', { epoch: leader.epoch, head: leader.head.seq });
    this.#openIfInstalled();
  }

  #persistFailed(reason: string): void {
    this.#storeToken = null;
    this.#storageFailure = reason;
    this.#note('error', 'storage failed', { reason });
    this.follower.storageFailed(this.#storageFailedText());
    this.#stepDown(`the local store of ${this.#identity.nodeId} failed while the write waited: ${reason}`);
  }

  #storageFailedText(): string {
    return `the store of ${this.#identity.nodeId} failed: ${this.#storageFailure}`;
  }

  #request(id: number, message: PeerRequest): void {
    if (message.t === 'look') {
      this.#out({ t: 'respond', id, message: this.standing() });
      return;
    }
    if (this.#storageFailure !== null) {
      this.#out({
        t: 'respond',
        id,
        message: { t: 'refused', code: 'storage_failed', epoch: this.epoch, message: this.#storageFailedText() },
      });
      return;
    }
    const hard = this.follower.hard;
    const isOurs = hard !== null && hard.lineage === message.lineage;
    // The leader of an epoch that this node wanted for itself: it lost.
    const isLeaders = message.t === 'replicate' || message.t === 'install';
    const hasReached = this.follower.position.watermark.epoch === message.epoch;
    const isWinner = isLeaders && hard?.promisedEpoch === message.epoch && message.from !== hard.promisedTo && !hasReached;
    if (isOurs && (message.epoch > hard.promisedEpoch || isWinner) && (this.leader !== null || this.#campaign.isUnderWay))
      this.#depose(message.epoch, message.from);
    this.follower.request(id, message);
  }

  #openIfInstalled(): void {
    const leader = this.leader;
    if (leader === null || leader.isOpen) return;
    if (leader.installedOn().length < majorityOf(leader.links.length)) return;
    leader.isOpen = true;
    this.#campaign.opened(leader);
    this.#note('info', 'open', { epoch: leader.epoch, head: leader.head.seq });
  }

  #depose(epoch: number, by: NodeId): void {
    this.#note('warn', 'deposed', { epoch, by });
    this.#campaign.fail(`epoch ${epoch} of ${by} came first`);
    this.#stepDown(`epoch ${epoch} ended the leadership of ${this.#identity.nodeId} while the write waited`);
  }

  #stepDown(message: string): void {
    const { leader } = this;
    this.#isDeposed = this.role === 'leader';
    leader?.stop(message);
    this.#campaign.fail(message);
    this.leader = null;
    this.#campaign.abandon();
    // It may hold writes that the newer lineage does not have; whoever leads that finds them (reconcile.ts).
    if (leader !== null) this.follower.follow(leader);
  }

  /** Why this node cannot admit writes or serve committed reads; null if it can. */
  refusal(): WriteFailure | null {
    if (this.#storageFailure === null && this.leader?.isOpen) return null;
    return refusalOf(this, this.#config.publicUrls);
  }

  #note(level: 'info' | 'warn' | 'error', event: string, data: Readonly<Record<string, unknown>>): void {
    this.#out({ t: 'note', level, event, data });
  }

  #out(effect: Effect): void {
    if (effect.t === 'persist' || effect.t === 'saveHard') this.#storeToken = effect.token;
    this.#effects.push(effect);
  }
}
