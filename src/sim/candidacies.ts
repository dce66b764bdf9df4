/**
 * What each candidate heard from those whom it asked: who promised it the epoch, who handed over everything that it holds, and so on how many nodes the
 * opening rests. Counted from the answers that arrived, not from what the candidate makes of them.
 */
import type { ChangesRequest, FenceRequest, NodeId, PeerAnswer, PeerRequest, StandingAnswer } from '../core/peer.ts';
import { isNewer } from '../core/version.ts';
import type { EpochHistory } from './epoch-history.ts';
import type { SimNode } from './sim-node.ts';

interface Asked {
  readonly to: NodeId;
  readonly message: FenceRequest | ChangesRequest;
}

interface Candidate {
  epoch: number;
  readonly promised: Map<NodeId, StandingAnswer>;
  readonly complete: Set<NodeId>;
  hasHeardBlank: boolean;
  readonly asked: Map<number, Asked>;
}

/** What an opening rests on. */
export interface Support {
  /** Nodes that count, the candidate aside, by id. */
  readonly responders: ReadonlyMap<NodeId, StandingAnswer>;
  /** Where the candidate stood itself. */
  readonly own: StandingAnswer;
  readonly hasHeardBlank: boolean;
}

export class Candidacies {
  readonly #candidates: readonly Candidate[];

  constructor(nodes: number) {
    this.#candidates = Array.from({ length: nodes }, () => ({
      epoch: 0,
      promised: new Map(),
      complete: new Set(),
      hasHeardBlank: false,
      asked: new Map(),
    }));
  }

  asks(node: SimNode, to: NodeId, request: number, message: PeerRequest): void {
    if (message.t === 'fence' || message.t === 'changes') this.#of(node).asked.set(request, { to, message });
  }

  answered(node: SimNode, request: number, answer: PeerAnswer): void {
    const candidate = this.#of(node);
    const asked = candidate.asked.get(request);
    if (!candidate.asked.delete(request) || asked === undefined) return;
    const { to, message } = asked;
    if (message.epoch > candidate.epoch) {
      candidate.epoch = message.epoch;
      candidate.promised.clear();
      candidate.complete.clear();
      candidate.hasHeardBlank = false;
    } else if (message.epoch < candidate.epoch) return;
    if (answer.t === 'changes' && !isNewer(answer.page.head, answer.page.coversTo)) candidate.complete.add(to);
    if (answer.t !== 'standing') return;
    candidate.hasHeardBlank ||= answer.isBlank;
    if (!answer.isBlank && answer.promisedEpoch === message.epoch && answer.promisedTo === node.id) candidate.promised.set(to, answer);
  }

  crashed(node: SimNode): void {
    const candidate = this.#of(node);
    candidate.asked.clear();
    candidate.promised.clear();
    candidate.complete.clear();
  }

  /** When the candidate claims the epoch. Who reached the same epoch as it counts only with all that it holds. */
  supportOf(node: SimNode, epoch: number): Support {
    const { epoch: asked, promised, complete, hasHeardBlank } = this.#of(node);
    const own = node.replica.standing();
    const counted = [...promised].filter(([id, { watermark }]) => complete.has(id) || watermark.epoch !== own.watermark.epoch);
    return { responders: new Map(asked === epoch ? counted : []), own, hasHeardBlank };
  }

  #of(node: SimNode): Candidate {
    return this.#candidates[node.index] as Candidate;
  }
}

/**
 * SPEC 6: a write with this need or a greater one is certainly known to the opening: N - R + 1, or 0 if it rests on the leader of the epoch that it
 * goes on from, as those say where they stand.
 */
export function needKeptBy({ base }: EpochHistory, { responders, own }: Support, nodes: number): number {
  if (base === null) return 0;
  const led = base.leader.id === own.node ? own : responders.get(base.leader.id);
  return led?.ledEpoch === base.epoch ? 0 : nodes - (responders.size + 1);
}
