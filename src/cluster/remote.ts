/**
 * A cluster that somebody else started, anywhere: known by the address of one node, and by what that node says of the others.
 * kvctl can ask such nodes and set what they let be set; their processes, files and logs are not its own.
 *
 * A node's address inside the cluster may mean nothing here (a container's name, a pod's). So each may be given another
 * (`nodeUrls`), the node that was asked keeps the address it was asked at, and one that cannot be reached is said to be so,
 * by name, within seconds.
 */
import { KvClient } from '../client/kv-client.ts';
import type { NodeStatus } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import { nameOption } from './ground.ts';
import type { ClusterState } from './state.ts';

/** What the command line was told. */
export interface RemoteWish {
  /** Origin of a node, the leader if it is known. */
  readonly url: string;
  /** null: only what needs no token will work, unless the cluster has none. */
  readonly token: string | null;
  /** By node id: where it is reached from here. */
  readonly nodeUrls: ReadonlyMap<string, string>;
}

export interface RemoteNode {
  readonly id: string;
  /** From here. */
  readonly url: string;
  /** Not on this machine, so nothing to open. */
  readonly log: null;
}

export interface RemoteCluster {
  /** The address that was given: it has no name here. */
  readonly name: string;
  readonly target: 'remote';
  readonly token: string | null;
  readonly store: 'sqlite' | 'memory';
  readonly nodes: readonly RemoteNode[];
  /** Of which the given address is. */
  readonly entry: string;
  /** By the entry's account; itself if it leads. null: it knows of none. */
  readonly leader: string | null;
  /** null: not born yet. */
  readonly lineage: string | null;
}

/** What verbs that only ask nodes work on: a cluster of this machine's state directory, or one elsewhere. */
export type Cluster = ClusterState | RemoteCluster;

/** For one answer, in ms; the way may be long, a tunnel slow. */
export const REMOTE_ANSWER_MS = 3_000;

/** Asks the node at the address who else there is. Throws `unreachable`; `usage` for the address of a node that there is not. */
export async function discover({ url, token, nodeUrls }: RemoteWish): Promise<RemoteCluster> {
  const answer = await ask(url).catch((error: unknown) => {
    throw unreachable(
      error,
      (reason) => `--leader: expected a node at ${url}, got ${reason}: is the address right, and the way to it open?`,
    );
  });
  const ids = answer.members.map(({ id }) => id);
  const stranger = [...nodeUrls.keys()].find((id) => !ids.includes(id));
  if (stranger !== undefined)
    throw new KvctlError('usage', `--node-url: expected nodes among ${ids.join(', ')}, got ${JSON.stringify(stranger)}`);
  const urlOf = (member: { readonly id: string; readonly url: string }) =>
    member.id === answer.node ? url : (nodeUrls.get(member.id) ?? member.url);
  return {
    name: url,
    target: 'remote',
    token,
    store: answer.store,
    nodes: answer.members.map((member) => ({ id: member.id, url: urlOf(member), log: null })),
    entry: answer.node,
    leader: leads(answer) ? answer.node : answer.leader === answer.node ? null : answer.leader,
    lineage: answer.lineage,
  };
}

/** Who leads, asked until one says so itself. Throws `node_failed` if nobody does, `unreachable` if that one is out of reach. */
export async function remoteLeader(cluster: RemoteCluster): Promise<RemoteNode> {
  const nodeOf = (id: string | null) => cluster.nodes.find((node) => node.id === id);
  const asked = [cluster.entry];
  let candidate = nodeOf(cluster.leader);
  if (candidate?.id === cluster.entry) return candidate;
  while (candidate !== undefined && !asked.includes(candidate.id)) {
    const answer = await reach(cluster, candidate.id);
    if (leads(answer)) return candidate;
    asked.push(candidate.id);
    candidate = nodeOf(answer.leader);
  }
  throw new KvctlError(
    'node_failed',
    `expected a leader, but none of the nodes that were asked (${asked.join(', ')}) leads or knows who does: \`kvctl status${optionOf(cluster)}\` shows what each says`,
    { asked },
  );
}

/** The status of that node, and of no other. Throws `unreachable`; `usage` if its address, as it was given, is another's. */
export async function reach(cluster: RemoteCluster, id: string): Promise<NodeStatus> {
  const { url } = cluster.nodes.find((node) => node.id === id) as RemoteNode;
  const answer = await ask(url).catch((error: unknown) => {
    throw unreachable(error, (reason) => `expected to reach ${id} at ${url}, got ${reason}: ${adviceFor([id])}`);
  });
  if (isNodeOf(cluster, id, answer)) return answer;
  const found = answer.node === id ? `${id} of another cluster (lineage ${answer.lineage}, not ${cluster.lineage})` : answer.node;
  throw new KvctlError('usage', `expected ${id} at ${url}, got ${found}: ${adviceFor([id])}`);
}

/** Whether that node answered, and not another one, or one of another cluster that has the same address here. */
export function isNodeOf({ lineage }: RemoteCluster, id: string, answer: NodeStatus): boolean {
  return answer.node === id && (answer.lineage === null || lineage === null || answer.lineage === lineage);
}

/** What to do about nodes that are out of reach, or not where they are said to be. */
export function adviceFor(ids: readonly string[]): string {
  return `say where it is reached from here by --node-url ${ids.map((id) => `${id}=URL`).join(',')}`;
}

/** What selects the cluster, for commands in messages: ` -n lab`, ` --leader http://…`, or nothing for the default cluster. */
export function optionOf(cluster: Cluster): string {
  return cluster.target === 'remote' ? ` --leader ${cluster.name}` : nameOption(cluster.name);
}

export function storeOf(cluster: Cluster): 'sqlite' | 'memory' {
  return cluster.target === 'remote' ? cluster.store : cluster.spec.store;
}

async function ask(url: string): Promise<NodeStatus> {
  const client = new KvClient({ timeoutMs: REMOTE_ANSWER_MS });
  try {
    return await client.status(url);
  } finally {
    await client.close();
  }
}

/** A leader that was deposed, or that never knew, does not count. */
function leads({ role, phase }: NodeStatus): boolean {
  return role === 'leader' && phase !== 'deposed';
}

/** With the reason in a sentence of ours if nothing answered; an answer that is no node's has its own. */
function unreachable(error: unknown, sentence: (reason: string) => string): unknown {
  if (!(error instanceof KvctlError) || typeof error.detail['reason'] !== 'string') return error;
  return new KvctlError('unreachable', sentence(error.detail['reason']), error.detail, error);
}
