/**
 * The compose file of a cluster, as text. One function writes both kinds: the file that kvctl keeps in a cluster's directory,
 * with every value as planned, and the docker-compose.yml of the package, whose values are variables with the plan's as
 * defaults. So what people start by hand and what kvctl starts cannot drift apart.
 *
 * Text, not a YAML library: people read it, so it has comments, and says once what is the same for all nodes. It is for Compose 2
 * and for docker-compose 1.29: no `version`, of which 2 complains, and `mem_limit` and `cpus`, which both honour, not `deploy`.
 */
import { type ClusterPlan, CONTAINER_PORT, planCluster } from '../plan.ts';
import { DEFAULT_BASE_PORT, graceSeconds, parseSpec, SETTINGS } from '../spec.ts';

/** What `docker compose up` in the package calls the image; kvctl's own names have a version besides. */
export const IMAGE = 'kvctl-node';

interface Style {
  /** Comment at the top, without `#`. */
  readonly head: readonly string[];
  readonly image: string;
  /** Lines below the image's. */
  readonly build: readonly string[];
  /** A value of the file. `name` is the variable that might be given for it. */
  readonly value: (name: string, planned: string) => string;
}

/** What the nodes need of the machine; the shipped file lets it be set. */
const LIMITS = { NODE_MEMORY: '1g', NODE_CPUS: '1' };
/** Variables that differ from node to node. */
const OWN = ['ROLE', 'NODE_ID'];
/** In no file: Compose gets it by its environment. */
const TOKEN = 'CLUSTER_TOKEN';

/** Of a cluster that kvctl runs; the image is there already. Holds no secret. */
export function renderClusterFile(plan: ClusterPlan, image: string): string {
  return render(plan, {
    head: [`Cluster "${plan.name}", written by kvctl at each start of nodes: changes are lost. kvctl gives ${TOKEN} by the environment.`],
    image,
    build: [],
    value: (name, planned) => quote(name === TOKEN ? `\${${TOKEN}}` : planned.replaceAll('$', '$$$$')),
  });
}

/** The docker-compose.yml of the package: one leader, five followers, everything by environment. */
export function renderPackageFile(): string {
  // Breaking nodes is no setting of a cluster that people start by hand.
  const shown = SETTINGS.filter((name) => name !== 'FAULT_INJECTION');
  const spec = parseSpec({ target: 'compose', settings: Object.fromEntries(shown.map((name) => [name, ''])) });
  const plan = planCluster(spec, DEFAULT_BASE_PORT, { dataRoot: '', logRoot: '', project: '' }, '');
  const prefix = `${DEFAULT_BASE_PORT}`.slice(0, -1);
  const anyPort = (text: string) =>
    text.replaceAll(new RegExp(`(?<=127[.]0[.]0[.]1:)${prefix}(?=[0-9])`, 'g'), `\${PORT_PREFIX:-${prefix}}`);
  return render(plan, {
    head: [
      'One leader, n1, and five followers: `docker compose up --build`, or `docker-compose up --build`.',
      '`kvctl up --target compose` starts the same, for any number of followers, and looks after it: it writes a file like this one.',
      '',
      'Everything can be set by the environment, or in a file .env beside this one: WRITE_QUORUM=1 DELAY=0-200 docker compose up --build',
      'The ports are 8000 to 8005; PORT_PREFIX=900 makes them 9000 to 9005. An empty value means the default.',
      'Without CLUSTER_TOKEN whoever may open ports of this machine on 127.0.0.1 may administer the nodes, too.',
      'Data stays in the volumes until `docker compose down --volumes`.',
    ],
    image: `\${KVCTL_IMAGE:-${IMAGE}}`,
    build: [
      'build:',
      '  context: .',
      '  # The registry that npm asks during the build; unset, npm decides.',
      '  args: [NPM_CONFIG_REGISTRY]',
    ],
    value: (name, planned) =>
      quote(['NODES', 'ports', 'PUBLIC_URLS', 'PORT'].includes(name) ? anyPort(planned) : `\${${name}:-${planned}}`),
  });
}

function render(plan: ClusterPlan, { head, image, build, value }: Style): string {
  const shared = Object.entries(plan.nodes[0]?.environment ?? {}).filter(([name]) => !OWN.includes(name));
  const withData = plan.nodes.filter(({ data_dir }) => data_dir !== null);
  const lines = [
    ...head.map((line) => `# ${line}`.trimEnd()),
    '',
    'x-node: &node',
    `  image: ${quote(image)}`,
    ...build.map((line) => `  ${line}`),
    '  # What is killed stays killed: that is what faults are for.',
    '  restart: "no"',
    `  mem_limit: ${value('NODE_MEMORY', LIMITS.NODE_MEMORY)}`,
    `  cpus: ${value('NODE_CPUS', LIMITS.NODE_CPUS)}`,
    '  pids_limit: 100',
    '  # A node needs its port and its volume, and nothing else of the system.',
    '  read_only: true',
    '  tmpfs: [/tmp]',
    '  cap_drop: [ALL]',
    '  security_opt: ["no-new-privileges:true"]',
    '  # A node answers first what is in flight, which QUORUM_TIMEOUT_MS bounds.',
    `  stop_grace_period: ${value('STOP_GRACE', `${graceSeconds(plan.nodes[0]?.environment ?? {})}s`)}`,
    '  logging:',
    '    driver: json-file',
    '    options: { max-size: 10m, max-file: "2" }',
    '',
    'x-environment: &environment',
    ...shared.map(([name, planned]) => `  ${name}: ${value(name, planned)}`),
    '',
    '# Published for this machine only.',
    'services:',
    ...plan.nodes.flatMap(({ id, role, port, data_dir }) => [
      `  ${id}:`,
      '    <<: *node',
      `    environment: { <<: *environment, NODE_ID: ${id}, ROLE: ${role} }`,
      `    ports: [${value('ports', `127.0.0.1:${port}:${CONTAINER_PORT}`)}]`,
      ...(data_dir === null ? [] : [`    volumes: ["${id}:/data"]`]),
    ]),
    ...(withData.length === 0 ? [] : ['', 'volumes:', ...withData.map(({ id }) => `  ${id}:`)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A JSON string is a YAML string. */
function quote(text: string): string {
  return JSON.stringify(text);
}
