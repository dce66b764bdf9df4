/** When a follower that was started again is of use, by the word of a leader that answers as the test says. */
import { expect, onTestFinished, test } from 'vitest';
import { waitUntilReady } from '../../src/cluster/readiness.ts';
import type { ReplicaStatus } from '../../src/wire/api.ts';
import { answerJson, scriptedPeer } from '../client/scripted-peer.ts';
import { FOLLOWS, STREAMS } from './answers.ts';
import { makeHome, stateOf } from './sandbox.ts';

const NOWHERE = 'http://127.0.0.1:1';

/** Asks a leader whose n2 answers those, one after the other, the last for ever; returns how often it was asked. */
async function waitFor(replicas: readonly Partial<ReplicaStatus>[], stoppedAt: number | null): Promise<number> {
  let asked = 0;
  const leader = await scriptedPeer((_request, response) => {
    const own = replicas[Math.min(asked, replicas.length - 1)];
    asked += 1;
    answerJson(response, 200, { ...FOLLOWS, role: 'leader', phase: 'open', replicas: [{ ...STREAMS, ...own }] });
  });
  onTestFinished(() => leader.close());
  const planned = stateOf('lab', makeHome());
  const state = { ...planned, nodes: planned.nodes.map((node) => ({ ...node, url: node.id === 'n1' ? leader.url : NOWHERE })) };
  await waitUntilReady({ state, wanted: ['n2'], started: [], stoppedAt, timeoutMs: 10_000 });
  return asked;
}

test('what a follower answered before it was stopped says nothing of the one that was started', async () => {
  const stoppedAt = performance.now();
  expect(await waitFor([{ silent_ms: 60_000 }, { silent_ms: null }, { link: 'probe' }, { is_up: false }, {}], stoppedAt)).toBe(5);
});

test('a follower that has been running all the time may have answered long ago', async () => {
  expect(await waitFor([{ silent_ms: 60_000 }], null)).toBe(1);
});
