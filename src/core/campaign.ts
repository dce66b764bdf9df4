/**
 * How this node comes to lead: the candidacy that is under way, because it was the last that it promised to or because an operator
 * asked, and what becomes of it when the operator's time is over or another epoch comes first.
 *
 * Not here: what one candidacy does (candidacy.ts), and the operator's one answer (promotion.ts).
 * Invariant: one candidacy at a time. One that is given up while the store works for it is kept until that is done, because what is on
 * the disk then must be remembered, whoever wanted it there.
 */
import type { Ms } from '../lib/units.ts';
import { Candidacy, type CandidateParts, type Wish } from './candidacy.ts';
import type { Leader } from './leader.ts';
import type { PromoteInput } from './message.ts';
import type { NodeId, PeerAnswer } from './peer.ts';
import { Promotion } from './promotion.ts';
import type { KvRecord } from './record.ts';

export interface CampaignParts extends Omit<CandidateParts, 'wish'> {
  /** The name by which the others know this node. */
  readonly nodeId: () => NodeId;
}

export class Campaign {
  readonly #parts: CampaignParts;
  readonly #promotion: Promotion;
  #candidacy: Candidacy | null = null;
  /** Given up while the store worked for it. */
  #abandoned: Candidacy | null = null;

  constructor(parts: CampaignParts) {
    this.#parts = parts;
    this.#promotion = new Promotion(parts.host);
  }

  get isUnderWay(): boolean {
    return this.#candidacy !== null;
  }

  /** Null: this node follows on. So does one that only looks at an operator's wish. */
  get candidate(): Candidacy | null {
    return this.#promotion.isPending && this.#candidacy?.phase === 'looking' ? null : this.#candidacy;
  }

  wakeAt(now: Ms): Ms {
    return Math.min(this.#candidacy?.wakeAt(now) ?? Number.POSITIVE_INFINITY, this.#promotion.deadlineAt);
  }

  /** Of a node that was the last that it promised to: nobody has to ask. */
  begin(): void {
    this.#candidacy = this.#newCandidacy(null);
  }

  /**
   * @param leader what this node leads already
   * @param unfit why it cannot even look; null: it can
   */
  promote(input: PromoteInput, leader: Leader | null, unfit: string | null, followers: number, now: Ms): void {
    const why = unfit ?? this.#unfit();
    if (why !== null) return this.#promotion.refuse(input, leader, why);
    if (!this.#promotion.begin(input, followers, now)) return;
    this.abandon();
    this.#candidacy = this.#newCandidacy(input);
  }

  /** True if somebody reached an epoch that this node did not, so that it gave up. */
  turn(now: Ms, isDraining: boolean): boolean {
    if (this.#promotion.expire(now, this.#candidacy) && this.#candidacy?.phase === 'looking') this.#goOnUnasked();
    const candidacy = this.#candidacy;
    if (candidacy === null || isDraining) return false;
    if (this.#promotion.isOver(candidacy)) {
      this.#goOnUnasked();
      this.#candidacy?.turn(now);
    } else if (this.#promotion.mustLook(candidacy)) candidacy.look(now);
    else candidacy.turn(now);
    // Now, not at the next turn: nothing else may ever happen to a node that heard everybody.
    if (!this.#candidacy?.isOvertaken || this.#candidacy.isSaving) return false;
    const data = { why: this.#candidacy.waitingFor };
    this.#parts.host.out({ t: 'note', level: 'warn', event: 'overtaken', data });
    this.#candidacy = null;
    return true;
  }

  /** True if the save was a candidate's. */
  hardSaved(token: number): boolean {
    return (this.#takeAbandoned()?.hardSaved(token, true) || this.#candidacy?.hardSaved(token, false)) ?? false;
  }

  /**
   * False if the commit was somebody else's; the leader of the epoch that is won, once its opening is durable here, which a majority must
   * reach now by catch-up; null: not yet.
   */
  persisted(token: number, previous: ReadonlyMap<string, KvRecord | null>): Leader | null | false {
    if (this.#takeAbandoned()?.persisted(token, previous)) return null;
    const candidacy = this.#candidacy;
    const winner = candidacy?.persisted(token, previous) ?? false;
    if (candidacy !== null && winner) {
      this.#promotion.won(candidacy);
      this.#candidacy = null;
    }
    return winner;
  }

  answered(request: number, answer: PeerAnswer, now: Ms): void {
    this.#candidacy?.answered(request, answer, now);
  }

  failed(request: number, now: Ms): void {
    this.#candidacy?.failed(request, now);
  }

  /** The leader that came of it serves now. */
  opened(leader: Leader): void {
    this.#promotion.opened(leader);
  }

  /** The operator's wish is over; the candidacy goes on until it is abandoned. */
  fail(message: string): void {
    this.#promotion.fail(message);
  }

  /** What the store still does for it must be heard of. */
  abandon(): void {
    if (this.#candidacy?.isSaving) this.#abandoned = this.#candidacy;
    this.#candidacy = null;
  }

  #unfit(): string | null {
    const { nodeId, follower } = this.#parts;
    const { hard, position } = follower;
    if (position.watermark.epoch === 0)
      return hard?.blank === false
        ? `${nodeId()} gave up what it held for epoch ${hard.promisedEpoch} of ${hard.promisedTo}, and was not filled yet: start ${hard.promisedTo}, or promote a node that holds something`
        : `${nodeId()} holds nothing that counts yet: promote another node, or wait until the cluster is born`;
    return this.#promotion.isPending ? 'another promotion of this node is under way' : null;
  }

  /** Nothing came of the wish: as after a start, the last that it promised to leads, be that itself. */
  #goOnUnasked(): void {
    this.#candidacy = this.#parts.follower.hard?.promisedTo === this.#parts.nodeId() ? this.#newCandidacy(null) : null;
  }

  #takeAbandoned(): Candidacy | null {
    const abandoned = this.#abandoned;
    this.#abandoned = null;
    return abandoned;
  }

  #newCandidacy(wish: Wish | null): Candidacy {
    // A name may have come since the start.
    const { nodeId, config, ...parts } = this.#parts;
    return new Candidacy({ ...parts, config: { ...config, nodeId: nodeId() }, wish });
  }
}
