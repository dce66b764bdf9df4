/**
 * What `up` will start: every node with its port, address, files and environment. Pure, so that `up --dry-run` prints exactly
 * what would happen, and what happened can be compared with it.
 */
import { type ClusterSpec, nodeIds } from './spec.ts';

export interface NodePlan {
  readonly id: string;
  /** Of an empty data directory; afterwards the node's stored state decides. */
  readonly role: 'leader' | 'follower';
  readonly port: number;
  readonly url: string;
  /** A directory; of a container the volume's name. null with the memory store: nothing is kept. */
  readonly data_dir: string | null;
  readonly log: string;
  /** The node's own variables (SPEC 8); the few that every process needs are added when it is spawned. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ClusterPlan {
  readonly name: string;
  readonly target: ClusterSpec['target'];
  readonly base_port: number;
  /** Of data_dir what they have in common. */
  readonly data_root: string;
  readonly nodes: readonly NodePlan[];
}

/** Absolute directories; see home.ts. */
export interface PlanPaths {
  readonly dataRoot: string;
  readonly logRoot: string;
  /** What Compose calls the cluster, and begins the names of its volumes with. */
  readonly project: string;
}

/** One IP, a port per node: loopback aliases, the other way, do not exist on macOS without root. */
const HOST = '127.0.0.1';
/** Of every node's container, which has an IP of its own; said to the node, because a dialect may have another default. */
export const CONTAINER_PORT = 8000;

export function planCluster(spec: ClusterSpec, basePort: number, paths: PlanPaths, token: string): ClusterPlan {
  const addresses = nodeIds(spec.followers).map((id, index) => ({ id, port: basePort + index, url: `http://${HOST}:${basePort + index}` }));
  const place = spec.target === 'compose' ? inContainers(addresses, paths) : onThisMachine(addresses, paths);
  const nodes = addresses.map((address, index): NodePlan => {
    const role = index === 0 ? 'leader' : 'follower';
    const dataDir = spec.store === 'memory' ? null : place.dataDirOf(address);
    const environment = {
      ROLE: role,
      NODE_ID: address.id,
      ...place.networkOf(address),
      WRITE_QUORUM: `${spec.quorum}`,
      DELAY: spec.delay,
      SEED: `${spec.seed}`,
      STORE: spec.store,
      ...(dataDir === null ? {} : place.storageOf(dataDir)),
      CLUSTER_TOKEN: token,
      ...spec.settings,
    };
    const { id, port, url } = address;
    return { id, role, port, url, data_dir: dataDir, log: `${paths.logRoot}/${id}.log`, environment };
  });
  return { name: spec.name, target: spec.target, base_port: basePort, data_root: place.dataRoot, nodes };
}

type Address = Pick<NodePlan, 'id' | 'port' | 'url'>;

/** What a node's place decides: where its data is, and which variables of SPEC 8 tell it so. */
interface Place {
  readonly dataRoot: string;
  readonly dataDirOf: (address: Address) => string;
  readonly networkOf: (address: Address) => Readonly<Record<string, string>>;
  readonly storageOf: (dataDir: string) => Readonly<Record<string, string>>;
}

function onThisMachine(addresses: readonly Address[], { dataRoot }: PlanPaths): Place {
  const members = addresses.map(({ id, url }) => `${id}=${url}`).join(',');
  return {
    dataRoot,
    dataDirOf: ({ id }) => `${dataRoot}/${id}`,
    networkOf: ({ port, url }) => ({ HOST, PORT: `${port}`, PUBLIC_URL: url, NODES: members }),
    storageOf: (dataDir) => ({ DATA_DIR: dataDir }),
  };
}

/** Containers know each other by names that mean nothing outside; clients are told the published ports. The image says the rest. */
function inContainers(addresses: readonly Address[], { project }: PlanPaths): Place {
  const members = addresses.map(({ id }) => `${id}=http://${id}:${CONTAINER_PORT}`).join(',');
  const published = addresses.map(({ id, url }) => `${id}=${url}`).join(',');
  return {
    dataRoot: project,
    dataDirOf: ({ id }) => `${project}_${id}`,
    networkOf: () => ({ PORT: `${CONTAINER_PORT}`, NODES: members, PUBLIC_URLS: published }),
    storageOf: () => ({}),
  };
}

/** The plan as it may be shown: the token lets its holder change the cluster, so it does not belong on a screen or in a log. */
export function maskToken(plan: ClusterPlan): ClusterPlan {
  const nodes = plan.nodes.map((node) => ({ ...node, environment: { ...node.environment, CLUSTER_TOKEN: '***' } }));
  return { ...plan, nodes };
}

/** For people: a paragraph per node, one variable per line, the token masked. */
export function renderPlan(plan: ClusterPlan): string {
  const isLocal = plan.target === 'local';
  const paragraphs = maskToken(plan).nodes.map((node) => {
    const variables = Object.entries(node.environment).map(([name, value]) => `    ${name}=${value}`);
    return [
      `${node.id} ${node.role} ${node.url}`,
      `  data ${node.data_dir === null ? 'in memory' : isLocal ? node.data_dir : `volume ${node.data_dir}`}`,
      `  log  ${node.log}`,
      '  environment',
      ...variables,
    ].join('\n');
  });
  const last = plan.base_port + plan.nodes.length - 1;
  const head = `cluster "${plan.name}": ${plan.nodes.length} nodes on ports ${plan.base_port} to ${last}${isLocal ? '' : ', in containers'}`;
  return `${[head, ...paragraphs].join('\n\n')}\n`;
}
