import { test } from 'vitest';
import { describeScenario, planDocument } from '../../../src/cli/run/describe.ts';
import type { ExperimentPlan } from '../../../src/experiment/plan.ts';
import { loadScenario } from '../../../src/scenario/loader.ts';
import { planScenario } from '../../../src/scenario/plan.ts';
import { expectGolden } from '../../support/golden.ts';

/** A step of every kind. */
const TEXT = `
name: everything
why: A step of every kind.
seed: 3
cluster: { followers: 3, quorum: 2, store: memory, network: { delay: 0-40, loss: 0.01 } }
steps:
  - sweep: { quorum: 1-3 }
    load: { writes: 40, keys: 5, warmup: 10 }
  - network: { loss: 0 }
  - name: crash
    load: { executor: constant-arrival-rate, rate: 50, duration: 2s, read_share: 0.2 }
    during:
      - { at: 1200ms, restart: n4 }
      - { at: 200ms, kill: n4 }
      - { at: 500ms, network: { delay: 100, nodes: n2 } }
  - pause: n3
  - name: slow
    load: { executor: ramping-vus, stages: [{ duration: 1s, target: 8 }, { duration: 1s, target: 0 }] }
  - resume: n3
  - partition: [leader, "n3,n4"]
  - heal: all
  - wait: 500ms
  - wait: { until: lag_records==0, nodes: n4, within: 5s }
  - put: { key: a, value: { b: 1 }, quorum: 3 }
  - get: { key: a, node: n2, within: 1s, expect: { value: { b: 1 } } }
  - del: { key: a }
  - name: late
    stale-reads: { writes: 40, after: [0ms, 50ms, 1500ms], quorum: 1 }
  - parity: now
  - name: level
    parity: { within: 5s }
  - sweep: { followers: [1, 5] }
    load: {}
expect:
  all: [failed==0]
  quorum=3: [mean>20]
  late after=0ms: [share>0.2]
  level: [match==3]
accept_inconclusive: true
`;

function planned(): ExperimentPlan {
  const loaded = loadScenario(TEXT);
  const plan = loaded.ok ? planScenario(loaded.value, { clusterName: 'run-1', target: null, seed: null }) : loaded;
  if (!plan.ok) throw new Error(plan.message);
  return plan.value;
}

test('a scenario with a step of every kind is printed so that a person knows what will happen', () => {
  expectGolden('test/cli/run/golden/everything.txt', `${describeScenario(planned()).join('\n')}\n`);
});

test('its plan is a document: every step with its name, kind, title, time and model', () => {
  expectGolden('test/cli/run/golden/everything.json', `${JSON.stringify(planDocument(planned()), null, 2)}\n`);
});
