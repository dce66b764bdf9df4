/** How a person's write is sent again, against peers that misbehave as the test says. */
import { expect, onTestFinished, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { type RetriedWrite, retriedWrite } from '../../src/client/retried-write.ts';
import { API_ERRORS, type ApiErrorCode, KvctlError } from '../../src/wire/errors.ts';
import { answerJson, type Script, scriptedPeer } from './scripted-peer.ts';

const WRITTEN = { key: 'k', value: 1, version: '1.7', follower_acks: 3, required: 3, quorum_met: true, node: 'n1' };
/** What a peer does with a request: answers so, or breaks the connection. */
type Step = 'ok' | 'broken' | 'foreign' | ApiErrorCode;

/** What came of a write against a peer that does these in turn, the last for ever, and the requests that it saw. */
async function run(steps: readonly Step[], options: Partial<RetriedWrite> = {}) {
  let at = 0;
  const script: Script = (_request, response) => {
    const step = steps[Math.min(at++, steps.length - 1)] as Step;
    if (step === 'ok') answerJson(response, 200, WRITTEN);
    else if (step === 'broken') response.socket?.destroy();
    else if (step === 'foreign') answerJson(response, 404, { oops: true });
    else answerJson(response, API_ERRORS[step].status, new KvctlError(step, 'as the test says').toBody());
  };
  const peer = await scriptedPeer(script);
  const client = new KvClient({ timeoutMs: 2_000 });
  onTestFinished(async () => {
    await client.close();
    await peer.close();
  });
  const why: string[] = [];
  const outcome = await retriedWrite(
    { idempotencyKey: 'a "key"\\', ...options },
    (each) => client.put(peer.url, 'k', '1', each),
    ({ code }) => why.push(code),
  ).catch((error: unknown) => error as KvctlError);
  return { outcome, why, seen: peer.seen };
}

test('a write whose answer was lost is sent again with the same key, until it is answered', async () => {
  const { outcome, why, seen } = await run(['broken', 'not_open', 'idempotency_in_flight', 'ok']);
  expect(outcome).toMatchObject({ version: '1.7' });
  expect(why).toEqual(['unreachable', 'not_open', 'idempotency_in_flight']);
  expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual(new Array(4).fill('"a \\"key\\"\\\\"'));
  expect(new Set(seen.map(({ target, body }) => `${target} ${body}`)).size).toBe(1);
});

test.each([['invalid_quorum'], ['not_open'], ['overloaded'], ['idempotency_mismatch']] as const)(
  '%s at once is the last word: nothing was written',
  async (code) => {
    const { outcome, seen } = await run([code]);
    expect(outcome).toMatchObject({ code, message: 'as the test says' });
    expect(seen.length).toBe(1);
  },
);

test('a refusal of a later attempt does not speak of the first, which stays in doubt', async () => {
  const { outcome, seen } = await run(['deposed', 'not_leader'], { timeoutMs: 600 });
  expect(outcome).toMatchObject({ code: 'deposed', definite: false, detail: { idempotency_key: 'a "key"\\' } });
  expect((outcome as KvctlError).message).toMatch(/^as the test says\n.*--idempotency-key/);
  expect(seen.length).toBeGreaterThan(1);
});

test('a key that belongs to another write is told as that', async () => {
  const { outcome } = await run(['broken', 'idempotency_mismatch']);
  expect(outcome).toMatchObject({ code: 'idempotency_mismatch' });
});

test.each([
  ['another program is not asked again', 'foreign', 'unreachable'],
  ['a node that waited for the quorum in vain is not asked by itself', 'quorum_not_met', 'quorum_not_met'],
] as const)('%s', async (_title, step, code) => {
  const { outcome, seen } = await run([step]);
  expect(outcome).toMatchObject({ code, message: expect.stringContaining('--idempotency-key') });
  expect(seen.length).toBe(1);
});

test('all attempts together take no longer than the timeout, and each says what is left', async () => {
  const { outcome, seen } = await run(['deposed'], { timeoutMs: 250 });
  expect(outcome).toMatchObject({ code: 'deposed' });
  const left = seen.map(({ target }) => Number(/timeout_ms=(\d+)/.exec(target)?.[1]));
  expect(left.length).toBeLessThanOrEqual(2);
  expect(left[0]).toBe(250);
  for (const ms of left.slice(1)) expect(ms).toBeLessThanOrEqual(151);
});
