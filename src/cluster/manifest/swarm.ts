/**
 * The cluster as a Docker Swarm stack: one service per node, because every node has a name, data and a role of its own, which
 * the replicas of one service have not. Pure; the file is for `docker stack deploy`, not for `docker compose`.
 *
 * A stack file cannot say everything: the token's secret is made by hand, and machines are given to nodes by labels, because a
 * volume stays on its machine. A node that Swarm moved would wake up without its data, and an empty leader leads nobody.
 */
import { type ClusterSpec, graceSeconds } from '../spec.ts';
import { commonEnvironment, describeTopology, IMAGE, membersOf, NODE_PORT, RESOURCES } from './container.ts';
import type { SwarmOptions } from './options.ts';

const SECRET_FILE = 'cluster-token';
const NETWORK = 'nodes';

/** A node takes its token from its environment, a secret is a file. Without a token the node must not start: it would obey everybody. */
const START = `\
CLUSTER_TOKEN="$(cat /run/secrets/${SECRET_FILE})"
export CLUSTER_TOKEN="\${CLUSTER_TOKEN:?expected a token in the secret ${SECRET_FILE}}"
exec "$@"
`;

/** The Compose document, version 3.8. */
export function swarmStack(spec: ClusterSpec, options: SwarmOptions): object {
  const members = membersOf(spec, (id) => `http://${id}:${NODE_PORT}`);
  const common = commonEnvironment(spec, members);
  const service = (id: string, url: string, index: number) => ({
    image: options.image,
    hostname: id,
    entrypoint: ['/bin/sh', '-c', START, 'kvctl-node'],
    command: IMAGE.command,
    environment: { NODE_ID: id, ROLE: index === 0 ? 'leader' : 'follower', PUBLIC_URL: url, ...common },
    secrets: [{ source: 'token', target: SECRET_FILE }],
    networks: [NETWORK],
    ...(spec.port === null ? {} : { ports: [{ target: NODE_PORT, published: spec.port + index, protocol: 'tcp', mode: 'host' }] }),
    volumes: [
      ...(spec.store === 'memory' ? [] : [{ type: 'volume', source: volumeOf(id), target: IMAGE.dataRoot }]),
      { type: 'tmpfs', target: '/tmp' },
    ],
    user: `${IMAGE.user}:${IMAGE.user}`,
    read_only: true,
    cap_drop: ['ALL'],
    init: true,
    stop_grace_period: `${graceSeconds(spec.settings)}s`,
    // Swarm tells the others of a node once it is healthy, and not before the first interval is over.
    healthcheck: { test: ['CMD', IMAGE.health], interval: '5s', timeout: '5s', retries: 12, start_period: '2m' },
    deploy: {
      replicas: 1,
      placement: { constraints: [`node.labels.${labelOf(options, id)} == true`] },
      resources: {
        reservations: { cpus: `${RESOURCES.requests.cpu}`, memory: `${RESOURCES.requests.memoryMi}M` },
        limits: { cpus: `${RESOURCES.limits.cpu}`, memory: `${RESOURCES.limits.memoryMi}M` },
      },
      restart_policy: { condition: 'any', delay: '2s' },
    },
  });
  const stack = {
    version: '3.8',
    services: Object.fromEntries(members.map(({ id, url }, index) => [id, service(id, url, index)])),
    // Attachable: without published ports, a container on this network is the way in.
    networks: { [NETWORK]: { driver: 'overlay', attachable: true } },
    ...(spec.store === 'memory' ? {} : { volumes: Object.fromEntries(members.map(({ id }) => [volumeOf(id), {}])) }),
    secrets: { token: { external: true, name: options.tokenSecret } },
  };
  return escapeDollars(stack) as object;
}

/** What to do with the file, for its head. */
export function describeSwarm(spec: ClusterSpec, options: SwarmOptions): string[] {
  const { stack, tokenSecret, image } = options;
  const ids = membersOf(spec, () => '').map(({ id }) => id);
  const [first = 'n1'] = ids;
  const ports = spec.port === null ? null : `${spec.port}${spec.followers === 0 ? '' : ` to ${spec.port + spec.followers}`}`;
  return [
    `The kvctl cluster "${spec.name}" as a Docker Swarm stack: ${describeTopology(spec)}.`,
    '',
    `1. Every machine must be able to pull ${image}.`,
    '2. Make the token, once, and keep the file: whoever has it may administer the cluster.',
    `     (umask 077; openssl rand -hex 24 > ${stack}.token) && docker secret create ${tokenSecret} ${stack}.token`,
    `3. Give each node (${ids.join(', ')}) a machine, which keeps its data; several may share one:`,
    `     docker node update --label-add ${labelOf(options, first)}=true MACHINE`,
    '4. Deploy this file:',
    `     docker stack deploy -c FILE ${stack}`,
    ...(ports === null
      ? [
          `Nothing is published: reads and writes need no token. The way in is a container on the network ${stack}_${NETWORK},`,
          `     where the leader is http://${first}:${NODE_PORT}. (--port 8000 opens a port of its machine for each node.)`,
        ]
      : [
          `Each node's port (${ports}) is open on its machine, for everybody who reaches it: reads and writes need no token.`,
          `     kvctl --leader http://MACHINE:${spec.port} --token-file ${stack}.token status`,
        ]),
    'Do not scale a service: the members are fixed when the cluster is born.',
  ];
}

function volumeOf(id: string): string {
  return `${id}-data`;
}

function labelOf({ stack }: SwarmOptions, id: string): string {
  return `${stack}-${id}`;
}

/** `docker stack deploy` puts its own environment into `$NAME`; a doubled dollar is one that it leaves alone. */
function escapeDollars(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escapeDollars);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, escapeDollars(member)]));
}
