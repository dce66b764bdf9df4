// Steps that ask one node, on a peer that answers as the test says. Steps that need a cluster are in test/e2e/run.test.ts.
import { afterEach, describe, expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { describeExpectation, runDataStep } from '../../src/experiment/data-step.ts';
import { Recorder } from '../../src/experiment/recorder.ts';
import type { Stage } from '../../src/experiment/stage.ts';
import type { DataStep, WaitStep } from '../../src/experiment/step.ts';
import { runWaitStep } from '../../src/experiment/wait-step.ts';
import { WAIT_FIGURES } from '../../src/measure/figures.ts';
import { parseThreshold } from '../../src/measure/threshold.ts';
import { loadScenario } from '../../src/scenario/loader.ts';
import { planScenario } from '../../src/scenario/plan.ts';
import type { NodeStatus, ReplicaStatus } from '../../src/wire/api.ts';
import { answerJson, type Script, type ScriptedPeer, scriptedPeer } from '../client/scripted-peer.ts';
import { FOLLOWS, STREAMS } from '../cluster/answers.ts';

const peers: ScriptedPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.close();
});

interface Scene {
  readonly stage: Stage;
  readonly peer: ScriptedPeer;
  readonly controller: AbortController;
  /** What the recorder was told to expect, in the form [threshold, got, isMet]. */
  expectations(): unknown[];
}

/** A cluster of which n1 leads and n2 follows; both are the one peer. */
async function scene(script: Script): Promise<Scene> {
  const peer = await scriptedPeer(script);
  peers.push(peer);
  const loaded = loadScenario('{"name": "t", "why": "w", "steps": [{"kill": "n2"}]}');
  const plan = loaded.ok ? planScenario(loaded.value, { clusterName: 'x', target: null, seed: null }) : loaded;
  if (!plan.ok) throw new Error(plan.message);
  const nodes = ['n1', 'n2'].map((id) => ({ id, url: peer.url }));
  const [leader, ...followers] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const facts = { name: 'x', followers: 1, store: 'memory', delay: '0', loss: 0, nodes, leader: 'n1', leaderUrl: peer.url } as const;
  const recorder = new Recorder(plan.value, facts);
  const controller = new AbortController();
  const client = new KvClient();
  const venue = { name: 'x', store: 'memory', client, nodes, leader, followers, close: async () => [] } as const;
  const stage: Stage = {
    plan: plan.value,
    venue,
    recorder,
    signal: controller.signal,
    nowMs: () => 0,
    progress: () => undefined,
    remark: () => undefined,
    keep: async () => undefined,
  };
  const expectations = () => recorder.result(0).expectations.map(({ threshold, got, is_met }) => [threshold, got, is_met]);
  return { stage, peer, controller, expectations };
}

const DATA: DataStep = {
  kind: 'get',
  step: 'get',
  title: '',
  expectedMs: 0,
  node: 'leader',
  key: 'a',
  valueText: null,
  quorum: null,
  timeoutMs: null,
  read: null,
  expect: { kind: 'ok' },
  withinMs: 0,
};
const value =
  (text: string): Script =>
  (request, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"key":${JSON.stringify(request.target)},"value":${text},"version":"1.1","committed":true,"node":"n1"}`);
const written: Script = (_request, response) =>
  answerJson(response, 200, { key: 'a', value: 1, version: '1.1', follower_acks: 1, required: 1, quorum_met: true, node: 'n1' });
const refuses =
  (error: string, status: number): Script =>
  (_request, response) =>
    answerJson(response, status, { error, message: 'm', definite: true, detail: {} });

describe('a get', () => {
  test.each<[string, string, DataStep['expect'], boolean, unknown]>([
    ['any value is ok', '1', { kind: 'ok' }, true, '1'],
    ['the expected one', '{"b":[1,2]}', { kind: 'value', valueText: '{"b":[1,2]}' }, true, '{"b":[1,2]}'],
    [
      'its members in another order',
      '{"b":1,"a":{"d":1,"c":2}}',
      { kind: 'value', valueText: '{"a":{"c":2,"d":1},"b":1}' },
      true,
      expect.any(String),
    ],
    ['its items in another order, which is another value', '[2,1]', { kind: 'value', valueText: '[1,2]' }, false, '[2,1]'],
    ['a text that looks like a number', '"1"', { kind: 'value', valueText: '1' }, false, '"1"'],
    ['null, which is a value', 'null', { kind: 'value', valueText: 'null' }, true, 'null'],
    ['a member called __proto__', '{"__proto__":1}', { kind: 'value', valueText: '{"__proto__":1}' }, true, '{"__proto__":1}'],
    ['its absence', '{}', { kind: 'value', valueText: '{"__proto__":1}' }, false, '{}'],
    ['a value where an error was expected', '1', { kind: 'error', code: 'key_not_found' }, false, '1'],
  ])('finds %s', async (_name, text, expected, isMet, got) => {
    const { stage, expectations } = await scene(value(text));
    expect(await runDataStep(stage, { ...DATA, expect: expected })).toEqual({ isMet, detail: got });
    expect(expectations()).toEqual([[describeExpectation(expected), got, isMet]]);
  });

  test('that is refused meets the error of that code and no other', async () => {
    for (const [code, isMet] of [
      ['key_not_found', true],
      ['not_leader', false],
    ] as const) {
      const { stage, expectations } = await scene(refuses('key_not_found', 404));
      expect(await runDataStep(stage, { ...DATA, expect: { kind: 'error', code } })).toEqual({ isMet, detail: 'key_not_found' });
      expect(expectations()).toEqual([[`error==${code}`, 'key_not_found', isMet]]);
    }
  });

  test('asks again within its time, until the answer is the expected one', async () => {
    let asked = 0;
    const { stage, expectations } = await scene((request, response) => {
      asked += 1;
      if (asked < 3) refuses('key_not_found', 404)(request, response);
      else value('7')(request, response);
    });
    const step = { ...DATA, withinMs: 20_000, expect: { kind: 'value', valueText: '7' } } as const;
    expect(await runDataStep(stage, step)).toEqual({ isMet: true, detail: '7' });
    expect(asked).toBe(3);
    expect(expectations()).toEqual([['value==7', '7', true]]);
  });

  test('says what it got last when the time is over', async () => {
    const { stage, expectations } = await scene(value('6'));
    const step = { ...DATA, withinMs: 50, expect: { kind: 'value', valueText: '7' } } as const;
    expect(await runDataStep(stage, step)).toEqual({ isMet: false, detail: '6' });
    expect(expectations()).toEqual([['value==7', '6', false]]);
  });

  test('that is interrupted asks no more', async () => {
    const { stage, controller, peer } = await scene((request, response) => {
      controller.abort();
      value('6')(request, response);
    });
    const step = { ...DATA, withinMs: 600_000, expect: { kind: 'value', valueText: '7' } } as const;
    expect((await runDataStep(stage, step)).isMet).toBe(false);
    expect(peer.seen).toHaveLength(1);
  });

  test('reads as it is told to', async () => {
    const { stage, peer } = await scene(value('1'));
    await runDataStep(stage, { ...DATA, node: 'n2', read: 'local' });
    expect(peer.seen.map(({ method, target }) => `${method} ${target}`)).toEqual(['GET /kv/a?read=local']);
  });
});

describe('a put and a del', () => {
  test('send the quorum and the time that they have, and the value as it is', async () => {
    const { stage, peer } = await scene(written);
    const put: DataStep = { ...DATA, kind: 'put', valueText: '{"__proto__":[1e2]}', quorum: 2, timeoutMs: 300 };
    expect(await runDataStep(stage, put)).toEqual({ isMet: true, detail: 'ok' });
    await runDataStep(stage, { ...DATA, kind: 'put', valueText: '"x"' });
    expect(peer.seen.map(({ method, target, body }) => `${method} ${target} ${body}`)).toEqual([
      'PUT /kv/a?quorum=2&timeout_ms=300 {"value":{"__proto__":[1e2]}}',
      'PUT /kv/a {"value":"x"}',
    ]);
  });

  test.each([
    ['../../admin/quorum', '/kv/..%2F..%2Fadmin%2Fquorum'],
    ['..', '/kv/%2E%2E'],
    ['a b?c#d%', '/kv/a%20b%3Fc%23d%25'],
    ['\u0000\n', '/kv/%00%0A'],
    ['ключ💥', `/kv/${encodeURIComponent('ключ💥')}`],
  ])('address the key %j and nothing else', async (key, target) => {
    const { stage, peer } = await scene(written);
    await runDataStep(stage, { ...DATA, kind: 'put', key, valueText: '1' });
    expect(peer.seen.map((request) => request.target)).toEqual([target]);
  });

  test('that meet a node which is not there are unreachable, which may be what is expected', async () => {
    const { stage, peer, expectations } = await scene(written);
    await peer.close();
    const step: DataStep = { ...DATA, kind: 'put', valueText: '1', expect: { kind: 'error', code: 'unreachable' } };
    expect(await runDataStep(stage, step)).toEqual({ isMet: true, detail: 'unreachable' });
    expect(await runDataStep(stage, { ...step, kind: 'del', expect: { kind: 'ok' } })).toEqual({ isMet: false, detail: 'unreachable' });
    expect(expectations()).toEqual([
      ['error==unreachable', 'unreachable', true],
      ['answer==ok', 'unreachable', false],
    ]);
  });
});

describe('a wait', () => {
  const replica = (node: string, lag: number, isUp = true, link: ReplicaStatus['link'] = 'stream'): ReplicaStatus => ({
    ...STREAMS,
    node,
    url: `http://${node}`,
    link,
    is_up: isUp,
    lag_records: lag,
    lag_ms: lag * 10,
  });

  const wait = (until: string | null, more: Partial<WaitStep> = {}): WaitStep => {
    const parsed = until === null ? null : parseThreshold(until, WAIT_FIGURES);
    if (parsed !== null && !parsed.ok) throw new Error(parsed.message);
    const base = { kind: 'wait', step: 'wait', title: '', expectedMs: 0, nodes: 'followers', withinMs: 20_000 } as const;
    return { ...base, until: parsed?.value ?? null, ...more };
  };

  function status(replicas: ReplicaStatus[], more: Partial<NodeStatus> = {}): NodeStatus {
    return { ...FOLLOWS, role: 'leader', phase: 'open', leader: 'n1', waiting_writes: 4, replicas, ...more };
  }
  const answers =
    (document: object): Script =>
    (_request, response) =>
      answerJson(response, 200, document);

  test('for time to pass asks nobody', async () => {
    const { stage, peer, expectations } = await scene(answers({}));
    expect(await runWaitStep(stage, wait(null, { withinMs: 10 }))).toEqual({ isMet: true, detail: '' });
    expect([peer.seen, expectations()]).toEqual([[], []]);
  });

  test('for a condition asks until it is met', async () => {
    let lag = 3;
    const { stage, expectations } = await scene((_request, response) => answerJson(response, 200, status([replica('n2', lag--)])));
    expect(await runWaitStep(stage, wait('lag_records==0'))).toMatchObject({
      isMet: true,
      detail: expect.stringMatching(/^after \d+ ms$/),
    });
    expect(expectations()).toEqual([['lag_records==0', 0, true]]);
  });

  test('that is in vain says how it stood', async () => {
    const { stage, expectations } = await scene(answers(status([replica('n2', 3)])));
    expect(await runWaitStep(stage, wait('lag_records==0', { withinMs: 50 }))).toMatchObject({
      isMet: false,
      detail: expect.stringMatching(/^still 3 after \d+ ms$/),
    });
    expect(expectations()).toEqual([['lag_records==0', 3, false]]);
  });

  test.each([
    ['lag_records==7', 'followers'],
    ['lag_ms==70', 'followers'],
    ['lag_records==2', 'n2'],
    ['up==1', 'followers'],
    ['streaming==0', 'followers'],
    ['waiting_writes==4', 'followers'],
    ['leader==open', 'followers'],
  ])('knows the leader’s account: %s of %s', async (until, nodes) => {
    const replicas = [replica('n2', 2, true, 'catch-up'), replica('n3', 7, false)];
    const { stage } = await scene(answers(status(replicas)));
    const nodesOf3 = [...stage.venue.nodes, { id: 'n3', url: 'http://n3' }];
    const wider = { ...stage, venue: { ...stage.venue, nodes: nodesOf3 } };
    expect((await runWaitStep(wider, wait(until, { nodes, withinMs: 0 }))).isMet).toBe(true);
  });

  test('for followers that are none is never met, whatever they lag', async () => {
    const { stage, expectations } = await scene(answers(status([])));
    expect((await runWaitStep(stage, wait('lag_records==0', { nodes: 'leader', withinMs: 0 }))).isMet).toBe(false);
    expect(expectations()).toEqual([['lag_records==0', null, false]]);
  });

  test('on a leader that is gone, or leads no more, is for its end alone', async () => {
    const { stage, peer, expectations } = await scene(answers(status([replica('n2', 0)], { role: 'follower', phase: 'following' })));
    expect((await runWaitStep(stage, wait('leader==none', { withinMs: 0 }))).isMet).toBe(true);
    await peer.close();
    expect((await runWaitStep(stage, wait('leader==none', { withinMs: 0 }))).isMet).toBe(true);
    expect((await runWaitStep(stage, wait('lag_records==0', { withinMs: 0 }))).isMet).toBe(false);
    expect((await runWaitStep(stage, wait('up!=5', { withinMs: 0 }))).isMet).toBe(false);
    expect(expectations().slice(-1)).toEqual([['up!=5', null, false]]);
  });

  test('that is interrupted ends', async () => {
    const { stage, controller } = await scene((_request, response) => {
      controller.abort();
      answerJson(response, 200, status([replica('n2', 3)]));
    });
    expect((await runWaitStep(stage, wait('lag_records==0', { withinMs: 600_000 }))).isMet).toBe(false);
    expect((await runWaitStep(stage, wait(null, { withinMs: 600_000 }))).isMet).toBe(true);
  });
});
