import { afterEach, expect, test } from 'vitest';
import { type LoadSpec, MAX_IN_FLIGHT, runLoad } from '../../src/workload/runner.ts';
import { answerJson, type Script, type ScriptedPeer, scriptedPeer } from '../client/scripted-peer.ts';

const peers: ScriptedPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.close();
});

async function peer(script: Script): Promise<ScriptedPeer> {
  const started = await scriptedPeer((request, response) => {
    if (request.target === '/health') answerJson(response, 200, { status: 'ok' });
    else script(request, response);
  });
  peers.push(started);
  return started;
}

function written(): object {
  return { key: 'k', value: 'v', version: '1.7', follower_acks: 3, required: 3, quorum_met: true, node: 'n1' };
}

const answers: Script = (_request, response) => answerJson(response, 200, written());
const answersAfter =
  (ms: number): Script =>
  (_request, response) =>
    void setTimeout(() => answerJson(response, 200, written()), ms);

const CLOSED: LoadSpec = {
  quorum: 3,
  requestQuorum: null,
  phase: 'load',
  writes: 20,
  durationMs: null,
  rate: null,
  connections: 4,
  keys: 10,
  valueBytes: 16,
  readShare: 0,
  seed: 1,
  inFlight: null,
  isShareFixed: false,
};
const never = new AbortController().signal;
const dataCalls = (node: ScriptedPeer) => node.seen.filter((request) => request.target !== '/health');

test('a closed loop makes exactly the writes that were asked for, no more than its connections at a time', async () => {
  let inFlight = 0;
  let most = 0;
  const node = await peer((_request, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      answerJson(response, 200, written());
    }, 5);
  });
  const outcome = await runLoad(CLOSED, node.url, { signal: never });
  expect(outcome.samples).toHaveLength(20);
  expect(outcome.isInterrupted).toBe(false);
  expect(most).toBe(4);
  expect(new Set(outcome.samples.map((sample) => sample.index)).size).toBe(20);
  expect(outcome.samples.every((sample) => sample.ok && sample.quorum === 3 && sample.phase === 'load')).toBe(true);
  expect(outcome.elapsedMs).toBe(Math.max(...outcome.samples.map((sample) => sample.endMs)));
});

test('the same seed makes the same requests, another one others', async () => {
  const bodies = async (seed: number) => {
    const node = await peer(answers);
    await runLoad({ ...CLOSED, connections: 1, seed }, node.url, { signal: never });
    return dataCalls(node).map((request) => `${request.method} ${request.target} ${request.body}`);
  };
  const first = await bodies(1);
  expect(first[0]).toMatch(/^PUT \/kv\/key\d \{"value":".{16}"\}$/);
  expect(await bodies(1)).toEqual(first);
  expect(await bodies(2)).not.toEqual(first);
});

test('reads come on top of the writes', async () => {
  const node = await peer(answers);
  const { samples } = await runLoad({ ...CLOSED, writes: 50, readShare: 0.5 }, node.url, { signal: never });
  expect(samples.filter((sample) => sample.op === 'put')).toHaveLength(50);
  expect(samples.filter((sample) => sample.op === 'get').length).toBeGreaterThan(20);
});

test('a duration ends the load when no number of writes does', async () => {
  const node = await peer(answersAfter(2));
  const { samples } = await runLoad({ ...CLOSED, writes: null, durationMs: 100 }, node.url, { signal: never });
  expect(samples.length).toBeGreaterThan(4);
  expect(samples.every((sample) => sample.startMs < 100)).toBe(true);
});

test('an open loop sends on time even while the server answers nothing, and counts latency from the intended start', async () => {
  const held: (() => void)[] = [];
  const node = await peer((_request, response) => {
    held.push(() => answerJson(response, 200, written()));
    // Nothing is answered before all have arrived: a closed loop of any width below 20 would wait for ever.
    if (held.length === 20) for (const release of held) release();
  });
  const { samples, heldBack } = await runLoad({ ...CLOSED, rate: 200, connections: 1 }, node.url, { signal: never });
  expect(samples).toHaveLength(20);
  expect(heldBack).toBe(0);
  const byIndex = [...samples].sort((a, b) => a.index - b.index);
  byIndex.forEach((sample, index) => {
    expect(sample.intendedMs).toBe(index * 5);
    expect(sample.startMs).toBeGreaterThanOrEqual(sample.intendedMs);
  });
  // The first one waited for the last one's arrival.
  expect(byIndex[0]!.endMs - byIndex[0]!.intendedMs).toBeGreaterThanOrEqual(19 * 5);
});

test('an open loop that would need more connections than there may be says how many requests it held back', async () => {
  const node = await peer(answersAfter(300));
  const writes = MAX_IN_FLIGHT + 50;
  const { samples, heldBack } = await runLoad({ ...CLOSED, writes, rate: 1_000_000 }, node.url, { signal: never });
  expect(samples).toHaveLength(writes);
  expect(samples.every((sample) => sample.ok)).toBe(true);
  expect(heldBack).toBeGreaterThan(0);
  expect(heldBack).toBeLessThanOrEqual(50);
});

test('waiting for due times does not count as being busy', async () => {
  const node = await peer(answers);
  const idle = await runLoad({ ...CLOSED, writes: 60, rate: 300 }, node.url, { signal: never });
  expect(idle.busy).toBeLessThan(0.8);
  const saturated = await runLoad({ ...CLOSED, writes: 3_000, connections: 64 }, node.url, { signal: never });
  expect(saturated.busy).toBeGreaterThan(0.8);
});

test('failures are samples with their code, and a dead server ends no load early', async () => {
  let asked = 0;
  const node = await peer((_request, response) => {
    asked += 1;
    if (asked % 2 === 0) answerJson(response, 503, { error: 'quorum_not_met', message: 'm', definite: false, detail: {} });
    else response.destroy();
  });
  const { samples } = await runLoad({ ...CLOSED, writes: 10, connections: 1 }, node.url, { signal: never });
  expect(samples.map((sample) => sample.error)).toEqual(
    Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'unreachable' : 'quorum_not_met')),
  );
});

test.each([
  ['closed', null],
  ['open', 500],
])('an interrupted %s loop ends at once and keeps what was answered, and nothing of what was cut off', async (_name, rate) => {
  const controller = new AbortController();
  let asked = 0;
  const node = await peer((request, response) => {
    asked += 1;
    if (asked <= 6) answers(request, response);
    else controller.abort();
  });
  const outcome = await runLoad({ ...CLOSED, writes: 100_000, rate }, node.url, { signal: controller.signal });
  expect(outcome.isInterrupted).toBe(true);
  expect(outcome.samples.every((sample) => sample.ok)).toBe(true);
  expect(outcome.samples.length).toBeLessThanOrEqual(6);
});
