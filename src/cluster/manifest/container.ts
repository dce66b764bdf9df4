/**
 * What a container of a node is, whatever runs it: the promises of the image (Dockerfile), the node's variables that do not
 * depend on the orchestrator, and what a node needs to live and to end. Swarm and Kubernetes only dress this up.
 *
 * Invariant: what differs between the nodes is NODE_ID, ROLE and PUBLIC_URL; everything else, NODES included, is the same on all.
 */
import { type ClusterSpec, nodeIds } from '../spec.ts';

/** Every container has an address of its own, so all nodes listen on the same port. */
export const NODE_PORT = 8000;

/** Of the image, which is built from the Dockerfile of this package. */
export const IMAGE = {
  /** Starts a node. */
  command: ['node', '--disable-warning=ExperimentalWarning', '/app/node/main.js'],
  /** Ends with 0 if the node of this container answers at PORT. */
  health: '/app/health',
  /** A directory that the image's user owns: Docker makes a new volume that is mounted here as writable as it is. */
  dataRoot: '/data',
  /** User and group, by number: Kubernetes cannot see that a user with a name is not root. */
  user: 1000,
} as const;

/**
 * A directory below the volume's root: a fresh disk has a `lost+found` there, and in it a node would not be alone.
 */
export const DATA_DIR = `${IMAGE.dataRoot}/node`;

/**
 * An idle node takes 90 to 120 MB; under load a leader's links, unsettled writes and garbage come on top. Two cores: a leader
 * has a thread for its event loop and one for its disk, and with less the limit would show up in every latency.
 */
export const RESOURCES = { requests: { cpu: 0.1, memoryMi: 256 }, limits: { cpu: 2, memoryMi: 1024 } } as const;

export interface Member {
  readonly id: string;
  readonly url: string;
}

/** n1 first. */
export function membersOf(spec: ClusterSpec, urlOf: (id: string, index: number) => string): Member[] {
  return nodeIds(spec.followers).map((id, index) => ({ id, url: urlOf(id, index) }));
}

/** The variables that all nodes have in common (SPEC 8); the token comes from a secret. */
export function commonEnvironment(spec: ClusterSpec, members: readonly Member[]): Record<string, string> {
  return {
    HOST: '0.0.0.0',
    PORT: `${NODE_PORT}`,
    NODES: members.map(({ id, url }) => `${id}=${url}`).join(','),
    WRITE_QUORUM: `${spec.quorum}`,
    DELAY: spec.delay,
    SEED: `${spec.seed}`,
    STORE: spec.store,
    ...(spec.store === 'memory' ? {} : { DATA_DIR }),
    ...spec.settings,
  };
}

/** `1 leader and 5 followers, write quorum 3, delay 0-1000 ms, sqlite store`. */
export function describeTopology({ followers, quorum, delay, store }: ClusterSpec): string {
  return `1 leader and ${followers} follower${followers === 1 ? '' : 's'}, write quorum ${quorum}, delay ${delay} ms, ${store} store`;
}
