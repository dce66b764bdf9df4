import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { type ExperimentPlan, rowsOf } from '../../src/experiment/plan.ts';
import type { MeasureStep, Step } from '../../src/experiment/step.ts';
import { loadScenario } from '../../src/scenario/loader.ts';
import { planScenario } from '../../src/scenario/plan.ts';

const HEAD = 'name: t\nwhy: " w "\ncluster: { followers: 5, quorum: 3, network: { delay: 0-60 } }\n';
const OPTIONS = { clusterName: 'run-1', target: null, seed: null } as const;

function attempt(text: string) {
  const loaded = loadScenario(text);
  if (!loaded.ok) throw new Error(loaded.message);
  return planScenario(loaded.value, OPTIONS);
}

function planned(text: string): ExperimentPlan {
  const plan = attempt(text);
  if (!plan.ok) throw new Error(plan.message);
  return plan.value;
}

/** Of steps in flow style, one per line, from line 5 on. */
const steps = (...lines: string[]) => planned(`${HEAD}steps:\n${lines.map((line) => `  - ${line}\n`).join('')}`);
const refusal = (...lines: string[]) => {
  const plan = attempt(`${HEAD}steps:\n${lines.map((line) => `  - ${line}\n`).join('')}`);
  return plan.ok ? null : plan.message;
};
const namesOf = (plan: ExperimentPlan) => plan.steps.map(({ step }) => step);
const modelsOf = (plan: ExperimentPlan) => rowsOf(plan).map(({ modelMs }) => (modelMs === null ? null : Math.round(modelMs * 100) / 100));
const rowOf = (plan: ExperimentPlan, index = 0) => rowsOf(plan)[index] as MeasureStep;

test.each(readdirSync(join(packageRoot, 'scenarios')).filter((file) => file.endsWith('.yaml')))('%s can be planned', (file) => {
  const plan = planned(readFileSync(join(packageRoot, 'scenarios', file), 'utf8'));
  expect(plan.name).toBe(file.replace('.yaml', ''));
  expect(plan.expectations.length).toBeGreaterThan(0);
  expect(new Set(namesOf(plan)).size).toBe(plan.steps.length);
});

describe('a plan has', () => {
  test('the cluster that the file asks for, under the name of the run, with the seed of the file or of the command line', () => {
    const plan = planned(`${HEAD}seed: 7\nsteps: [{ kill: n2 }]\n`);
    expect(plan).toMatchObject({ name: 't', why: 'w', seed: 7, delay: null, acceptsInconclusive: false });
    expect(plan.target).toMatchObject({
      kind: 'own',
      spec: { name: 'run-1', followers: 5, quorum: 3, delay: '0-60', seed: 7, target: 'local' },
    });
    const loaded = loadScenario(`${HEAD}seed: 7\nsteps: [{ kill: n2 }]\n`);
    const other = loaded.ok ? planScenario(loaded.value, { ...OPTIONS, seed: 9 }) : loaded;
    expect(other).toMatchObject({ ok: true, value: { seed: 9, target: { spec: { seed: 9 } } } });
  });

  test('settings of the nodes as texts', () => {
    const { target } = planned(
      `name: t\nwhy: w\ncluster: { settings: { QUORUM_TIMEOUT_MS: 300, LOG_LEVEL: warn } }\nsteps: [{ kill: n2 }]\n`,
    );
    expect(target).toMatchObject({ spec: { followers: 5, quorum: 3, settings: { QUORUM_TIMEOUT_MS: '300', LOG_LEVEL: 'warn' } } });
  });

  test('simulated loss of the cluster as its first step, because a node is born without', () => {
    const plan = planned(`name: t\nwhy: w\ncluster: { network: { loss: 0.2 } }\nsteps: [{ network: { delay: 5 } }, { load: {} }]\n`);
    expect(plan.steps.map(({ step, title }) => [step, title])).toEqual([
      ['network-2', 'loss 0.2'],
      ['network', 'delay 5'],
      ['load', 'load, quorum 3: 100 writes'],
    ]);
    expect(modelsOf(plan)).toEqual([null]);
  });

  test('the same loss again after a restart of the leader, who has forgotten it', () => {
    const text = (nodes: string) => `name: t\nwhy: w\ncluster: { network: { loss: 0.2 } }\nsteps: [{ restart: ${nodes} }]\n`;
    expect(namesOf(planned(text('all')))).toEqual(['network', 'restart', 'network-2']);
    expect(namesOf(planned(text('n2')))).toEqual(['network', 'restart']);
  });
});

describe('a step is called', () => {
  test('by its name, else by its kind, numbered from the second on, and never like another one', () => {
    const plan = steps(
      'kill: n2',
      '{ name: kill-2, restart: n2 }',
      'kill: n3',
      'load: {}',
      'load: {}',
      '{ name: load-3, load: {} }',
      'load: {}',
    );
    expect(namesOf(plan)).toEqual(['kill', 'kill-2', 'kill-3', 'load', 'load-2', 'load-3', 'load-4']);
  });

  test('as nobody else', () => {
    expect(refusal('{ name: a, kill: n2 }', '{ name: a, load: {} }')).toBe(
      'steps.1.name (line 6): expected a name that no other step has, got "a"',
    );
    expect(refusal('{ name: a, sweep: { quorum: 1-2 }, load: {} }', '{ name: a, load: {} }')).toContain(
      'steps.1.name (line 6): expected a name',
    );
    expect(refusal('{ name: all, load: {} }')).toBe('steps.0.name (line 5): expected another name than "all", which means every row');
  });
});

describe('the rows of a sweep', () => {
  test('are one per value, by its name and the value, with the model of what each finds', () => {
    const plan = steps('{ name: s, sweep: { quorum: "0-3,5" }, load: { writes: 7 } }');
    expect(namesOf(plan)).toEqual(['s quorum=0', 's quorum=1', 's quorum=2', 's quorum=3', 's quorum=5']);
    expect(modelsOf(plan)).toEqual([0, 10, 20, 30, 50]);
    expect(plan.sweeps).toMatchObject([{ name: 's', parameter: 'quorum', values: ['0', '1', '2', '3', '5'], load: { writes: 7 } }]);
    expect(rowsOf(plan).map(({ set }) => set.quorum)).toEqual([0, 1, 2, 3, 5]);
  });

  test('of a delay set it', () => {
    const plan = steps('{ sweep: { delay: [0-12, 6, "0-60;n2=6"] }, load: {} }');
    expect(namesOf(plan)).toEqual(['sweep delay=0-12', 'sweep delay=6', 'sweep delay=0-60;n2=6']);
    expect(modelsOf(plan).slice(0, 2)).toEqual([6, 6]);
    expect(rowOf(plan, 1).set.network).toEqual({
      nodes: 'followers',
      delay: { all: { kind: 'constant', value: 6 }, perNode: new Map() },
      loss: null,
    });
  });

  test('of a loss have no model, but at none', () => {
    expect(modelsOf(steps('{ sweep: { loss: [0, 0.1, 1] }, load: {} }'))).toEqual([30, null, null]);
  });

  test.each([
    ['concurrency', '[1, 20]', [1, 20], 'concurrency'],
    ['writes', '[10, 1000]', [10, 1000], 'writes'],
    ['keys', '1-3', [1, 2, 3], 'keys'],
    ['value_bytes', '[0, 1000]', [0, 1000], 'valueBytes'],
    ['read_share', '[0, 0.5]', [0, 0.5], 'readShare'],
  ])('of %s differ in that of the load alone', (parameter, values, expected, field) => {
    const plan = steps(`{ sweep: { ${parameter}: ${values} }, load: { writes: 20, keys: 4 } }`);
    const [first] = rowsOf(plan);
    expect(rowsOf(plan).map(({ load }) => load)).toEqual(expected.map((value) => ({ ...first!.load, [field]: value })));
  });

  test('of a rate are open loops', () => {
    const plan = steps('{ sweep: { rate: [10, 0.5] }, load: { executor: constant-arrival-rate, duration: 1s } }');
    expect(rowsOf(plan).map(({ load, value }) => [load.executor, load.rate, value])).toEqual([
      ['constant-arrival-rate', 10, '10'],
      ['constant-arrival-rate', 0.5, '0.5'],
    ]);
  });

  test('of followers get a cluster each, with the quorum that the file asks for as far as it goes', () => {
    const plan = steps('{ sweep: { followers: [1, 2, 5] }, load: {} }', 'load: {}');
    expect(plan.steps.map((step) => (step.kind === 'cluster' ? [step.followers, step.quorum, step.store] : step.kind))).toEqual([
      [1, 1, 'sqlite'],
      'measure',
      [2, 2, 'sqlite'],
      'measure',
      [5, 3, 'sqlite'],
      'measure',
      'measure',
    ]);
    // n/(n+1) of 60, and 3/6.
    expect(modelsOf(plan)).toEqual([30, 40, 30, 30]);
  });

  test('of a store get a cluster each, of as many followers as there were', () => {
    const plan = steps(
      '{ sweep: { followers: [2] }, load: {} }',
      '{ sweep: { store: "memory,sqlite" }, load: {} }',
      '{ sweep: { followers: [3] }, load: {} }',
    );
    const clusters = plan.steps.flatMap((step) => (step.kind === 'cluster' ? [[step.followers, step.store]] : []));
    expect(clusters).toEqual([
      [2, 'sqlite'],
      [2, 'memory'],
      [2, 'sqlite'],
      [3, 'sqlite'],
    ]);
  });

  test('of another cluster find it as it was born: no fault, no changed delay, no quorum of the one before', () => {
    const plan = steps(
      'network: { delay: 600 }',
      'quorum: 5',
      'kill: n4,n5,n6',
      'partition: n2',
      '{ sweep: { followers: [5] }, load: {} }',
    );
    expect(modelsOf(plan)).toEqual([30]);
    expect(rowOf(plan).quorum).toBe(3);
    const lossy = planned(`name: t\nwhy: w\ncluster: { network: { loss: 0.2 } }\nsteps: [{ sweep: { followers: [1, 2] }, load: {} }]\n`);
    expect(lossy.steps.map(({ kind }) => kind)).toEqual(['network', 'cluster', 'network', 'measure', 'cluster', 'network', 'measure']);
    expect(modelsOf(lossy)).toEqual([null, null]);
  });

  test.each([
    ['quorum: 1-6', 'quorum', 'expected a quorum from 0 to 5 (the number of followers), got 6'],
    ['quorum: 5-1', 'quorum', 'expected values like 1-5 or [1, 3, 5], got "5-1"'],
    ['quorum: [1, 1]', 'quorum', 'expected every value once, got 1, 1'],
    ['quorum: [-1]', 'quorum', 'expected a number, got "-1"'],
    ['quorum: [1.5]', 'quorum', 'expected a whole number, got "1.5"'],
    ['quorum: ["0x3"]', 'quorum', 'expected a number, got "0x3"'],
    ['followers: [32]', 'followers', 'expected at most 31, got "32"'],
    ['concurrency: [0]', 'concurrency', 'expected at least 1, got "0"'],
    ['concurrency: [5001]', 'concurrency', 'expected at most 5000, got "5001"'],
    ['concurrency: 1-500', 'concurrency', 'expected values like 1-5 or [1, 3, 5], got "1-500"'],
    ['value_bytes: [1048575]', 'value_bytes', 'expected at most 1048574, got "1048575"'],
    ['rate: [0]', 'rate', 'expected more than 0, got "0"'],
    ['loss: [2]', 'loss', 'expected at most 1, got "2"'],
    ['store: [disk]', 'store', 'expected "sqlite" or "memory", got "disk"'],
    ['delay: "9-1"', 'delay', expect.stringMatching(/^expected .*, got "9-1"$/)],
    ['delay: "n9=1"', 'delay', 'expected delays of followers (n2, n3, n4, n5, n6), got "n9"'],
    ['keys: "1,,2"', 'keys', 'expected a number, got ""'],
  ])('%s are refused', (sweep, parameter, expected) => {
    const message = refusal(`{ sweep: { ${sweep} }, load: {} }`) ?? '';
    const place = `steps.0.sweep.${parameter} (line 5): `;
    expect(message.slice(0, place.length)).toBe(place);
    expect(message.slice(place.length)).toEqual(expected);
  });

  test('of fewer followers than a delay names are refused', () => {
    const plan = attempt(
      `name: t\nwhy: w\ncluster: { network: { delay: 0-60;n6=5 } }\nsteps:\n  - sweep: { followers: [5, 3] }\n    load: {}\n`,
    );
    expect(plan).toMatchObject({
      message:
        'steps.0.sweep.followers (line 5): expected delays of nodes among n1, n2, n3, n4, got one of n6, which a cluster of 3 followers lacks',
    });
  });
});

describe('the account of the cluster', () => {
  test('counts with followers that are dead, frozen or cut off, until they are back', () => {
    const load = 'load: {}';
    const plan = steps(
      ...[load, 'kill: n6', load, 'pause: n5', load, 'partition: n4', load, 'restart: n6', load, 'resume: n5', load, 'heal: all', load],
    );
    // k = 3 of 5, 4, 3, 2 (too few), 3, 4, 5.
    expect(modelsOf(plan)).toEqual([30, 36, 45, null, 45, 36, 30]);
  });

  test('knows which side of a partition the leader is on', () => {
    expect(modelsOf(steps('partition: n5,n6', 'load: {}'))).toEqual([45]);
    expect(modelsOf(steps('partition: leader,n2,n3,n4', 'load: {}'))).toEqual([45]);
    expect(modelsOf(steps('partition: [n5, n6]', 'load: {}'))).toEqual([30]);
    expect(modelsOf(steps('partition: [leader, n5]', 'load: {}', 'heal: [n5, leader]', 'load: {}'))).toEqual([36, 30]);
  });

  test('counts with the quorum and the delays in force', () => {
    expect(modelsOf(steps('quorum: 1', 'load: {}'))).toEqual([10]);
    expect(modelsOf(steps('network: { delay: 6 }', 'load: {}'))).toEqual([6]);
    expect(modelsOf(steps('network: { delay: 600, nodes: n6 }', 'load: {}'))).toEqual([36]);
  });

  test('knows that a restarted leader has quorum and delays from its environment', () => {
    expect(modelsOf(steps('quorum: 1', 'network: { delay: 6 }', 'restart: leader', 'load: {}'))).toEqual([30]);
    expect(modelsOf(steps('quorum: 1', 'network: { delay: 6 }', 'restart: n2', 'load: {}'))).toEqual([6]);
  });

  test('has no model while the leader is down', () => {
    expect(modelsOf(steps('kill: leader', 'load: {}'))).toEqual([null]);
  });

  test('counts with what happened within a load afterwards, in the order of its times', () => {
    const during = 'during: [{ at: 2s, restart: n6 }, { at: 1s, kill: n6 }]';
    const plan = steps(`{ load: { executor: constant-vus, duration: 3s }, ${during} }`, 'load: {}');
    expect(modelsOf(plan)).toEqual([30, 30]);
    expect(rowOf(plan).during.map(({ atMs, action }) => [atMs, action.kind])).toEqual([
      [1000, 'kill'],
      [2000, 'restart'],
    ]);
    expect(modelsOf(steps('{ load: {}, during: [{ at: 1s, kill: n6 }] }', 'load: {}'))).toEqual([30, 36]);
  });

  test('expects a row to take as long as the last thing that happens in it', () => {
    const short = steps('{ load: {}, during: [{ at: 100ms, kill: n6 }] }').expectedMs;
    expect(steps('{ load: {}, during: [{ at: 60s, kill: n6 }] }').expectedMs).toBeGreaterThan(short + 50_000);
  });

  test('expects rows without enough followers to fail early', () => {
    const [row] = rowsOf(steps('kill: n4,n5,n6', 'load: { writes: 40, concurrency: 10 }'));
    expect(row!.expectedMs).toBeGreaterThan(4 * 250);
    expect(row!.expectedMs).toBeLessThan(4 * 250 + 500);
  });
});

describe('what cannot be is refused where it is written', () => {
  test.each([
    [['quorum: 6'], 'steps.0.quorum (line 5): expected a quorum from 0 to 5 (the number of followers), got 6'],
    [
      ['kill: n7'],
      'steps.0.kill (line 5): expected nodes among n1, n2, n3, n4, n5, n6, leader, followers or all (or several, with commas), got "n7"',
    ],
    [['kill: "n2,"'], expect.stringMatching(/^steps\.0\.kill \(line 5\): expected nodes among .*, got ""$/)],
    [['partition: [n2, n2]'], 'steps.0.partition (line 5): expected each node in one group, got n2 in two'],
    [['partition: all'], 'steps.0.partition (line 5): expected nodes on both sides of the cut, got all'],
    [['kill: n6', 'pause: n6'], 'steps.1.pause (line 6): expected nodes that run, to pause them, got n6, which is dead by then'],
    [['kill: n6', 'resume: followers'], 'steps.1.resume (line 6): expected nodes that run, to resume them, got n6, which is dead by then'],
    [
      ['kill: n6', 'partition: [leader, followers]'],
      'steps.1.partition (line 6): expected nodes that run, to change their links, got n6, which does not by then',
    ],
    [['network: { delay: 5, nodes: leader }'], 'steps.0.network (line 5): expected followers, got "leader", which is none of them'],
    [['network: { delay: "n1=5" }'], 'steps.0.network (line 5): expected delays of followers (n2, n3, n4, n5, n6), got "n1"'],
    [
      ['{ load: {}, during: [{ at: 1s, kill: n6 }, { at: 2s, kill: n9 }] }'],
      expect.stringMatching(/^steps\.0\.during\.1\.kill \(line 5\): expected nodes among .*, got "n9"$/),
    ],
    [
      ['{ sweep: { quorum: 1-2 }, load: {}, during: [{ at: 1s, quorum: 9 }] }'],
      'steps.0.during.0.quorum (line 5): expected a quorum from 0 to 5 (the number of followers), got 9',
    ],
    [
      ['put: { key: a, value: 1, node: followers }'],
      'steps.0.put (line 5): expected one node, got "followers", which is n2, n3, n4, n5, n6',
    ],
    [['put: { key: a, value: 1, quorum: 9 }'], 'steps.0.put (line 5): expected a quorum from 0 to 5 (the number of followers), got 9'],
    [['get: { key: a, node: n9 }'], expect.stringMatching(/^steps\.0\.get \(line 5\): expected nodes among .*, got "n9"$/)],
    [
      ['stale-reads: { writes: 5, after: [0ms], nodes: leader }'],
      'steps.0.stale-reads (line 5): expected followers, got "leader", which is none of them',
    ],
    [
      ['stale-reads: { writes: 5, after: [0ms], quorum: 9 }'],
      'steps.0.stale-reads (line 5): expected a quorum from 0 to 5 (the number of followers), got 9',
    ],
    [['stale-reads: { writes: 5, after: [1s, 1000ms] }'], 'steps.0.stale-reads.after (line 5): expected every time once, got 1000ms twice'],
    [
      ['wait: { until: lag_records==0, nodes: leader, within: 1s }'],
      'steps.0.wait (line 5): expected followers, got "leader", which is none of them',
    ],
    [
      ['wait: { until: lagging==0, within: 1s }'],
      'steps.0.wait.until (line 5): expected a figure among lag_records, lag_ms, up, streaming, waiting_writes, leader, got "lagging==0"',
    ],
    [['load: { rate: 5 }'], 'steps.0.load (line 5): shared-iterations: expected no rate, which it has no use for'],
    [['load: { executor: constant-arrival-rate, duration: 1s }'], 'steps.0.load (line 5): constant-arrival-rate: expected rate, got none'],
    [['load: { executor: constant-arrival-rate, rate: 5 }'], 'steps.0.load (line 5): expected writes or duration, got neither'],
    [['load: { executor: constant-vus }'], 'steps.0.load (line 5): constant-vus: expected duration, got none'],
    [['load: { executor: ramping-vus }'], 'steps.0.load (line 5): ramping-vus: expected stages, got none'],
    [
      ['load: { stages: [{ duration: 1s, target: 5 }] }'],
      'steps.0.load (line 5): shared-iterations: expected no stages, which it has no use for',
    ],
    [['load: { start: 5 }'], 'steps.0.load (line 5): shared-iterations: expected no start, which it has no use for'],
    [
      ['load: { executor: ramping-vus, duration: 1s, stages: [{ duration: 1s, target: 5 }] }'],
      'steps.0.load (line 5): ramping-vus: expected no duration, which it has no use for',
    ],
    [
      ['load: { executor: ramping-vus, concurrency: 5, stages: [{ duration: 1s, target: 5 }] }'],
      'steps.0.load (line 5): ramping-vus: expected no concurrency, because its stages say how many are in flight',
    ],
    [
      ['load: { executor: ramping-vus, stages: [{ duration: 1s, target: 0.5 }] }'],
      'steps.0.load (line 5): ramping-vus: expected stages that reach 1 to 5000 requests in flight, got 0.5',
    ],
    [
      ['load: { executor: ramping-vus, stages: [{ duration: 1s, target: 6000 }] }'],
      'steps.0.load (line 5): ramping-vus: expected stages that reach 1 to 5000 requests in flight, got 6000',
    ],
    [
      ['load: { executor: ramping-arrival-rate, stages: [{ duration: 0s, target: 5 }] }'],
      'steps.0.load (line 5): ramping-arrival-rate: expected stages that last longer than 0 ms',
    ],
    [
      ['load: { executor: ramping-arrival-rate, stages: [{ duration: 1s, target: 0 }] }'],
      'steps.0.load (line 5): ramping-arrival-rate: expected stages with a target above 0',
    ],
    [
      ['load: { executor: per-vu-iterations, writes: 1000, concurrency: 2000 }'],
      'steps.0.load (line 5): expected at most 1000000 writes of all clients together, got 2000000',
    ],
    [['load: { read_share: 1 }'], expect.stringMatching(/^steps\.0\.load \(line 5\): read_share: expected less than 1, or a duration/)],
  ])('%j', (lines, expected) => {
    expect(refusal(...lines)).toEqual(expected);
  });

  test('of the cluster by the place of the file that it is in, not by the option of the command line', () => {
    const cluster = (text: string) => attempt(`name: t\nwhy: w\ncluster:\n  followers: 3\n  ${text}\nsteps: [{ kill: n2 }]\n`);
    expect(cluster('quorum: 4')).toMatchObject({
      message: 'cluster.quorum (line 5): expected an integer from 0 to 3 (the number of followers), got 4',
    });
    expect(cluster('network: { delay: 5;n9=1 }')).toMatchObject({
      message: 'cluster.network.delay (line 5): expected nodes among n1, n2, n3, n4, got "n9"',
    });
  });

  test('but a quorum that is to be refused may be asked for', () => {
    expect(refusal('put: { key: a, value: 1, quorum: 9, expect: { error: invalid_quorum } }')).toBeNull();
  });

  test('a cluster without followers can wait for its leader, and has nothing that lags', () => {
    const of = (step: string) => attempt(`name: t\nwhy: w\ncluster: { followers: 0 }\nsteps: [${step}]\n`);
    expect(of('{ wait: { until: leader==open, within: 1s } }').ok).toBe(true);
    expect(of('{ load: {} }').ok).toBe(true);
    expect(of('{ stale-reads: { writes: 1, after: [0s] } }').ok).toBe(false);
    expect(of('{ network: { delay: 5 } }').ok).toBe(false);
  });
});

describe('data steps', () => {
  test('say what they do and what they expect', () => {
    const plan = steps(
      'put: { key: a, value: { b: [1] }, quorum: 2, timeout: 1s }',
      'get: { key: a, node: n2, read: local, within: 2s, expect: { value: { b: [1] } } }',
      'del: { key: a, expect: { error: not_leader }, node: n3 }',
    );
    expect(plan.steps).toMatchObject([
      {
        kind: 'put',
        title: 'put a={"b":[1]} at leader',
        node: 'leader',
        valueText: '{"b":[1]}',
        quorum: 2,
        timeoutMs: 1000,
        expect: { kind: 'ok' },
      },
      { kind: 'get', title: 'get a at n2', read: 'local', withinMs: 2000, expect: { kind: 'value', valueText: '{"b":[1]}' } },
      { kind: 'del', title: 'del a at n3', quorum: null, expect: { kind: 'error', code: 'not_leader' } },
    ]);
  });

  test('cannot drive the terminal by their key or value', () => {
    const [step] = steps('put: { key: "a\\e[2Jb\\n", value: "\\u202e" }').steps as [Step];
    expect(step.title).toBe('put a\\u001b[2Jb\\n="\\u202e" at leader');
    expect(step).toMatchObject({ key: 'a\u001b[2Jb\n', valueText: '"\u202e"' });
  });
});

describe('expectations', () => {
  const ROWS = `${HEAD}steps:
  - sweep: { quorum: 1-2 }
    load: {}
  - name: other
    sweep: { quorum: [2, 3] }
    load: {}
  - load: {}
  - name: late
    stale-reads: { writes: 5, after: [50ms, 0ms] }
  - parity: now
  - kill: n2
expect:
`;
  const bound = (...lines: string[]) => {
    const plan = attempt(`${ROWS}${lines.map((line) => `  ${line}\n`).join('')}`);
    return plan.ok ? plan.value.expectations.map(({ subject, threshold }) => `${subject}: ${threshold.text}`) : plan.message;
  };

  test.each([
    ['all', 'all: [failed==0]', ['sweep quorum=1', 'sweep quorum=2', 'other quorum=2', 'other quorum=3', 'load']],
    ['the name of a sweep', 'sweep: [failed==0]', ['sweep quorum=1', 'sweep quorum=2']],
    ['the name of a load', 'load: [failed==0]', ['load']],
    ['a value, of every sweep that has it', 'quorum=2: [failed==0]', ['sweep quorum=2', 'other quorum=2']],
    ['both', 'other quorum=2: [failed==0]', ['other quorum=2']],
  ])('by %s speak of the rows that are meant', (_name, line, subjects) => {
    expect(bound(line)).toEqual(subjects.map((subject) => `${subject}: failed==0`));
  });

  test('of stale reads speak of their points, ascending, and of looks of the look', () => {
    expect(bound('late: [gap<0.2]')).toEqual(['late after=0ms: gap<0.2', 'late after=50ms: gap<0.2']);
    expect(bound('late after=50ms: [share<1]')).toEqual(['late after=50ms: share<1']);
    expect(bound('parity: [mismatch==0]')).toEqual(['parity: mismatch==0']);
  });

  test('of a row twice, by two selectors, count once', () => {
    expect(bound('all: [failed==0]', 'load: [failed==0, n==100]').slice(-2)).toEqual(['load: failed==0', 'load: n==100']);
  });

  test('that nobody would ever judge are refused, with all that there is', () => {
    expect(bound('quorum=9: [failed==0]')).toBe(
      'expect.quorum=9 (line 16): expected all, sweep, quorum=1, quorum=2, other, quorum=3, load, late, after=0ms, after=50ms, parity, got "quorum=9"',
    );
    expect(bound('kill: [failed==0]')).toMatch(/^expect\.kill \(line 16\): expected all, .*, got "kill"$/);
    expect(attempt(`${HEAD}steps: [{ kill: n2 }]\nexpect: { all: [failed==0] }\n`)).toMatchObject({
      message: 'expect.all (line 5): expected no expectation of steps that find no figures, got "all"',
    });
    expect(attempt(`${HEAD}steps: [{ parity: now }]\nexpect: { all: [mismatch==0] }\n`)).toMatchObject({
      message: 'expect.all (line 5): expected parity, got "all"',
    });
  });

  test('of figures that the thing does not have are refused with their place', () => {
    expect(bound('all: [failed==0, "fails==0"]')).toMatch(
      /^expect\.all\.1 \(line 16\): expected a figure among n, ok, failed, .*, got "fails==0"$/,
    );
    expect(bound('late: [mean<3]')).toMatch(
      /^expect\.late\.0 \(line 16\): expected a figure among reads, stale, share, model, gap, got "mean<3"$/,
    );
    expect(bound('parity: [p(95)<3]')).toMatch(/^expect\.parity\.0 \(line 16\): expected a figure among match, lag, /);
  });
});

describe('the expected time', () => {
  test('of a scenario is that of its parts', () => {
    // 100 writes, 10 in flight, 30 ms each; and what a cluster takes.
    const { expectedMs } = steps('load: {}');
    expect(expectedMs).toBeGreaterThan(300 + 3000);
    expect(expectedMs).toBeLessThan(300 + 3000 + 800);
    expect(steps('load: {}', 'wait: 10s').expectedMs).toBeCloseTo(expectedMs + 10_000, 6);
  });

  test('of ramps is that of their stages', () => {
    const [row] = rowsOf(
      steps('load: { executor: ramping-arrival-rate, stages: [{ duration: 2s, target: 9 }, { duration: 3s, target: 0 }] }'),
    );
    expect(row!.expectedMs).toBeGreaterThan(5_000);
    expect(row!.expectedMs).toBeLessThan(5_500);
    expect(row!.load).toMatchObject({
      writes: null,
      start: 0,
      stages: [
        { durationMs: 2000, target: 9 },
        { durationMs: 3000, target: 0 },
      ],
    });
  });

  test('of stale reads is that of the writers side by side', () => {
    const [step] = steps('stale-reads: { writes: 80, after: [0ms, 1s] }').steps as [Step];
    // 8 writers make 10 each: 1 s and a write.
    expect(step.expectedMs).toBeGreaterThan(10 * 1030);
    expect(step.expectedMs).toBeLessThan(10 * 1030 + 200);
  });
});
