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
  /** null with the memory store: nothing is kept. */
  readonly data_dir: string | null;
  readonly log: string;
  /** The node's own variables (SPEC 8); the few that every process needs are added when it is spawned. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ClusterPlan {
  readonly name: string;
  readonly base_port: number;
  readonly data_root: string;
  readonly nodes: readonly NodePlan[];
}

/** Absolute directories; see home.ts. */
export interface PlanPaths {
  readonly dataRoot: string;
  readonly logRoot: string;
}

/** One IP, a port per node: loopback aliases, the other way, do not exist on macOS without root. */
const HOST = '127.0.0.1';

export function planCluster(spec: ClusterSpec, basePort: number, paths: PlanPaths, token: string): ClusterPlan {
  const addresses = nodeIds(spec.followers).map((id, index) => ({ id, port: basePort + index, url: `http://${HOST}:${basePort + index}` }));
  const members = addresses.map(({ id, url }) => `${id}=${url}`).join(',');
  const nodes = addresses.map(({ id, port, url }, index): NodePlan => {
    const role = index === 0 ? 'leader' : 'follower';
    const dataDir = spec.store === 'memory' ? null : `${paths.dataRoot}/${id}`;
    const environment = {
      ROLE: role,
      NODE_ID: id,
      HOST,
      PORT: `${port}`,
      PUBLIC_URL: url,
      NODES: members,
      WRITE_QUORUM: `${spec.quorum}`,
      DELAY: spec.delay,
      SEED: `${spec.seed}`,
      STORE: spec.store,
      ...(dataDir === null ? {} : { DATA_DIR: dataDir }),
      CLUSTER_TOKEN: token,
      ...spec.settings,
    };
    return { id, role, port, url, data_dir: dataDir, log: `${paths.logRoot}/${id}.log`, environment };
  });
  return { name: spec.name, base_port: basePort, data_root: paths.dataRoot, nodes };
}

/** The plan as it may be shown: the token lets its holder change the cluster, so it does not belong on a screen or in a log. */
export function maskToken(plan: ClusterPlan): ClusterPlan {
  const nodes = plan.nodes.map((node) => ({ ...node, environment: { ...node.environment, CLUSTER_TOKEN: '***' } }));
  return { ...plan, nodes };
}

/** For people: a paragraph per node, one variable per line, the token masked. */
export function renderPlan(plan: ClusterPlan): string {
  const paragraphs = maskToken(plan).nodes.map((node) => {
    const variables = Object.entries(node.environment).map(([name, value]) => `    ${name}=${value}`);
    return [
      `${node.id} ${node.role} ${node.url}`,
      `  data ${node.data_dir ?? 'in memory'}`,
      `  log  ${node.log}`,
      '  environment',
      ...variables,
    ].join('\n');
  });
  const last = plan.base_port + plan.nodes.length - 1;
  const head = `cluster "${plan.name}": ${plan.nodes.length} nodes on ports ${plan.base_port} to ${last}`;
  return `${[head, ...paragraphs].join('\n\n')}\n`;
}
