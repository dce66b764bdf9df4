import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../src/scenario/loader.ts';

const HEAD = 'name: t\nwhy: w\n';
const LOAD = 'steps:\n  - load: {}\n';
const VERBS = 'load, sweep, stale-reads, parity, put, get, del, wait, quorum, network, kill, pause, resume, restart, partition, heal';
const ACTIONS = 'quorum, network, kill, pause, resume, restart, partition, heal';
const PARAMETERS = 'quorum, delay, loss, followers, store, concurrency, rate, writes, keys, value_bytes, read_share';
const DURATION = 'a duration with its unit, like 500ms, 30s, 2m or 1h, of at most 24h';

/** Its lines, sorted as they are told. */
function mistakes(text: string, overrides: readonly string[] = []): string[] {
  const loaded = loadScenario(text, overrides);
  return loaded.ok ? [] : loaded.message.split('\n');
}

function loaded(text: string, overrides: readonly string[] = []) {
  const result = loadScenario(text, overrides);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

/** A file of one step, which stands in line 4. */
const step = (text: string) => `${HEAD}steps:\n  - ${text}\n`;

test('a file that says only what it must has the defaults of everything else', () => {
  expect(loaded(HEAD + LOAD).scenario).toEqual({
    name: 't',
    why: 'w',
    target: 'local',
    seed: 1,
    cluster: {},
    steps: [{ load: { executor: 'shared-iterations' } }],
    accept_inconclusive: false,
  });
});

test('JSON is YAML', () => {
  const { scenario } = loaded('{"name": "t", "why": "w", "steps": [{"kill": "n2"}]}');
  expect(scenario.steps).toEqual([{ kill: 'n2' }]);
});

test('an anchor may be used again', () => {
  const { scenario } = loaded(`${HEAD}steps:\n  - load: &l { writes: 5 }\n  - load: *l\n`);
  expect(scenario.steps.map((each) => 'load' in each && each.load.writes)).toEqual([5, 5]);
});

test('a member called __proto__ of a value is data', () => {
  const { scenario } = loaded(step('put: { key: __proto__, value: { __proto__: 1, b: { __proto__: [] } } }'));
  const [put] = scenario.steps;
  expect(JSON.stringify(put)).toBe('{"put":{"key":"__proto__","value":{"__proto__":1,"b":{"__proto__":[]}}}}');
});

describe('what is no YAML, or no scenario at all, is told with its line', () => {
  test.each<[string, string, string[]]>([
    ['an empty file', '', ['the file (line 1): expected an object, got null']],
    ['a file of comments', '# nothing\n\n# here\n', ['the file (line 1): expected an object, got null']],
    ['a list at the top', '# a list\n- kill: n2\n', ['the file (line 2): expected an object, got [{"kill":"n2"}]']],
    ['a text at the top', 'hello\n', ['the file (line 1): expected an object, got "hello"']],
    ['a tab for indentation', `${HEAD}steps:\n\t- kill: n2\n`, ['line 4: expected YAML, got: Tabs are not allowed as indentation']],
    ['a key twice', `${HEAD}name: again\n${LOAD}`, ['line 3: expected YAML, got: Map keys must be unique']],
    ['a key twice in a step', step('kill: n2\n    kill: n3'), ['line 5: expected YAML, got: Map keys must be unique']],
    [
      'two documents',
      `${HEAD}${LOAD}---\n${HEAD}${LOAD}`,
      ['line 5: expected YAML, got: Source contains multiple documents; please use YAML.parseAllDocuments()'],
    ],
    ['a bracket that does not close', `${HEAD}steps: [{ kill: n2 }\n`, [expect.stringMatching(/^line 4: expected YAML, got: /)]],
    ['a tag that nobody knows', step('put: { key: a, value: !secret x }'), ['line 4: expected YAML, got: Unresolved tag: !secret']],
    ['an alias of nothing', step('kill: *n'), [expect.stringMatching(/^expected YAML with few and known aliases, got: .*\bn$/)]],
    ['an alias inside of itself', step('put: { key: a, value: &v [*v] }'), ['expected YAML without an alias inside of what it stands for']],
    [
      'aliases of aliases of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`)}]\n`).join('')}`,
      [expect.stringMatching(/^expected YAML with few and known aliases, got: Excessive alias count/)],
    ],
    [
      'a merge key, which YAML 1.2 has not',
      `${HEAD}steps:\n  - &k { kill: n2 }\n  - { <<: *k }\n`,
      [`steps.1 (line 5): expected one of ${VERBS}, got {"<<":{"kill":"n2"}}`],
    ],
    ['brackets without end', '['.repeat(100_000), [expect.stringMatching(/^line 1: expected YAML, got: /)]],
  ])('%s', (_name, text, expected) => {
    expect(mistakes(text)).toEqual(expected);
  });

  test('a megabyte of nonsense', () => {
    for (const noise of ['a'.repeat(2 ** 20), 'x: 1\n'.repeat(2 ** 18), `${HEAD}steps:\n${'  - kill: n2\n'.repeat(2 ** 16)}`]) {
      expect(mistakes(noise)).toEqual([`expected a file of at most 131072 characters, got ${noise.length}`]);
    }
  });

  test('noise of every length is a mistake, never a crash', () => {
    let seed = 1;
    const next = () => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed;
    };
    const ALPHABET = [...'aAn2-:{}[],&*!|>%@`"\'#?\\ \n\t0~<=.', 'steps', 'load', 'name', '\u0000', '\ud800', 'é'];
    for (let round = 0; round < 300; round++) {
      const noise = Array.from({ length: next() % 200 }, () => ALPHABET[next() % ALPHABET.length]).join('');
      expect(loadScenario(noise).ok, JSON.stringify(noise)).toBe(false);
    }
  });
});

describe('a field that nobody knows is refused with its path and line, wherever it is', () => {
  test.each<[path: string, line: number, text: string]>([
    ['seeed', 3, `${HEAD}seeed: 1\n${LOAD}`],
    ['__proto__', 3, `${HEAD}__proto__: { seed: 1 }\n${LOAD}`],
    ['constructor', 3, `${HEAD}constructor: 1\n${LOAD}`],
    ['cluster.folowers', 4, `${HEAD}cluster:\n  folowers: 3\n${LOAD}`],
    ['cluster.network.latency', 3, `${HEAD}cluster: { network: { latency: 1 } }\n${LOAD}`],
    ['cluster.settings.QUORUM', 3, `${HEAD}cluster: { settings: { QUORUM: 1 } }\n${LOAD}`],
    ['cluster.settings.__proto__', 3, `${HEAD}cluster: { settings: { __proto__: 1 } }\n${LOAD}`],
    ['steps.0.wehn', 5, step('kill: n2\n    wehn: 1s')],
    ['steps.0.__proto__', 5, step('kill: n2\n    __proto__: 1')],
    ['steps.0.load.write', 6, step('load:\n      keys: 3\n      write: 5')],
    [
      'steps.0.load.stages.1.tagret',
      4,
      step('load: { executor: ramping-vus, stages: [{duration: 1s, target: 1}, {duration: 1s, target: 1, tagret: 1}] }'),
    ],
    ['steps.0.during.0.fast', 5, step('load: {}\n    during: [{ at: 1s, kill: n2, fast: true }]')],
    ['steps.0.sweep.step', 4, step('sweep: { quorum: 1-5, step: 2 }\n    load: {}')],
    ['steps.0.load.write', 5, step('sweep: { quorum: 1-5 }\n    load: { write: 5 }')],
    ['steps.0.network.lost', 4, step('network: { loss: 0.1, lost: 1 }')],
    ['steps.0.put.vale', 4, step('put: { key: a, value: 1, vale: 2 }')],
    ['steps.0.get.expect.val', 4, step('get: { key: a, expect: { value: 1, val: 1 } }')],
    ['steps.0.stale-reads.befor', 4, step('stale-reads: { writes: 5, after: [1s], befor: 1 }')],
    ['steps.0.wait.unitl', 4, step('wait: { until: up==1, within: 1s, unitl: 1 }')],
    ['steps.0.parity.witin', 4, step('parity: { within: 1s, witin: 1s }')],
  ])('%s', (path, line, text) => {
    expect(mistakes(text)).toEqual([
      `${path} (line ${line}): expected no field of this name, got ${JSON.stringify(path.split('.').at(-1))}`,
    ]);
  });

  test('__proto__ as a selector, which zod would leave out', () => {
    expect(mistakes(`${HEAD}${LOAD}expect: { __proto__: [failed==0] }\n`)).toEqual([
      'expect.__proto__ (line 5): expected a selector, got "__proto__"',
    ]);
  });
});

describe('a value of the wrong kind is told with what was expected and got', () => {
  test.each<[text: string, expected: string | string[]]>([
    [`${LOAD}`, ['name (line 1): expected a text, got nothing', 'why (line 1): expected a text, got nothing']],
    [`name:\nwhy: w\n${LOAD}`, 'name (line 1): expected a text, got null'],
    [`name: A b\nwhy: w\n${LOAD}`, 'name (line 1): expected 1 to 40 of a-z, 0-9 and "-", beginning with a letter or digit, got "A b"'],
    [`name: t\nwhy: ""\n${LOAD}`, 'why (line 2): expected at least 1 characters, got ""'],
    [HEAD, 'steps (line 1): expected a list, got nothing'],
    [`${HEAD}steps: []\n`, 'steps (line 3): expected at least 1 in the list, got []'],
    [`${HEAD}steps: { kill: n2 }\n`, 'steps (line 3): expected a list, got {"kill":"n2"}'],
    [`${HEAD}target: cloud\n${LOAD}`, 'target (line 3): expected "local" or "compose", got "cloud"'],
    [`${HEAD}seed: 1.5\n${LOAD}`, 'seed (line 3): expected a whole number, got 1.5'],
    [`${HEAD}seed: 99999999999999999999\n${LOAD}`, 'seed (line 3): expected at most 9007199254740991, got 100000000000000000000'],
    [`${HEAD}cluster: { followers: 40 }\n${LOAD}`, 'cluster.followers (line 3): expected at most 31, got 40'],
    [`${HEAD}cluster: { quorum: -1 }\n${LOAD}`, 'cluster.quorum (line 3): expected at least 0, got -1'],
    [`${HEAD}cluster: { store: disk }\n${LOAD}`, 'cluster.store (line 3): expected "sqlite" or "memory", got "disk"'],
    [`${HEAD}cluster: { network: { delay: true } }\n${LOAD}`, 'cluster.network.delay (line 3): expected a text or a number, got true'],
    [
      `${HEAD}cluster: { network: { delay: 9-1 } }\n${LOAD}`,
      expect.stringMatching(/^cluster\.network\.delay \(line 3\): expected .*, got "9-1"$/),
    ],
    [
      `${HEAD}cluster: { network: { delay: -5 } }\n${LOAD}`,
      expect.stringMatching(/^cluster\.network\.delay \(line 3\): expected a delay in ms: .*, got -5$/),
    ],
    [`${HEAD}cluster: { network: { loss: 1.1 } }\n${LOAD}`, 'cluster.network.loss (line 3): expected at most 1, got 1.1'],
    [`${HEAD}cluster: { settings: { WINDOW: [2] } }\n${LOAD}`, 'cluster.settings.WINDOW (line 3): expected a text or a number, got [2]'],
    [`${HEAD}${LOAD}expect: { all: failed==0 }\n`, 'expect.all (line 5): expected a list, got "failed==0"'],
    [`${HEAD}${LOAD}expect: { all: [] }\n`, 'expect.all (line 5): expected at least 1 in the list, got []'],
    [`${HEAD}${LOAD}expect: [failed==0]\n`, 'expect (line 5): expected an object, got ["failed==0"]'],
    [`${HEAD}${LOAD}accept_inconclusive: yes\n`, 'accept_inconclusive (line 5): expected true or false, got "yes"'],
    [step('kill n2'), `steps.0 (line 4): expected one of ${VERBS}, got "kill n2"`],
    [step(''), `steps.0 (line 4): expected one of ${VERBS}, got null`],
    [step('[kill, n2]'), `steps.0 (line 4): expected one of ${VERBS}, got ["kill","n2"]`],
    [step('name: x'), `steps.0 (line 4): expected one of ${VERBS}, got {"name":"x"}`],
    [step('kil: n2'), `steps.0 (line 4): expected one of ${VERBS}, got {"kil":"n2"}`],
    [step('kill: n2\n    pause: n3'), `steps.0 (line 4): expected one of ${VERBS}, got kill and pause`],
    [step('load: {}\n    sweep: { quorum: 1 }\n    kill: n2'), `steps.0 (line 4): expected one of ${VERBS}, got load and sweep and kill`],
    [step('kill: [n2]'), 'steps.0.kill (line 4): expected a text, got ["n2"]'],
    [step('kill: ""'), 'steps.0.kill (line 4): expected at least 1 characters, got ""'],
    [step('name: 3\n    kill: n2'), 'steps.0.name (line 4): expected a text, got 3'],
    [step('quorum: many'), 'steps.0.quorum (line 4): expected a number, got "many"'],
    [step('network: { nodes: n2 }'), 'steps.0.network (line 4): expected delay or loss, got {"nodes":"n2"}'],
    [step('partition: []'), 'steps.0.partition (line 4): expected at least 1 in the list, got []'],
    [step('load: { writes: 1.5 }'), 'steps.0.load.writes (line 4): expected a whole number, got 1.5'],
    [step('load: { writes: "5" }'), 'steps.0.load.writes (line 4): expected a number, got "5"'],
    [step('load: { writes: .nan }'), 'steps.0.load.writes (line 4): expected a number, got NaN'],
    [step('load: { concurrency: 100000 }'), 'steps.0.load.concurrency (line 4): expected at most 5000, got 100000'],
    [step('load: { value_bytes: 9999999 }'), 'steps.0.load.value_bytes (line 4): expected at most 1048574, got 9999999'],
    [step('load: { rate: 0 }'), 'steps.0.load.rate (line 4): expected more than 0, got 0'],
    [step('load: { duration: 5 }'), `steps.0.load.duration (line 4): expected ${DURATION}, got 5`],
    [step('load: { duration: 5 seconds }'), `steps.0.load.duration (line 4): expected ${DURATION}, got "5 seconds"`],
    [
      step('load: { executor: fastest }'),
      expect.stringMatching(/^steps\.0\.load\.executor \(line 4\): expected "shared-iterations" or .*, got "fastest"$/),
    ],
    [
      step('load: { executor: ramping-vus, stages: [{ duration: 1s }] }'),
      'steps.0.load.stages.0.target (line 4): expected a number, got nothing',
    ],
    [step('load: {}\n    during: [{ kill: n2 }]'), `steps.0.during.0.at (line 5): expected ${DURATION}, got nothing`],
    [step('load: {}\n    during: [{ at: 1s }]'), `steps.0.during.0 (line 5): expected one of ${ACTIONS}, got {"at":"1s"}`],
    [
      step('load: {}\n    during: [{ at: 1s, kill: n2, restart: n2 }]'),
      `steps.0.during.0 (line 5): expected one of ${ACTIONS}, got kill and restart`,
    ],
    [
      step('load: {}\n    during:\n      - { at: 1s, kill: n2 }\n      - { at: soon, kill: n3 }'),
      `steps.0.during.1.at (line 7): expected ${DURATION}, got "soon"`,
    ],
    [step('sweep: { quorum: 1-5 }'), 'steps.0.load (line 4): expected an object, got nothing'],
    [step('sweep: {}\n    load: {}'), `steps.0.sweep (line 4): expected one of ${PARAMETERS}, got {}`],
    [step('sweep: { quorm: 1-5 }\n    load: {}'), `steps.0.sweep (line 4): expected one of ${PARAMETERS}, got {"quorm":"1-5"}`],
    [
      step('sweep: { quorum: 1-5, delay: [1] }\n    load: {}'),
      `steps.0.sweep (line 4): expected one of ${PARAMETERS}, got quorum and delay`,
    ],
    [step('sweep: { quorum: [] }\n    load: {}'), 'steps.0.sweep.quorum (line 4): expected at least 1 in the list, got []'],
    [
      step('sweep: 1-5\n    load: {}'),
      'steps.0.sweep (line 4): expected one of quorum, delay, loss, followers, store, concurrency, rate, writes, keys, value_bytes, read_share, got "1-5"',
    ],
    [step('put: { key: "", value: 1 }'), 'steps.0.put.key (line 4): expected a key of 1 to 1024 bytes of UTF-8, got ""'],
    [step('put: { key: 1, value: 1 }'), 'steps.0.put.key (line 4): expected a text, got 1'],
    [step('put: { key: "\\uD800", value: 1 }'), 'steps.0.put.key (line 4): expected a key of 1 to 1024 bytes of UTF-8, got "\\ud800"'],
    [step('put: { key: a }'), 'steps.0.put.value (line 4): expected a JSON value, got nothing'],
    [step('put: { key: a, value: .inf }'), 'steps.0.put.value (line 4): expected a JSON value, got Infinity'],
    [step('put: { key: a, value: [1, { b: .nan }] }'), 'steps.0.put.value (line 4): expected a JSON value, got [1,{"b":null}]'],
    [
      step('get: { key: a, expect: { error: not_there } }'),
      expect.stringMatching(/^steps\.0\.get\.expect\.error \(line 4\): expected "bad_request" or .* or "unreachable", got "not_there"$/),
    ],
    [step('get: { key: a, expect: fine }'), 'steps.0.get.expect (line 4): expected "ok" or an object, got "fine"'],
    [step('get: { key: a, read: stale }'), 'steps.0.get.read (line 4): expected "committed" or "local", got "stale"'],
    [step('wait: 5'), `steps.0.wait (line 4): expected ${DURATION} or an object, got 5`],
    [step('wait: { until: up==1 }'), `steps.0.wait.within (line 4): expected ${DURATION}, got nothing`],
    [step('wait: 100h'), `steps.0.wait (line 4): expected ${DURATION}, got "100h"`],
    [step('parity: soon'), 'steps.0.parity (line 4): expected "now" or an object, got "soon"'],
    [step('stale-reads: { writes: 5, after: 1s }'), 'steps.0.stale-reads.after (line 4): expected a list, got "1s"'],
  ])('%j', (text, expected) => {
    expect(mistakes(text)).toEqual(Array.isArray(expected) ? expected : [expected]);
  });

  test('a value expected of a write, which answers none', () => {
    expect(mistakes(step('put: { key: a, value: 1, expect: { value: 1 } }'))).toEqual([
      expect.stringMatching(/^steps\.0\.put\.expect\.error \(line 4\): expected "bad_request" or .*, got nothing$/),
      'steps.0.put.expect.value (line 4): expected no field of this name, got "value"',
    ]);
  });

  test('all mistakes of a file are told at once, up to twenty of them', () => {
    const text = `${HEAD}seed: x\ncluster:\n  followers: many\n  quorum: -1\nsteps:\n  - kill: 3\n  - wait: soon\n`;
    expect(mistakes(text).map((line) => line.split(':')[0])).toEqual([
      'seed (line 3)',
      'cluster.followers (line 5)',
      'cluster.quorum (line 6)',
      'steps.0.kill (line 8)',
      'steps.1.wait (line 9)',
    ]);
    const many = `${HEAD}${LOAD}${Array.from({ length: 50 }, (_, i) => `f${i}: 1\n`).join('')}`;
    expect(mistakes(many)).toHaveLength(21);
    expect(mistakes(many).at(-1)).toBe('and 30 more mistakes');
  });
});

describe('--set', () => {
  const TEXT = `${HEAD}cluster: { followers: 3 }
steps:
  - sweep: { quorum: 1-3 }
    load: &l { writes: 5, keys: 2 }
  - name: again
    load: *l
    during: [{ at: 1s, kill: n2 }]
  - kill: n2
  - kill: n3
expect:
  all: [failed==0]
  quorum=3: [mean<10]
`;
  const set = (...overrides: string[]) => loaded(TEXT, overrides).scenario;
  const stepOf = (index: number, ...overrides: string[]) => JSON.stringify(set(...overrides).steps[index]);

  test('puts a value in the place of another one', () => {
    expect(set('cluster.followers=5').cluster.followers).toBe(5);
    expect(set('why=because').why).toBe('because');
    expect(set(' cluster.followers = 5 ').cluster.followers).toBe(5);
  });

  test.each([
    ['an index', 'steps.0.load.writes=7'],
    ['the name that a step gets from its kind', 'steps.sweep.load.writes=7'],
  ])('finds a step by %s', (_name, override) => {
    expect(stepOf(0, override)).toContain('"writes":7');
    expect(stepOf(1, override), 'the alias of the same load').toContain('"writes":5');
  });

  test('finds a step by the name that it is given, or by its number among its kind', () => {
    expect(stepOf(1, 'steps.again.load.writes=7')).toContain('"writes":7');
    expect(stepOf(2, 'steps.kill-2.kill=leader')).toBe('{"kill":"n2"}');
    expect(stepOf(3, 'steps.kill-2.kill=leader')).toBe('{"kill":"leader"}');
  });

  test('reaches into what happens during a load', () => {
    expect(stepOf(1, 'steps.again.during.0.at=2s')).toContain('"at":"2s"');
    expect(stepOf(1, 'steps.again.during.kill.at=2s')).toContain('"at":"2s"');
  });

  test('adds what is not there yet', () => {
    expect(set('cluster.network.loss=0.2', 'cluster.network.delay=0-10').cluster.network).toEqual({ loss: 0.2, delay: '0-10' });
    expect(set('seed=7').seed).toBe(7);
  });

  test('takes YAML: lists and objects', () => {
    expect(stepOf(0, 'steps.0.sweep={ delay: [0-10, 5] }')).toContain('"sweep":{"delay":["0-10",5]}');
  });

  test('the last one counts', () => {
    expect(set('seed=2', 'seed=3').seed).toBe(3);
  });

  test('reaches selectors with an = in them', () => {
    expect(set('expect.quorum=3=[mean<20]').expect).toEqual({ all: ['failed==0'], 'quorum=3': ['mean<20'] });
    expect(set('expect.all=[mean==n]').expect?.['all']).toEqual(['mean==n']);
  });

  test('leaves other readings of the same text alone', () => {
    set('cluster.followers=5');
    expect(set().cluster.followers).toBe(3);
  });

  test.each<[string, string]>([
    ['seed', 'no path'],
    ['', 'no path'],
    ['=3', 'no path'],
    ['cluster..followers=3', 'no path'],
    ['steps.9.kill=n2', 'no 9 among steps'],
    ['steps.nobody.load.writes=3', 'no nobody among steps'],
    ['steps.-1.kill=n2', 'no -1 among steps'],
    ['name.first=a', 'nothing is below name'],
    ['steps.0.load.writes.x.y=1', 'nothing is below steps.0.load.writes'],
    ['seed=[1', 'no YAML value'],
    ['seed=*a', 'no YAML value'],
    ['seed=!secret 3', 'no YAML value'],
  ])('%j is refused', (override, why) => {
    expect(mistakes(TEXT, [override])).toEqual([
      `--set: expected a path and a value like steps.0.load.writes=20, got ${JSON.stringify(override)} (${why})`,
    ]);
  });

  test('a wrong value is told to be from there, not from the line that it took the place of', () => {
    expect(mistakes(TEXT, ['steps.sweep.load.writes=many'])).toEqual(['steps.0.load.writes (--set): expected a number, got "many"']);
    expect(mistakes(TEXT, ['cluster.folowers=3'])).toEqual(['cluster.folowers (--set): expected no field of this name, got "folowers"']);
    expect(mistakes(TEXT, ['__proto__.seed=3'])).toEqual(['__proto__ (--set): expected no field of this name, got "__proto__"']);
    expect(mistakes(TEXT, ['steps.1={ load: { write: 1 } }'])).toEqual([
      'steps.1.load.write (--set): expected no field of this name, got "write"',
    ]);
  });
});
