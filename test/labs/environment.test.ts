import { describe, expect, test } from 'vitest';
import { translateEnvironment } from '../../src/labs/environment.ts';
import { type Environment, recognise } from '../../src/labs/recognise.ts';
import type { NodeConfig } from '../../src/node/config.ts';
import { LAB_NAMES, type LabName, readLab } from '../support/lab-compose.ts';
import { configOf, mistakesOf } from '../support/node-config.ts';

describe('the services of a lab’s compose file are understood:', () => {
  const uniform = (min: number, max: number) => ({ kind: 'uniform', min, max });
  const leaders: Record<LabName, object> = {
    'lab-1': {
      port: 5000,
      quorum: 3,
      delay: uniform(0, 1000),
      store: 'memory',
      followers: [1, 2, 3, 4, 5].map((each) => `http://follower${each}:5000`),
    },
    'lab-2': {
      port: 8000,
      quorum: 3,
      delay: uniform(0, 1000),
      store: 'memory',
      followers: [1, 2, 3, 4, 5].map((each) => `http://follower${each}:8000`),
    },
    'lab-3': {
      port: 5000,
      quorum: 5,
      delay: uniform(10, 150),
      store: 'memory',
      followers: [1, 2, 3, 4, 5].map((each) => `http://follower${each}:${5000 + each}`),
    },
    'lab-4': {
      port: 8080,
      quorum: 3,
      delay: uniform(0.1, 1),
      store: 'memory',
      followers: [1, 2, 3, 4, 5].map((each) => `http://follower${each}:8080`),
    },
    'lab-5': {
      port: 8000,
      quorum: 3,
      delay: { kind: 'constant', value: 0 },
      store: 'sqlite',
      followers: [1, 2, 3, 4, 5].map((each) => `http://follower${each}:${8000 + each}`),
    },
  };

  test.each(LAB_NAMES)('the leader of %s', (lab) => {
    const config = configOf(readLab(lab)[0]?.environment ?? {});
    expect({
      port: config.port,
      quorum: config.quorum,
      delay: config.network.get('n4')?.delay,
      store: config.store,
      followers: config.members.slice(1).map(({ url }) => url),
    }).toEqual(leaders[lab]);
    expect(config).toMatchObject({
      dialect: { name: lab },
      isBornLeader: true,
      isUnnamed: false,
      host: '0.0.0.0',
      requestTimeoutMs: 5_000,
    });
    expect(config.members.map(({ id }) => id)).toEqual([lab === 'lab-2' ? 'leader' : 'n1', 'n2', 'n3', 'n4', 'n5', 'n6']);
  });

  test.each(LAB_NAMES)('the followers of %s', (lab) => {
    const ports = { 'lab-1': [5000, 5000], 'lab-2': [8000, 8000], 'lab-3': [5001, 5005], 'lab-4': [8080, 8080], 'lab-5': [8001, 8005] };
    const configs = readLab(lab)
      .slice(1)
      .map(({ environment }) => configOf(environment));
    expect(configs).toHaveLength(5);
    expect([configs[0]?.port, configs[4]?.port]).toEqual(ports[lab]);
    for (const [index, config] of configs.entries()) {
      expect(config).toMatchObject({ dialect: { name: lab }, isBornLeader: false, isUnnamed: true, host: '0.0.0.0' });
      expect(config.label).toBe(lab === 'lab-2' ? `follower${index + 1}` : null);
      expect(config.members).toHaveLength(1);
    }
  });
});

describe('a lab’s defaults hold where its variables say nothing:', () => {
  const hosts = 'a:5000,b:5000,c:5000,d:5000,e:5000,f:5000';
  const urls = 'http://a:1,http://b:1,http://c:1,http://d:1,http://e:1,http://f:1';

  test.each<[string, Environment, object]>([
    [
      'lab-1',
      { IS_LEADER: 'true', FOLLOWERS: hosts },
      { port: 5000, quorum: 1, delay: { kind: 'uniform', min: 0, max: 1000 }, store: 'memory' },
    ],
    [
      'lab-2',
      { ROLE: 'leader', NODE_ID: 'boss', REQUEST_TIMEOUT: '2', FOLLOWER_URLS: urls },
      { port: 8000, quorum: 3, delay: { kind: 'uniform', min: 0, max: 1000 }, store: 'memory' },
    ],
    ['lab-3', { NODE_TYPE: 'leader' }, { port: 5000, quorum: 5, delay: { kind: 'uniform', min: 10, max: 150 }, store: 'memory' }],
    [
      'lab-4',
      { DIALECT: 'lab-4', ROLE: 'leader', FOLLOWER_URLS: urls },
      { port: 8080, quorum: 3, delay: { kind: 'uniform', min: 0.1, max: 1 }, store: 'memory' },
    ],
    [
      'lab-5',
      { FOLLOWER_URLS: JSON.stringify(urls.split(',')) },
      { port: 8000, quorum: 3, delay: { kind: 'constant', value: 0 }, store: 'sqlite' },
    ],
  ])('%s', (lab, env, wanted) => {
    const { dialect, port, quorum, network, store, host } = configOf(env);
    expect({ port, quorum, delay: network.get('n2')?.delay, store }).toEqual(wanted);
    expect([dialect?.name, host]).toEqual([lab, '0.0.0.0']);
  });

  test('a quorum is no larger than the number of followers', () => {
    expect(configOf({ NODE_TYPE: 'leader', FOLLOWERS: 'a:1,b:2' }).quorum).toBe(2);
    expect(configOf({ IS_LEADER: 'true' }).quorum).toBe(0);
  });

  test('a follower of lab-5 keeps its data apart from the others’ on the same machine', () => {
    expect(['8001', '8002'].map((PORT) => configOf({ PORT }).dataDir)).toEqual(['data/follower-8001', 'data/follower-8002']);
  });
});

describe('what is not the lab’s may be added:', () => {
  test.each<[Environment, Partial<NodeConfig>]>([
    [{ STORE: 'sqlite' }, { store: 'sqlite' }],
    [{ HOST: '127.0.0.1' }, { host: '127.0.0.1', publicUrl: 'http://127.0.0.1:5000' }],
    [{ PUBLIC_URL: 'http://leader.example' }, { publicUrl: 'http://leader.example' }],
    [{ CLUSTER_TOKEN: '12345678' }, { token: '12345678' }],
    [{ NODE_ID: 'boss' }, { label: 'boss', nodeId: 'boss' }],
    [
      { SEED: '7', LOG_LEVEL: 'warn', MAX_VALUE_BYTES: '10' },
      { seed: 7, logLevel: 'warn', maxValueBytes: 10 },
    ],
  ])('%j', (extra, wanted) => {
    expect(configOf({ IS_LEADER: 'true', ...extra })).toMatchObject({ dialect: { name: 'lab-1' }, ...wanted });
  });

  test('a lab’s calls with kvctl’s own variables, where NODES is given', () => {
    const NODES = 'n1=http://a:1,n2=http://b:2';
    const config = configOf({ DIALECT: 'lab-3', ROLE: 'leader', NODES, MAX_DELAY_MS: '5' });
    expect(config).toMatchObject({
      dialect: { name: 'lab-3' },
      host: '127.0.0.1',
      port: 8000,
      store: 'sqlite',
      quorum: 1,
      isUnnamed: false,
    });
    expect(config.network.get('n2')?.delay).toEqual({ kind: 'uniform', min: 0, max: 5 });
  });
});

describe('units are kept to the last digit:', () => {
  test.each<[Environment, number, number]>([
    [{ NODE_TYPE: 'leader', MIN_DELAY: '0.01', MAX_DELAY: '0.15' }, 10, 150],
    [{ NODE_TYPE: 'leader', MIN_DELAY: '0', MAX_DELAY: '1.001' }, 0, 1001],
    [{ NODE_TYPE: 'leader', MIN_DELAY: '0.0001', MAX_DELAY: '0.57' }, 0.1, 570],
    [{ NODE_TYPE: 'leader', MIN_DELAY: '1', MAX_DELAY: '3600' }, 1000, 3_600_000],
    [{ IS_LEADER: 'true', FOLLOWERS: 'a:1', MIN_DELAY: '5', MAX_DELAY: '007' }, 5, 7],
    [{ DIALECT: 'lab-4', ROLE: 'leader', FOLLOWER_URLS: 'http://a:1', MIN_DELAY_MS: '0.25', MAX_DELAY_MS: '0.3' }, 0.25, 0.3],
  ])('%j', (env, min, max) => {
    expect(configOf(env).network.get('n2')?.delay).toEqual({ kind: 'uniform', min, max });
  });
});

describe('whose environment it is', () => {
  const URLS = { FOLLOWER_URLS: 'http://a:1' };

  test.each<[Environment, string, string]>([
    [{}, 'native', 'nothing'],
    [{ ROLE: 'leader' }, 'native', 'ROLE'],
    [{ ROLE: 'leader', PORT: '9000', STORE: 'memory' }, 'native', 'STORE'],
    [{ ROLE: 'leader', ...URLS }, 'native', 'ROLE'],
    [
      { ROLE: 'leader', NODE_ID: 'n1', ...URLS, WRITE_QUORUM: '1', MIN_DELAY_MS: '0', MAX_DELAY_MS: '9', PORT: '1' },
      'native',
      'ROLE and NODE_ID',
    ],
    [{ ROLE: 'follower', NODE_ID: 'n2' }, 'native', 'ROLE and NODE_ID'],
    [{ ROLE: 'follower', NODE_ID: 'n2', HOST: '127.0.0.1' }, 'native', 'ROLE and NODE_ID'],
    [{ ROLE: 'follower', NODE_ID: 'n2', HOST: '0.0.0.0', STORE: 'sqlite' }, 'native', 'STORE'],
    [{ ROLE: 'leader', NODE_ID: 'n1', HOST: '0.0.0.0', CLUSTER_TOKEN: '12345678' }, 'native', 'CLUSTER_TOKEN'],
    [{ ROLE: 'follower', NODES: 'n1=http://a:1', HOST: '0.0.0.0', REQUEST_TIMEOUT: '2' }, 'native', 'NODES'],
    [{ DIALECT: 'native', ROLE: 'follower', PORT: '1' }, 'native', 'DIALECT'],
    [{ ROLE: 'leader', REQUEST_TIMEOUT: '2', ...URLS, WRITE_QUORUM: '1' }, 'native', 'ROLE'],
    [{ PORT: '1', NODE_ID: 'n2' }, 'native', 'nothing'],
    [{ PORT: '1', STORE: 'memory' }, 'native', 'STORE'],
    [{ IS_LEADER: 'false' }, 'lab-1', 'IS_LEADER'],
    [{ IS_LEADER: 'false', STORE: 'sqlite', HOST: '0.0.0.0' }, 'lab-1', 'IS_LEADER'],
    [{ ROLE: 'follower', NODE_ID: 'f', HOST: '0.0.0.0' }, 'lab-2', 'ROLE, NODE_ID and HOST'],
    [{ ROLE: 'leader', NODE_ID: 'l', REQUEST_TIMEOUT: '5', ...URLS }, 'lab-2', 'ROLE, NODE_ID and REQUEST_TIMEOUT'],
    [{ NODE_TYPE: 'follower', PORT: '5001' }, 'lab-3', 'NODE_TYPE'],
    [{ ROLE: 'follower' }, 'lab-4', 'ROLE without NODE_ID'],
    [{ ROLE: 'follower', HOST: '0.0.0.0', PORT: '8080', DATA_DIR: '/data' }, 'lab-4', 'ROLE without NODE_ID'],
    [{ ROLE: 'leader', ...URLS, MAX_DELAY_MS: '1.0' }, 'lab-4', 'ROLE, FOLLOWER_URLS and MAX_DELAY_MS without NODE_ID'],
    [{ ROLE: 'leader', ...URLS, WRITE_QUORUM: '3', HOST: '0.0.0.0' }, 'lab-4', 'ROLE, FOLLOWER_URLS and WRITE_QUORUM without NODE_ID'],
    [{ FOLLOWER_URLS: '["http://a:1"]' }, 'lab-5', 'FOLLOWER_URLS without a role'],
    [{ PORT: '8001' }, 'lab-5', 'PORT without a role'],
    [{ DIALECT: 'lab-2', ROLE: 'leader' }, 'lab-2', 'DIALECT'],
    [{ DIALECT: 'lab-1', ROLE: 'leader', NODES: 'n1=http://a:1' }, 'lab-1', 'DIALECT'],
  ])('%j is of %s', (env, dialect, by) => {
    expect(recognise(env)).toMatchObject({ dialect, by });
  });

  test('what is kvctl’s own is not touched', () => {
    const env = { ROLE: 'leader', NODE_ID: 'n1', FOLLOWER_URLS: 'http://a:1', DELAY: '0-5' };
    expect(translateEnvironment(env).environment).toBe(env);
  });
});

describe('a mistake is one line in the lab’s own words:', () => {
  const leader1 = { IS_LEADER: 'true', FOLLOWERS: 'a:5000' };

  test.each<[Environment, string | RegExp]>([
    [{ ...leader1, IS_LEADER: 'yes' }, 'IS_LEADER: expected true or false (lab-1), got "yes"'],
    [{ ...leader1, MIN_DELAY: '0.5' }, 'MIN_DELAY: expected an integer of milliseconds (lab-1), got "0.5"'],
    [{ ...leader1, MAX_DELAY: '-1' }, 'MAX_DELAY: expected an integer of milliseconds (lab-1), got "-1"'],
    [{ ...leader1, MAX_DELAY: '3600001' }, 'MAX_DELAY, here MAX_DELAY_MS: expected a number from 0 to 3600000, got "3600001"'],
    [{ ...leader1, MIN_DELAY: '20', MAX_DELAY: '10' }, 'MIN_DELAY, here MIN_DELAY_MS: expected at most MAX_DELAY_MS, 10, got "20"'],
    [{ ...leader1, WRITE_QUORUM: '2' }, 'WRITE_QUORUM: expected an integer from 0 to 1, the number of followers, got "2"'],
    [{ ...leader1, FOLLOWERS: 'http://a:5000' }, /^FOLLOWERS: expected host:port,.* \(lab-1\), got "http:\/\/a:5000"$/],
    [{ ...leader1, FOLLOWERS: 'a' }, /^FOLLOWERS: expected host:port/],
    [{ ...leader1, FOLLOWERS: 'a:5000,' }, /^FOLLOWERS: expected host:port/],
    [{ ...leader1, FOLLOWERS: 'a:99999' }, /^FOLLOWERS, here FOLLOWER_URLS: expected a URL.*got "http:\/\/a:99999"$/],
    [{ NODE_TYPE: 'boss' }, 'NODE_TYPE: expected leader or follower (lab-3), got "boss"'],
    [{ NODE_TYPE: 'leader', MAX_DELAY: '3601' }, 'MAX_DELAY: expected a number of seconds from 0 to 3600 (lab-3), got "3601"'],
    [{ NODE_TYPE: 'leader', MIN_DELAY: '10ms' }, /^MIN_DELAY: expected a number of seconds/],
    [{ NODE_TYPE: 'leader', MIN_DELAY: '1e2' }, /^MIN_DELAY: expected a number of seconds/],
    [{ NODE_TYPE: 'leader', MIN_DELAY: '0.2' }, 'MIN_DELAY, here MIN_DELAY_MS: expected at most MAX_DELAY_MS, 150, got "200"'],
    [
      { NODE_TYPE: 'leader', FOLLOWERS: 'a:1', FOLLOWER_URLS: 'http://b:1' },
      /^FOLLOWER_URLS: expected the followers once, and FOLLOWERS tells them \(lab-3\)/,
    ],
    [
      { FOLLOWER_URLS: 'http://a:1,http://b:2' },
      /^FOLLOWER_URLS: expected a JSON list of URLs.*\(lab-5\), got "http:\/\/a:1,http:\/\/b:2"$/,
    ],
    [{ FOLLOWER_URLS: '{"a": 1}' }, /^FOLLOWER_URLS: expected a JSON list/],
    [{ FOLLOWER_URLS: '[1]' }, /^FOLLOWER_URLS: expected a JSON list/],
    [{ FOLLOWER_URLS: '["http://a:1"' }, /^FOLLOWER_URLS: expected a JSON list/],
    [{ FOLLOWER_URLS: '["a:1"]' }, 'FOLLOWER_URLS: expected a URL like http://127.0.0.1:8001, got "a:1"'],
    [{ ROLE: 'leader', FOLLOWER_URLS: '["http://a:1"]', WRITE_QUORUM: '1' }, /^FOLLOWER_URLS: expected a URL/],
    [{ PORT: '8001x' }, 'PORT: expected an integer from 1 to 65535, got "8001x"'],
    [{ DIALECT: 'lab-6' }, 'DIALECT: expected one of native, lab-1, lab-2, lab-3, lab-4, lab-5, got "lab-6"'],
    [{ DIALECT: 'lab-2', ROLE: 'follower', NODE_ID: 'f 1' }, /^NODE_ID: expected a name/],
    [{ DIALECT: 'lab-2', NODE_ID: 'f' }, 'ROLE: expected one of leader, follower, got nothing'],
  ])('%j', (env, line) => {
    const mistakes = mistakesOf(env);
    expect(mistakes).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)]);
    expect(mistakes[0]).not.toContain('\n');
  });

  test('every mistake is told', () => {
    const env = { NODE_TYPE: 'leader', MIN_DELAY: 'x', MAX_DELAY: '9999', PORT: '0', FOLLOWERS: 'b' };
    expect(
      mistakesOf(env)
        .map((line) => line.replace(/:.*/, ''))
        .sort(),
    ).toEqual(['FOLLOWERS', 'MAX_DELAY', 'MIN_DELAY', 'PORT']);
  });
});

describe('variables that contradict each other are refused, a line each:', () => {
  test.each<[Environment, string[]]>([
    [{ IS_LEADER: 'true', NODE_TYPE: 'leader' }, ['NODE_TYPE']],
    [{ IS_LEADER: 'true', ROLE: 'leader' }, ['ROLE']],
    [{ NODE_TYPE: 'leader', ROLE: 'leader' }, ['ROLE']],
    [{ NODES: 'n1=http://a:1', ROLE: 'leader', IS_LEADER: 'true' }, ['IS_LEADER']],
    [{ IS_LEADER: 'true', FOLLOWER_URLS: 'http://a:1' }, ['FOLLOWER_URLS']],
    [{ IS_LEADER: 'true', MIN_DELAY_MS: '0', MAX_DELAY_MS: '5' }, ['MIN_DELAY_MS', 'MAX_DELAY_MS']],
    [{ ROLE: 'leader', NODE_ID: 'n1', MIN_DELAY: '0' }, ['MIN_DELAY']],
    [{ ROLE: 'follower', FOLLOWERS: 'a:1' }, ['FOLLOWERS']],
    [{ PORT: '8001', MAX_DELAY_MS: '5' }, ['MAX_DELAY_MS']],
    [{ DIALECT: 'lab-1', NODE_TYPE: 'leader' }, ['NODE_TYPE']],
    [{ DIALECT: 'lab-1', ROLE: 'leader' }, ['ROLE']],
    [{ DIALECT: 'lab-3', IS_LEADER: 'true' }, ['IS_LEADER']],
    [{ DIALECT: 'lab-5', ROLE: 'leader' }, ['ROLE']],
    [{ DIALECT: 'native', IS_LEADER: 'true' }, ['IS_LEADER']],
    [{ DIALECT: 'lab-1', IS_LEADER: 'true', NODES: 'n1=http://a:1' }, ['IS_LEADER']],
  ])('%j', (env, names) => {
    expect(mistakesOf(env).map((line) => line.replace(/:.*/, ''))).toEqual(names);
  });

  test('in words that say whose variable it is', () => {
    expect(mistakesOf({ IS_LEADER: 'true', MIN_DELAY_MS: '5' })).toEqual([
      'MIN_DELAY_MS: expected IS_LEADER, FOLLOWERS, MIN_DELAY, MAX_DELAY alone, the variables of lab-1, as which this is recognised by IS_LEADER; got one of kvctl, lab-2, lab-4',
    ]);
  });
});
