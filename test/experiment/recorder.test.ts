import { describe, expect, test } from 'vitest';
import type { ExperimentPlan } from '../../src/experiment/plan.ts';
import { type ClusterFacts, Recorder, type RowFinding } from '../../src/experiment/recorder.ts';
import type { MeasureStep } from '../../src/experiment/step.ts';
import type { ParityRow } from '../../src/measure/result.ts';
import { summariseQuorum } from '../../src/measure/summary.ts';
import { loadScenario } from '../../src/scenario/loader.ts';
import { planScenario } from '../../src/scenario/plan.ts';
import type { Sample } from '../../src/workload/sample.ts';
import { parityRow } from '../support/parity-row.ts';

const TEXT = `
name: t
why: w
seed: 5
cluster: { followers: 2, quorum: 1, network: { delay: 0 } }
steps:
  - sweep: { quorum: 1-2 }
    load: { writes: 4, keys: 3 }
  - kill: n3
  - name: late
    stale-reads: { writes: 5, after: [0ms, 50ms] }
  - parity: now
  - get: { key: a, expect: { value: 1 } }
expect:
  sweep: [failed==0, mean<100]
  late after=50ms: [share<0.5]
  parity: [match==2]
`;

function planned(text = TEXT): ExperimentPlan {
  const loaded = loadScenario(text);
  const plan = loaded.ok ? planScenario(loaded.value, { clusterName: 'run-1', target: null, seed: null }) : loaded;
  if (!plan.ok) throw new Error(plan.message);
  return plan.value;
}

const FACTS: ClusterFacts = {
  name: 'run-1',
  followers: 2,
  store: 'sqlite',
  delay: '0',
  loss: 0,
  nodes: [{ id: 'n1', url: 'http://a' }],
  leader: 'n1',
  leaderUrl: 'http://a',
};

const rowOf = (node: string, status: ParityRow['status']) => parityRow({ url: `http://${node}`, node, status });
const MATCH = [rowOf('n2', 'match'), rowOf('n3', 'match')];

function sample(index: number, latencyMs: number, ok = true): Sample {
  const answer = ok ? { status: 200, error: null, version: `1.${index + 1}` } : { status: 503, error: 'quorum_not_met', version: null };
  const at = { intendedMs: index, startMs: index, endMs: index + latencyMs };
  const timing = { acks: 1, storeMs: 1, quorumMs: 2, floorMs: 0 };
  return { quorum: 1, index, phase: 'load', op: 'put', key: 'key0', ok, ...answer, ...at, ...timing };
}

function finding(row: string, samples: readonly Sample[], more: Partial<RowFinding> = {}): RowFinding {
  const summary = summariseQuorum({
    row,
    quorum: Number(row.at(-1)),
    delay: '0',
    beganMs: 10,
    samples,
    trace: [],
    distributions: [],
    followersUp: ['n2', 'n3'],
    isSteady: true,
    hasLoss: false,
    parityAtLastAck: { match: 2, lag: 0, mismatch: 0, unreachable: 0, missing: 0, stale: 0 },
    settleMs: 1,
    generatorBusy: 0,
    leaderBusy: 0,
    elapsedMs: 100,
  });
  const latencies = samples.filter(({ ok }) => ok).map(({ startMs, endMs }) => endMs - startMs);
  const lookedMs = { atLastAck: 20, settled: 30 };
  return { row: summary, cluster: FACTS, trace: [], latencies, atLastAck: MATCH, settled: MATCH, lookedMs, ...more };
}

const stepOf = (plan: ExperimentPlan, name: string) => {
  const found = plan.steps.find(({ step }) => step === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const rowStep = (plan: ExperimentPlan, name: string) => stepOf(plan, name) as MeasureStep;
const judgements = (recorder: Recorder) =>
  recorder.result(100).expectations.map(({ step, threshold, got, is_met }) => [step, threshold, got, is_met]);

test('a run that found nothing is a whole document in which nothing has passed', () => {
  const result = new Recorder(planned(), FACTS).result(0);
  expect(result).toMatchObject({
    schema_version: 1,
    scenario: 't',
    why: 'w',
    target: 'local',
    seed: 5,
    stale_reads: [],
    marks: [],
    parity: [],
    sweeps: [
      {
        name: 'sweep',
        sweep: { parameter: 'quorum', values: ['1', '2'] },
        results: [],
        leader_url: 'http://a',
        workload: { executor: 'shared-iterations', writes: 4, keys: 3, loop: 'closed' },
        cluster: { name: 'run-1', followers: 2 },
      },
    ],
  });
  expect(result.steps.map(({ step, status, began_ms }) => [step, status, began_ms])).toEqual([
    ['sweep quorum=1', 'skipped', null],
    ['sweep quorum=2', 'skipped', null],
    ['kill', 'skipped', null],
    ['late', 'skipped', null],
    ['parity', 'skipped', null],
    ['get', 'skipped', null],
  ]);
  expect(result.expectations.every(({ got, is_met }) => got === null && !is_met)).toBe(true);
  expect(result.expectations.map(({ step, threshold }) => `${step}: ${threshold}`)).toEqual([
    'sweep quorum=1: failed==0',
    'sweep quorum=2: failed==0',
    'sweep quorum=1: mean<100',
    'sweep quorum=2: mean<100',
    'late after=50ms: share<0.5',
    'parity: match==2',
  ]);
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

test('each finding is judged as it comes in, by what is expected of it alone', () => {
  const plan = planned();
  const recorder = new Recorder(plan, FACTS);
  recorder.row(rowStep(plan, 'sweep quorum=1'), finding('sweep quorum=1', [sample(0, 40), sample(1, 60)]));
  recorder.row(rowStep(plan, 'sweep quorum=2'), finding('sweep quorum=2', [sample(0, 400), sample(1, 5, false)]));
  const point = { after_ms: 50, sent_ms: 50, reads: 4, stale: 2, share: 0.5, ci95: null, model: null };
  const early = { ...point, row: 'late after=0ms', after_ms: 0 };
  recorder.stale({ name: 'late', quorum: 1, followers: 2, delay: '0', points: [early, { ...point, row: 'late after=50ms' }] });
  recorder.parity('parity', 90, [rowOf('n2', 'match'), rowOf('n3', 'unreachable')]);
  recorder.expected('get', 'value==1', '2', false);
  expect(judgements(recorder)).toEqual([
    ['sweep quorum=1', 'failed==0', 0, true],
    ['sweep quorum=1', 'mean<100', 50, true],
    ['sweep quorum=2', 'failed==0', 1, false],
    ['sweep quorum=2', 'mean<100', 400, false],
    ['late after=50ms', 'share<0.5', 0.5, false],
    ['parity', 'match==2', 1, false],
    ['get', 'value==1', '2', false],
  ]);
});

test('of a run that ended early the rows that it has count, and what was not reached has failed', () => {
  const plan = planned();
  const recorder = new Recorder(plan, FACTS);
  const first = rowStep(plan, 'sweep quorum=1');
  recorder.row(first, finding('sweep quorum=1', [sample(0, 40)]));
  recorder.ended(first, 'done', 0, 50, '1 of 1 writes acknowledged');
  recorder.ended(rowStep(plan, 'sweep quorum=2'), 'failed', 50, 60, 'interrupted');
  const result = recorder.result(60);
  expect(result.sweeps[0]?.results.map(({ row }) => row)).toEqual(['sweep quorum=1']);
  expect(result.sweeps[0]?.sweep.values).toEqual(['1', '2']);
  expect(result.steps.map(({ step, status, detail }) => [step, status, detail]).slice(0, 3)).toEqual([
    ['sweep quorum=1', 'done', '1 of 1 writes acknowledged'],
    ['sweep quorum=2', 'failed', 'interrupted'],
    ['kill', 'skipped', ''],
  ]);
  expect(judgements(recorder).filter(([, , , isMet]) => isMet)).toEqual([
    ['sweep quorum=1', 'failed==0', 0, true],
    ['sweep quorum=1', 'mean<100', 40, true],
  ]);
  expect(judgements(recorder)).toHaveLength(6);
});

test('a row without a single success meets nothing that is said of its latency', () => {
  const plan = planned();
  const recorder = new Recorder(plan, FACTS);
  recorder.row(rowStep(plan, 'sweep quorum=1'), finding('sweep quorum=1', [sample(0, 1, false)]));
  expect(judgements(recorder).slice(0, 2)).toEqual([
    ['sweep quorum=1', 'failed==0', 1, false],
    ['sweep quorum=1', 'mean<100', null, false],
  ]);
});

describe('the looks at the replicas', () => {
  test('are a column each: two of a row, one of a step', () => {
    const plan = planned();
    const recorder = new Recorder(plan, FACTS);
    const late = [rowOf('n2', 'match'), rowOf('n3', 'lag')];
    recorder.row(rowStep(plan, 'sweep quorum=1'), finding('sweep quorum=1', [sample(0, 1)], { atLastAck: late }));
    recorder.parity('parity', 90, MATCH);
    expect(
      recorder.result(100).parity.map(({ step, moment, at_ms, rows }) => [step, moment, at_ms, rows.map(({ status }) => status).join()]),
    ).toEqual([
      ['sweep quorum=1', 'last ack', 20, 'match,lag'],
      ['sweep quorum=1', 'settled', 30, 'match,match'],
      ['parity', 'looked', 90, 'match,match'],
    ]);
  });

  test('of a sweep keep a replica that was wrong once, whatever it holds later', () => {
    const plan = planned();
    const recorder = new Recorder(plan, FACTS);
    const wrong = [rowOf('n2', 'mismatch'), rowOf('n3', 'lag')];
    recorder.row(rowStep(plan, 'sweep quorum=1'), finding('sweep quorum=1', [sample(0, 1)], { settled: wrong }));
    recorder.row(rowStep(plan, 'sweep quorum=2'), finding('sweep quorum=2', [sample(0, 1)]));
    expect(recorder.result(100).sweeps[0]?.parity.map(({ status }) => status)).toEqual(['mismatch', 'match']);
  });
});

test('a sweep tells the cluster that its first row found, one without rows the cluster before the first step', () => {
  const text = `${TEXT.replace('steps:', 'steps:\n  - sweep: { followers: [3] }\n    load: {}')}`;
  const plan = planned(text.replace('sweep: [failed', 'sweep-2: [failed'));
  const recorder = new Recorder(plan, FACTS);
  const cluster = { ...FACTS, followers: 3, leaderUrl: 'http://b' };
  recorder.row(rowStep(plan, 'sweep followers=3'), finding('sweep followers=3', [sample(0, 1)], { cluster }));
  const { sweeps } = recorder.result(100);
  expect(sweeps.map((sweep) => [sweep.name, sweep.cluster.followers, sweep.leader_url])).toEqual([
    ['sweep', 3, 'http://b'],
    ['sweep-2', 2, 'http://a'],
  ]);
  expect(sweeps[0]?.overlaps).toEqual([]);
});
