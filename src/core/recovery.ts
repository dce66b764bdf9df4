/**
 * How a blank node learns what it may have promised before it lost its memory: it asks the others.
 *
 * Any promise that counts was made by a majority of all nodes; a majority of the others therefore has at least one node of it
 * (see majorityOfOthers). Blank nodes count for nothing here either.
 */
import type { Ms } from '../lib/units.ts';
import type { Host } from './host.ts';
import type { NodeId, StandingAnswer } from './peer.ts';
import { majorityOfOthers } from './quorum.ts';
import type { HardState, Identity, Member } from './record.ts';

const RETRY_MS = 200;

export class Recovery {
  readonly #self: Identity;
  readonly #lineage: string;
  readonly #members: readonly Member[];
  readonly #host: Host;
  readonly #heard = new Map<NodeId, StandingAnswer>();
  readonly #asked = new Map<number, NodeId>();
  #askAt: Ms = Number.NEGATIVE_INFINITY;

  constructor(self: Identity, lineage: string, members: readonly Member[], host: Host) {
    this.#self = self;
    this.#lineage = lineage;
    this.#members = members;
    this.#host = host;
  }

  get lineage(): string {
    return this.#lineage;
  }

  /** Somebody of the lineage answered, so that it exists. */
  get hasHeard(): boolean {
    return this.#heard.size > 0;
  }

  /** Others that were not heard yet. */
  get missing(): NodeId[] {
    return this.#members.map((member) => member.id).filter((id) => id !== this.#self.nodeId && !this.#heard.has(id));
  }

  turn(now: Ms): void {
    if (now < this.#askAt || this.#asked.size > 0) return;
    this.#askAt = now + RETRY_MS;
    for (const node of this.missing) this.#asked.set(this.#host.send(node, { t: 'look', from: this.#self.nodeId }), node);
  }

  /** The hard state to take over, once enough of the others were heard. */
  answered(request: number, answer: StandingAnswer): HardState | null {
    const node = this.#asked.get(request);
    this.#asked.delete(request);
    if (node === undefined || answer.isBlank || answer.lineage !== this.#lineage) return null;
    this.#heard.set(node, answer);
    if (this.#heard.size < majorityOfOthers(this.#members.length - 1)) return null;
    const highest = [...this.#heard.values()].reduce((a, b) => (b.promisedEpoch > a.promisedEpoch ? b : a));
    return {
      lineage: this.#lineage,
      nodeId: this.#self.nodeId,
      incarnation: this.#self.incarnation,
      members: this.#members,
      promisedEpoch: highest.promisedEpoch,
      promisedTo: highest.promisedTo ?? node,
      ledEpoch: 0,
      blank: true,
    };
  }

  failed(request: number): void {
    this.#asked.delete(request);
  }

  wakeAt(): Ms {
    return this.#asked.size > 0 ? Number.POSITIVE_INFINITY : this.#askAt;
  }
}
