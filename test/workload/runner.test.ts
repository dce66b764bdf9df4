import { afterEach, describe, expect, test } from 'vitest';
import { rampAt, rampStartOf } from '../../src/workload/ramp.ts';
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
  const calledMs = performance.now();
  const { samples } = await runLoad({ ...CLOSED, writes: null, durationMs: 100 }, node.url, { signal: never });
  // Not earlier, however few requests a busy machine makes of it; and nothing is decided on later, whenever it is then sent.
  expect(performance.now() - calledMs).toBeGreaterThanOrEqual(100);
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.every((sample) => sample.intendedMs < 100)).toBe(true);
});

describe('per-vu-iterations', () => {
  /** How many writes each connection made. The first to come is not answered before so many writes have arrived from all of them. */
  async function sharesOf(spec: Partial<LoadSpec>, firstWaitsFor = 0): Promise<number[]> {
    const made = new Map<number, number>();
    let writes = 0;
    const held: (() => void)[] = [];
    const node = await peer((request, response) => {
      const port = response.socket?.remotePort ?? 0;
      if (request.method === 'PUT') {
        made.set(port, (made.get(port) ?? 0) + 1);
        writes += 1;
      }
      if (writes === 1 && request.method === 'PUT') held.push(() => answerJson(response, 200, written()));
      else answerJson(response, 200, written());
      if (writes >= firstWaitsFor) for (const answer of held.splice(0)) answer();
    });
    await runLoad({ ...CLOSED, isShareFixed: true, ...spec }, node.url, { signal: never });
    return [...made.values()].sort((a, b) => b - a);
  }

  test('every client makes its own share, and the quick ones do not help the slow one', async () => {
    // Its own first and all of the three others.
    expect(await sharesOf({ writes: 20, connections: 4 }, 16)).toEqual([5, 5, 5, 5]);
    // The same without shares: the others make all that is left.
    expect((await sharesOf({ writes: 20, connections: 4, isShareFixed: false }, 20)).at(-1)).toBe(1);
  });

  test('what does not divide goes to the first of them, and reads do not count', async () => {
    expect(await sharesOf({ writes: 10, connections: 4 })).toEqual([3, 3, 2, 2]);
    expect(await sharesOf({ writes: 12, connections: 4, readShare: 0.5 })).toEqual([3, 3, 3, 3]);
  });

  test('more clients than writes leave some without any', async () => {
    expect(await sharesOf({ writes: 3, connections: 8 })).toEqual([1, 1, 1]);
  });
});

describe('ramping-vus', () => {
  /** How many requests were on their way when each of them arrived. */
  async function inFlightAt(ramp: NonNullable<LoadSpec['inFlight']>, spec: Partial<LoadSpec>, answerMs: number) {
    let inFlight = 0;
    const seen: number[] = [];
    const node = await peer((_request, response) => {
      inFlight += 1;
      seen.push(inFlight);
      setTimeout(() => {
        inFlight -= 1;
        answerJson(response, 200, written());
      }, answerMs);
    });
    const outcome = await runLoad({ ...CLOSED, writes: null, inFlight: ramp, ...spec }, node.url, { signal: never });
    return { outcome, seen };
  }

  test('never has more on their way than the ramp says, and has them once it says so', async () => {
    const ramp = {
      start: 0,
      stages: [
        { durationMs: 200, target: 4 },
        { durationMs: 300, target: 4 },
      ],
    };
    const { outcome } = await inFlightAt(ramp, { durationMs: 500, connections: 4 }, 20);
    const { samples } = outcome;
    const together = samples.map(({ startMs }) => samples.filter((other) => other.startMs <= startMs && other.endMs > startMs).length);
    samples.forEach(({ startMs }, i) => {
      expect(together[i]).toBeLessThanOrEqual(rampAt(ramp, startMs));
    });
    expect(Math.max(...together)).toBeGreaterThan(1);
  });

  test('with a number of writes ends when they are made, though some connections never came into use', async () => {
    const ramp = {
      start: 1,
      stages: [
        { durationMs: 20_000, target: 1 },
        { durationMs: 0, target: 3 },
        { durationMs: 1_000, target: 3 },
      ],
    };
    const { outcome, seen } = await inFlightAt(ramp, { writes: 10, durationMs: 21_000, connections: 3 }, 0);
    expect(outcome.samples).toHaveLength(10);
    expect(Math.max(...seen)).toBe(1);
  });
});

test('ramping-arrival-rate starts every request at the time that the ramp has for it, however slow the answers', async () => {
  const rate = { start: 0, stages: [{ durationMs: 300, target: 200 }] };
  const node = await peer(answersAfter(100));
  const { samples } = await runLoad({ ...CLOSED, writes: null, durationMs: 300, rate, connections: 1 }, node.url, { signal: never });
  // Half of 0.3 s times 200.
  expect(samples).toHaveLength(30);
  for (const { index, intendedMs, startMs } of samples) {
    expect(intendedMs).toBeCloseTo(rampStartOf(rate, index) as number, 9);
    expect(startMs).toBeGreaterThanOrEqual(intendedMs);
  }
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
  const held: (() => void)[] = [];
  let arrived = 0;
  // Nothing is answered before as many have arrived as may be on their way.
  const node = await peer((_request, response) => {
    arrived += 1;
    held.push(() => answerJson(response, 200, written()));
    if (arrived >= MAX_IN_FLIGHT) for (const answer of held.splice(0)) answer();
  });
  const writes = MAX_IN_FLIGHT + 50;
  const { samples, heldBack } = await runLoad({ ...CLOSED, writes, rate: 1_000_000 }, node.url, { signal: never });
  expect(samples).toHaveLength(writes);
  expect(samples.every((sample) => sample.ok)).toBe(true);
  expect(heldBack).toBeGreaterThan(0);
  expect(heldBack).toBeLessThanOrEqual(50);
});

test('waiting for due times does not count as being busy', async () => {
  const node = await peer(answers);
  const idle = await runLoad({ ...CLOSED, writes: 20, rate: 50 }, node.url, { signal: never });
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
