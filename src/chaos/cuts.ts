/**
 * Who does not hear whom. Kept here and written into nodes' tables whenever that changes or a node comes back, since a table is gone with its
 * process, and one that is frozen cannot be told. Both ends of a cut know of it, so that it outlives the restart of either.
 *
 * Messages are internal calls' requests and answers alike (src/node/blocks.ts). What a cut did is told by the nodes, which count what they drop.
 */
import type { NetworkAnswer, NetworkRequest } from '../wire/api.ts';
import type { ChaosCluster, NodeAddress } from './cluster.ts';
import type { Fault } from './plan.ts';

export type Cut = Extract<Fault, { kind: 'partition' | 'one-way' }>;

/** Messages from one node to the other are lost. */
type Way = readonly [from: string, to: string];
type Table = NonNullable<NetworkRequest['nodes']>;
/** Messages that a node had dropped, by that node and the other one. */
type Counts = ReadonlyMap<string, number>;

export class Cuts {
  readonly #cluster: ChaosCluster;
  /** Of what is cut now, each with the counts as they were when it began. */
  readonly #cuts = new Map<Cut, Counts>();

  constructor(cluster: ChaosCluster) {
    this.#cluster = cluster;
  }

  /** `reachable`: nodes that can be asked. */
  async begin(cut: Cut, reachable: readonly NodeAddress[]): Promise<void> {
    this.#cuts.set(cut, new Map());
    const answers = await this.write(membersOf(cut, reachable));
    this.#cuts.set(cut, countsOf(cut, answers));
  }

  /** By what its effect was seen: messages that were dropped meanwhile; null: none was. */
  async end(cut: Cut, reachable: readonly NodeAddress[]): Promise<string | null> {
    const before = this.#cuts.get(cut) ?? new Map<string, number>();
    const members = membersOf(cut, reachable);
    const answers = await this.#ask(members, ({ url }) => this.#cluster.client.network(url));
    this.#cuts.delete(cut);
    await this.write(members);
    let dropped = 0;
    for (const [link, count] of countsOf(cut, answers)) {
      const then = before.get(link);
      // Of a node that could not be asked then nobody knows; one that was started again counts from 0.
      if (then !== undefined) dropped += count < then ? count : count - then;
    }
    return dropped === 0 ? null : `${dropped} messages ${wayText(cut)} were dropped`;
  }

  /** Everybody hears everybody, once the tables are written. */
  clear(): void {
    this.#cuts.clear();
  }

  /** The tables of these nodes, as they are to be now. One that does not answer is left out: it was taken away, and is told when it is back. */
  write(nodes: readonly NodeAddress[]): Promise<Map<string, NetworkAnswer>> {
    return this.#ask(nodes, ({ id, url }) => this.#cluster.client.setNetwork(url, { nodes: this.#tableOf(id) }));
  }

  async #ask(nodes: readonly NodeAddress[], call: (node: NodeAddress) => Promise<NetworkAnswer>): Promise<Map<string, NetworkAnswer>> {
    const answers = await Promise.all(nodes.map(async (node) => [node.id, await call(node).catch(() => null)] as const));
    return new Map(answers.flatMap(([id, answer]) => (answer === null ? [] : [[id, answer] as const])));
  }

  #tableOf(id: string): Table {
    const ways = [...this.#cuts.keys()].flatMap(waysOf);
    const isLost = (from: string, to: string) => ways.some((way) => way[0] === from && way[1] === to);
    const others = this.#cluster.nodes.filter((other) => other.id !== id);
    return Object.fromEntries(others.map((other) => [other.id, linkOf(isLost(other.id, id), isLost(id, other.id))]));
  }
}

function linkOf(isIn: boolean, isOut: boolean): Table[string] {
  if (isIn === isOut) return { is_partitioned: isIn };
  return { one_way: isIn ? 'in' : 'out' };
}

function waysOf(cut: Cut): Way[] {
  const sent = cut.nodes.flatMap((a) => cut.others.map((b): Way => [a, b]));
  const received = sent.map(([a, b]): Way => [b, a]);
  if (cut.kind === 'partition') return [...sent, ...received];
  return cut.lost === 'sent' ? sent : received;
}

function membersOf({ nodes, others }: Cut, reachable: readonly NodeAddress[]): NodeAddress[] {
  return reachable.filter(({ id }) => nodes.includes(id) || others.includes(id));
}

function countsOf({ nodes, others }: Cut, answers: ReadonlyMap<string, NetworkAnswer>): Counts {
  const links = [...answers].flatMap(([id, { nodes: table }]) => {
    const partners = nodes.includes(id) ? others : nodes;
    return partners.map((partner) => [`${id} ${partner}`, table[partner]?.blocked ?? 0] as const);
  });
  return new Map(links);
}

function wayText(cut: Cut): string {
  const [nodes, others] = [cut.nodes.join(', '), cut.others.join(', ')];
  if (cut.kind === 'partition') return `between ${nodes} and ${others}`;
  return cut.lost === 'sent' ? `from ${nodes} to ${others}` : `from ${others} to ${nodes}`;
}
