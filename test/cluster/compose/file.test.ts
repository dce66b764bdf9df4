/** The compose files, read as Compose reads them: merge keys resolved, variables filled in. What Compose makes of them is in test/e2e/compose.test.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderClusterFile, renderPackageFile } from '../../../src/cluster/compose/file.ts';
import { planCluster } from '../../../src/cluster/plan.ts';
import { type ClusterWish, nodeIds, parseSpec } from '../../../src/cluster/spec.ts';

interface Service {
  readonly [member: string]: unknown;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly volumes?: readonly string[];
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, null>>;
}

const PACKAGE_FILE = new URL('../../../docker-compose.yml', import.meta.url);
const TOKEN = 'a-secret-of-this-test';
const paths = { dataRoot: '/home/data', logRoot: '/home/logs', project: 'kvctl-lab-0a1b2c3d' };

/** `${NAME:-default}`, `${NAME}` and `$$`, as Compose fills them in; `variables` are the environment. */
function fillIn(text: string, variables: Readonly<Record<string, string>> = {}): string {
  return text.replaceAll(/\$(?:\$|\{([A-Z0-9_]+)(?::-([^}]*))?\})/g, (_whole, name?: string, otherwise = '') =>
    name === undefined ? '$' : variables[name] || otherwise,
  );
}

function read(text: string, variables?: Readonly<Record<string, string>>): ComposeFile {
  return parse(fillIn(text, variables), { merge: true }) as ComposeFile;
}

function clusterFile(wish: ClusterWish = {}): string {
  return renderClusterFile(planCluster(parseSpec({ ...wish, target: 'compose' }), wish.port ?? 8000, paths, TOKEN), 'kvctl-node:test');
}

/** A service without what tells the two files apart: who made the image, and variables that are not given. */
function comparable({ image: _image, build: _build, environment, ...rest }: Service): object {
  return { ...rest, environment: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== '')) };
}

test('docker-compose.yml is what the code that writes the files of clusters makes of the defaults', () => {
  const made = renderPackageFile();
  if (process.env['KVCTL_UPDATE_GOLDEN'] === '1') writeFileSync(PACKAGE_FILE, made);
  else expect(readFileSync(PACKAGE_FILE, 'utf8')).toBe(made);
});

test('docker-compose.yml with nothing set is the cluster that kvctl starts with nothing given', () => {
  const shipped = read(renderPackageFile());
  const planned = read(clusterFile());
  expect(Object.keys(shipped.services)).toEqual(nodeIds(5));
  for (const [id, service] of Object.entries(shipped.services)) expect(comparable(service)).toEqual(comparable(planned.services[id]!));
  expect(shipped.volumes).toEqual(planned.volumes);
});

test('docker-compose.yml takes every variable of a node, its limits, and other ports from the environment', () => {
  const given = {
    WRITE_QUORUM: '1',
    DELAY: '0-200',
    SEED: '7',
    STORE: 'memory',
    CLUSTER_TOKEN: TOKEN,
    BATCH_MAX: '1',
    LOG_LEVEL: 'debug',
    NODE_MEMORY: '256m',
    NODE_CPUS: '0.5',
    PORT_PREFIX: '910',
    KVCTL_IMAGE: 'mine',
  };
  const { services } = read(renderPackageFile(), given);
  const { NODE_MEMORY, NODE_CPUS, PORT_PREFIX, KVCTL_IMAGE, ...environment } = given;
  for (const service of Object.values(services)) {
    expect(service.environment).toMatchObject(environment);
    expect(service).toMatchObject({ image: KVCTL_IMAGE, mem_limit: NODE_MEMORY, cpus: NODE_CPUS });
  }
  expect(services['n6']?.ports).toEqual([`127.0.0.1:${PORT_PREFIX}5:8000`]);
  expect(services['n6']?.environment['PUBLIC_URLS']).toMatch(/^n1=http:\/\/127[.]0[.]0[.]1:9100,.*,n6=http:\/\/127[.]0[.]0[.]1:9105$/);
  expect(services['n6']?.environment['NODES']).toMatch(/^n1=http:\/\/n1:8000,.*,n6=http:\/\/n6:8000$/);
});

test.each([
  ['kvctl', clusterFile()],
  ['the package', renderPackageFile()],
])(
  'every node of the file of %s is published on 127.0.0.1 only, is limited, stays dead when killed, and has its own volume',
  (_whose, text) => {
    for (const [id, service] of Object.entries(read(text).services)) {
      expect(service.ports.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
      expect(service).toMatchObject({ restart: 'no', mem_limit: '1g', cpus: '1', pids_limit: 100, read_only: true, cap_drop: ['ALL'] });
      expect(service).not.toHaveProperty('deploy');
      expect(service.volumes).toEqual([`${id}:/data`]);
    }
    expect(parse(text)).not.toHaveProperty('version');
  },
);

test.each([0, 1, 9])('kvctl writes the file of a cluster of %i followers, on the ports that it chose', (followers) => {
  const { services, volumes } = read(clusterFile({ followers, port: 9100 }));
  expect(Object.keys(services)).toEqual(nodeIds(followers));
  expect(Object.keys(volumes ?? {})).toEqual(nodeIds(followers));
  expect(Object.values(services).map(({ ports }) => ports[0])).toEqual(
    nodeIds(followers).map((_, index) => `127.0.0.1:${9100 + index}:8000`),
  );
  expect(Object.values(services).map(({ environment }) => environment['ROLE'])).toEqual(['leader', ...Array(followers).fill('follower')]);
});

test('a cluster in memory has no volumes', () => {
  const { services, volumes } = read(clusterFile({ store: 'memory' }));
  expect(volumes).toBeUndefined();
  for (const service of Object.values(services)) expect(service).not.toHaveProperty('volumes');
});

test('the token is in no file, but reaches the nodes by the environment of the one who calls Compose', () => {
  expect(clusterFile()).not.toContain(TOKEN);
  expect(read(clusterFile(), { CLUSTER_TOKEN: TOKEN }).services['n1']?.environment['CLUSTER_TOKEN']).toBe(TOKEN);
});

test('a value arrives as it was planned, whatever is special in it to Compose or to YAML', () => {
  const odd = `\${HOME} $$ "quoted" #: - {x}`;
  const { services } = read(clusterFile({ settings: { DIALECT: odd } }));
  expect(services['n1']?.environment['DIALECT']).toBe(odd);
});
