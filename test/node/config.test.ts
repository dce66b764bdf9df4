import { describe, expect, test } from 'vitest';
import type { NodeConfig } from '../../src/node/config.ts';
import { configOf, mistakesOf } from '../support/node-config.ts';

const NODES = 'n1=http://127.0.0.1:8000,n2=http://127.0.0.1:8001,n3=http://127.0.0.1:8002,n4=http://127.0.0.1:8003';
const LEADER = { ROLE: 'leader', NODES } as const;

describe('a node whose environment says only what it must', () => {
  test('has the defaults of the contract', () => {
    const { seed, network, limits, ...config } = configOf({ ROLE: 'leader' });
    expect(config).toEqual({
      dialect: null,
      recognisedBy: 'ROLE',
      nodeId: 'n1',
      isUnnamed: false,
      label: null,
      isBornLeader: true,
      host: '127.0.0.1',
      port: 8000,
      publicUrl: 'http://127.0.0.1:8000',
      publicUrls: new Map(),
      members: [{ id: 'n1', url: 'http://127.0.0.1:8000' }],
      knowsEveryNode: false,
      quorum: 0,
      store: 'sqlite',
      dataDir: 'data/n1',
      token: null,
      logLevel: 'info',
      failpoint: null,
      diskFault: null,
      hasFaultInjection: false,
      requestTimeoutMs: 5_000,
      maxValueBytes: 1_048_576,
    });
    expect(Number.isSafeInteger(seed)).toBe(true);
    expect([...network]).toEqual([]);
    expect(limits).toMatchObject({
      batchMax: 256,
      batchBytes: 4_194_304,
      window: 2,
      quorumTimeoutMs: 5_000,
      failEarlyMs: 250,
      retransmitMs: 200,
    });
    expect(limits).toMatchObject({
      waitingWrites: 10_000,
      unsettledBytes: 67_108_864,
      queueRecords: 10_000,
      queueBytes: 16_777_216,
      heartbeatMs: 500,
    });
  });

  test('waits for min(3, N) followers', () => {
    const nodes = (count: number) => Array.from({ length: count + 1 }, (_, index) => `n${index + 1}=http://h${index + 1}:80`).join(',');
    expect([0, 1, 2, 3, 4, 5].map((followers) => configOf({ ROLE: 'leader', NODES: nodes(followers) }).quorum)).toEqual([0, 1, 2, 3, 3, 3]);
  });

  test('delays every message by 0 to 1000 ms', () => {
    const { network } = configOf(LEADER);
    const setting = { delay: { kind: 'uniform', min: 0, max: 1000 }, loss: 0, isPartitioned: false };
    expect([...network]).toEqual([
      ['n2', setting],
      ['n3', setting],
      ['n4', setting],
    ]);
  });

  test('draws another seed each time', () => {
    expect(new Set(Array.from({ length: 20 }, () => configOf(LEADER).seed)).size).toBeGreaterThan(15);
  });

  test('takes a variable that is set to nothing as not set', () => {
    const nothing = Object.fromEntries(
      ['NODE_ID', 'PORT', 'HOST', 'WRITE_QUORUM', 'DELAY', 'STORE', 'CLUSTER_TOKEN', 'LOG_LEVEL', 'SEED', 'DIALECT'].map((name) => [
        name,
        '',
      ]),
    );
    expect({ ...configOf({ ...LEADER, ...nothing }), seed: 0 }).toEqual({ ...configOf(LEADER), seed: 0 });
  });
});

describe('a variable is taken as it is given:', () => {
  const cases: [name: string, text: string, field: (config: NodeConfig) => unknown, value: unknown][] = [
    ['NODE_ID', 'n2', (config) => [config.nodeId, config.dataDir], ['n2', 'data/n2']],
    ['HOST', '0.0.0.0', (config) => [config.host, config.publicUrl], ['0.0.0.0', 'http://0.0.0.0:8000']],
    ['HOST', '::1', (config) => config.publicUrl, 'http://[::1]:8000'],
    ['PORT', '1', (config) => [config.port, config.publicUrl], [1, 'http://127.0.0.1:1']],
    ['PORT', '65535', (config) => config.port, 65_535],
    ['PUBLIC_URL', 'http://leader.example:9000/', (config) => config.publicUrl, 'http://leader.example:9000'],
    ['PUBLIC_URL', 'https://leader.example', (config) => config.publicUrl, 'https://leader.example'],
    ['PUBLIC_URLS', 'n1=http://a:9000,n2=http://a:9001', (config) => config.publicUrl, 'http://a:9000'],
    ['PUBLIC_URLS', 'n2=http://a:9001', (config) => [...config.publicUrls], [['n2', 'http://a:9001']]],
    ['WRITE_QUORUM', '0', (config) => config.quorum, 0],
    ['WRITE_QUORUM', '3', (config) => config.quorum, 3],
    ['MIN_DELAY_MS', '0.25', (config) => config.network.get('n2')?.delay, { kind: 'uniform', min: 0.25, max: 1000 }],
    ['MIN_DELAY_MS', '2000', (config) => config.network.get('n2')?.delay, { kind: 'constant', value: 2000 }],
    ['MAX_DELAY_MS', '0', (config) => config.network.get('n2')?.delay, { kind: 'constant', value: 0 }],
    ['MAX_DELAY_MS', '0.1', (config) => config.network.get('n2')?.delay, { kind: 'uniform', min: 0, max: 0.1 }],
    ['DELAY', '0-1000', (config) => config.network.get('n4')?.delay, { kind: 'uniform', min: 0, max: 1000 }],
    ['DELAY', '0.1-1.0', (config) => config.network.get('n4')?.delay, { kind: 'uniform', min: 0.1, max: 1 }],
    ['DELAY', '50', (config) => config.network.get('n4')?.delay, { kind: 'constant', value: 50 }],
    ['DELAY', 'lognormal:20,0.5', (config) => config.network.get('n4')?.delay, { kind: 'lognormal', median: 20, sigma: 0.5 }],
    ['DELAY', 'normal:50,10', (config) => config.network.get('n4')?.delay, { kind: 'normal', mean: 50, sd: 10 }],
    ['DELAY', 'exponential:20', (config) => config.network.get('n4')?.delay, { kind: 'exponential', mean: 20 }],
    ['REQUEST_TIMEOUT', '2', (config) => config.requestTimeoutMs, 2_000],
    ['REQUEST_TIMEOUT', '0.5', (config) => config.requestTimeoutMs, 500],
    ['QUORUM_TIMEOUT_MS', '250', (config) => config.limits.quorumTimeoutMs, 250],
    ['FAIL_EARLY_MS', '100', (config) => config.limits.failEarlyMs, 100],
    ['RETRANSMIT_MS', '50', (config) => config.limits.retransmitMs, 50],
    ['STORE', 'memory', (config) => [config.store, config.dataDir], ['memory', null]],
    ['STORE', 'sqlite', (config) => [config.store, config.dataDir], ['sqlite', 'data/n1']],
    ['DATA_DIR', '/somewhere', (config) => config.dataDir, '/somewhere'],
    ['CLUSTER_TOKEN', '12345678', (config) => config.token, '12345678'],
    ['SEED', '0', (config) => config.seed, 0],
    ['SEED', '9007199254740991', (config) => config.seed, Number.MAX_SAFE_INTEGER],
    ['LOG_LEVEL', 'silent', (config) => config.logLevel, 'silent'],
    ['FAILPOINT', 'after-commit', (config) => config.failpoint, { name: 'after-commit', pass: 1 }],
    ['FAILPOINT', 'before-promise:12', (config) => config.failpoint, { name: 'before-promise', pass: 12 }],
    ['FAILPOINT', 'fail-fsync:2', (config) => [config.failpoint, config.diskFault], [null, { name: 'fail-fsync', pass: 2 }]],
    ['FAULT_INJECTION', 'off', (config) => config.hasFaultInjection, false],
    ['BATCH_MAX', '1', (config) => config.limits.batchMax, 1],
    ['WINDOW', '8', (config) => config.limits.window, 8],
    ['MAX_VALUE_BYTES', '1', (config) => config.maxValueBytes, 1],
    ['DIALECT', 'native', (config) => config.nodeId, 'n1'],
  ];

  test.each(cases)('%s=%s', (name, text, field, value) => {
    expect(field(configOf({ ...LEADER, [name]: text }))).toEqual(value);
  });

  test('FAULT_INJECTION=on, with a token', () => {
    expect(configOf({ ...LEADER, CLUSTER_TOKEN: '12345678', FAULT_INJECTION: 'on' }).hasFaultInjection).toBe(true);
  });

  test('ROLE=follower, which knows itself by its name', () => {
    const config = configOf({ ROLE: 'follower', NODE_ID: 'n3', NODES });
    expect([config.isBornLeader, config.nodeId, config.members.length, config.knowsEveryNode]).toEqual([false, 'n3', 4, true]);
    expect([...config.network.keys()]).toEqual(['n1', 'n2', 'n4']);
  });

  test('NODES, with blanks and trailing slashes', () => {
    expect(configOf({ ROLE: 'leader', NODES: 'n1=http://a:1/, n2 = http://b:2' }).members).toEqual([
      { id: 'n1', url: 'http://a:1' },
      { id: 'n2', url: 'http://b:2' },
    ]);
  });

  test('FOLLOWER_URLS alone: the followers are n2, n3 and so on, and the leader cannot be changed', () => {
    const config = configOf({ ROLE: 'leader', FOLLOWER_URLS: 'http://b:1, http://c:2/' });
    expect(config.members).toEqual([
      { id: 'n1', url: 'http://127.0.0.1:8000' },
      { id: 'n2', url: 'http://b:1' },
      { id: 'n3', url: 'http://c:2' },
    ]);
    expect([config.knowsEveryNode, config.quorum, [...config.network.keys()]]).toEqual([false, 2, ['n2', 'n3']]);
  });

  test('a follower that was told of nobody takes any quorum, because it cannot know how many there are', () => {
    expect(configOf({ ROLE: 'follower', NODE_ID: 'n2', WRITE_QUORUM: '5' }).quorum).toBe(5);
  });

  test('DELAY may name the node itself, so that all nodes can be given the same text', () => {
    expect([...configOf({ ...LEADER, DELAY: '7;n1=50' }).network.values()].map(({ delay }) => delay)).toEqual(
      [7, 7, 7].map((value) => ({ kind: 'constant', value })),
    );
  });

  test('DELAY goes before MIN_DELAY_MS and MAX_DELAY_MS, and names nodes of their own', () => {
    const { network } = configOf({ ...LEADER, MIN_DELAY_MS: '1', MAX_DELAY_MS: '2', DELAY: 'n2=5-10;n3=50' });
    expect([...network].map(([id, { delay }]) => [id, delay])).toEqual([
      ['n2', { kind: 'uniform', min: 5, max: 10 }],
      ['n3', { kind: 'constant', value: 50 }],
      ['n4', { kind: 'uniform', min: 1, max: 2 }],
    ]);
    const all = configOf({ ...LEADER, DELAY: '7;n3=50' }).network;
    expect([...all.values()].map(({ delay }) => delay)).toEqual([7, 50, 7].map((value) => ({ kind: 'constant', value })));
  });
});

describe('a mistake is one line that names the variable, what was expected and what was got:', () => {
  test.each([
    ['ROLE', undefined, 'ROLE: expected one of leader, follower, got nothing'],
    ['ROLE', 'Leader', 'ROLE: expected one of leader, follower, got "Leader"'],
    ['NODE_ID', '-n1', /^NODE_ID: expected a name of letters.*got "-n1"$/],
    ['NODE_ID', 'n 1', /^NODE_ID: .*got "n 1"$/],
    ['NODE_ID', 'n1=x', /^NODE_ID: /],
    ['NODE_ID', 'a'.repeat(65), /^NODE_ID: /],
    ['PORT', '0', 'PORT: expected an integer from 1 to 65535, got "0"'],
    ['PORT', '65536', 'PORT: expected an integer from 1 to 65535, got "65536"'],
    ['PORT', '80x', 'PORT: expected an integer from 1 to 65535, got "80x"'],
    ['PORT', '8000.5', 'PORT: expected an integer from 1 to 65535, got "8000.5"'],
    ['PORT', '-1', 'PORT: expected an integer from 1 to 65535, got "-1"'],
    ['PUBLIC_URL', 'leader:8000', 'PUBLIC_URL: expected a URL like http://127.0.0.1:8001, got "leader:8000"'],
    ['PUBLIC_URL', 'http://a/b', /^PUBLIC_URL: .*got "http:\/\/a\/b"$/],
    ['PUBLIC_URL', 'ftp://a', /^PUBLIC_URL: /],
    ['PUBLIC_URL', 'http://user:password@a', /^PUBLIC_URL: /],
    ['PUBLIC_URL', 'http://a/?x', /^PUBLIC_URL: /],
    ['PUBLIC_URL', 'http://a/#x', /^PUBLIC_URL: /],
    ['PUBLIC_URLS', 'http://a:9000', /^PUBLIC_URLS: expected name=url,name=url,…/],
    ['PUBLIC_URLS', 'n1=http://a:1,n2=http://a:1', /^PUBLIC_URLS: expected every name and every URL once/],
    ['NODES', 'nonsense', /^NODES: expected name=url,name=url,….*got "nonsense"$/],
    ['NODES', 'n1=http://a:1,', /^NODES: .*got ""$/],
    ['NODES', 'n1=http://a:1,n2=b', /^NODES: .*got "n2=b"$/],
    ['NODES', 'n1=http://a:1,=http://b:2', /^NODES: .*got "=http:\/\/b:2"$/],
    ['NODES', 'n1=http://a:1,n1=http://b:2', /^NODES: expected every name and every URL once/],
    ['NODES', 'n1=http://a:1,n2=http://a:1', /^NODES: expected every name and every URL once/],
    ['NODES', 'n2=http://a:1,n3=http://b:2', /^NODES: expected this node, n1, among the nodes, got "n2=http/],
    ['WRITE_QUORUM', '4', 'WRITE_QUORUM: expected an integer from 0 to 3, the number of followers, got "4"'],
    ['WRITE_QUORUM', '-1', /^WRITE_QUORUM: expected an integer/],
    ['WRITE_QUORUM', '1.5', /^WRITE_QUORUM: expected an integer/],
    ['WRITE_QUORUM', '1e0', /^WRITE_QUORUM: expected an integer/],
    ['WRITE_QUORUM', 'majority', /^WRITE_QUORUM: expected an integer/],
    ['MIN_DELAY_MS', '-1', 'MIN_DELAY_MS: expected a number from 0 to 3600000, got "-1"'],
    ['MIN_DELAY_MS', 'NaN', /^MIN_DELAY_MS: /],
    ['MAX_DELAY_MS', 'Infinity', /^MAX_DELAY_MS: /],
    ['MAX_DELAY_MS', '3600001', /^MAX_DELAY_MS: /],
    ['DELAY', 'fast', /^DELAY: /],
    ['DELAY', '10-5', /^DELAY: /],
    ['DELAY', 'n9=5', /^DELAY: .*got "n9"$/],
    ['DELAY', 'n2=5;n2=6', /^DELAY: expected one delay per node, got two for n2/],
    ['DELAY', '5;6', /^DELAY: expected one delay for all nodes, got two/],
    ['DELAY', 'n2=5;', /^DELAY: /],
    ['REQUEST_TIMEOUT', '0', 'REQUEST_TIMEOUT: expected a number from 0.05 to 3600, got "0"'],
    ['REQUEST_TIMEOUT', '5s', /^REQUEST_TIMEOUT: /],
    ['QUORUM_TIMEOUT_MS', '0', /^QUORUM_TIMEOUT_MS: /],
    ['FOLLOWER_URLS', 'http://a:1,b:2', 'FOLLOWER_URLS: expected a URL like http://127.0.0.1:8001, got "b:2"'],
    ['STORE', 'disk', 'STORE: expected one of sqlite, memory, got "disk"'],
    ['CLUSTER_TOKEN', 'short', /^CLUSTER_TOKEN: expected 8 to 512 printable characters/],
    ['CLUSTER_TOKEN', 'with a blank', /^CLUSTER_TOKEN: /],
    ['CLUSTER_TOKEN', 'line\nbreak\r', /^CLUSTER_TOKEN: /],
    ['SEED', '-1', /^SEED: /],
    ['SEED', '9007199254740992', /^SEED: /],
    ...['after', 'toString', 'after-commit:', 'after-commit:0', 'after-commit:1.5', 'fail-write:0'].map(
      (text): [string, string, RegExp] => [
        'FAILPOINT',
        text,
        /^FAILPOINT: expected one of before-commit, after-commit, .*, fail-write, fail-fsync, with :N for the Nth time, got /,
      ],
    ),
    ['FAULT_INJECTION', 'on', 'FAULT_INJECTION: expected CLUSTER_TOKEN to be set with it, got "on"'],
    ['FAULT_INJECTION', 'yes', 'FAULT_INJECTION: expected one of on, off, got "yes"'],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent, got "loud"$/],
    ['BATCH_MAX', '0', /^BATCH_MAX: /],
    ['WINDOW', '0', /^WINDOW: /],
    ['MAX_VALUE_BYTES', '1MiB', /^MAX_VALUE_BYTES: /],
    ['DIALECT', 'lab1', 'DIALECT: expected one of native, lab-1, lab-2, lab-3, lab-4, lab-5, got "lab1"'],
  ])('%s=%s', (name, text, line) => {
    const mistakes = mistakesOf({ ...LEADER, [name]: text });
    expect(mistakes).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)]);
    expect(mistakes[0]).not.toContain('\n');
  });

  test('a follower without a name', () => {
    expect(mistakesOf({ ROLE: 'follower', NODES })).toEqual([expect.stringMatching(/^NODE_ID: expected a name.*got nothing$/)]);
  });

  test('a smallest delay above the largest', () => {
    expect(mistakesOf({ ...LEADER, MIN_DELAY_MS: '5', MAX_DELAY_MS: '2' })).toEqual([
      'MIN_DELAY_MS: expected at most MAX_DELAY_MS, 2, got "5"',
    ]);
  });

  test('a leader with the name of one of its followers', () => {
    const mistakes = mistakesOf({ ROLE: 'leader', NODE_ID: 'n3', FOLLOWER_URLS: 'http://b:1,http://c:2' });
    expect(mistakes).toEqual(['NODE_ID: expected a name that none of FOLLOWER_URLS has, got "n3"']);
  });

  test('more followers than acks can be counted of', () => {
    const nodes = Array.from({ length: 64 }, (_, index) => `n${index + 1}=http://h:${index + 1}`).join(',');
    expect(mistakesOf({ ROLE: 'leader', NODES: nodes })).toEqual(['NODES: expected at most 62 followers, got "63"']);
  });

  test('a disk that fails where there is none', () => {
    const [mistake] = mistakesOf({ ...LEADER, STORE: 'memory', FAILPOINT: 'fail-write' });
    expect(mistake).toMatch(/^FAILPOINT: expected STORE=sqlite with it/);
  });

  test('a token, which is never shown', () => {
    expect(mistakesOf({ ...LEADER, CLUSTER_TOKEN: 'secret secret secret' }).join()).not.toContain('secret');
  });

  test('all of them at once, a line each', () => {
    const mistakes = mistakesOf({
      ROLE: 'boss',
      NODES,
      PORT: '0',
      STORE: 'disk',
      WRITE_QUORUM: '9',
      DELAY: 'fast',
      SEED: 'x',
      LOG_LEVEL: 'loud',
    });
    expect(mistakes.map((line) => line.slice(0, line.indexOf(':'))).sort()).toEqual([
      'DELAY',
      'LOG_LEVEL',
      'PORT',
      'ROLE',
      'SEED',
      'STORE',
      'WRITE_QUORUM',
    ]);
  });
});
