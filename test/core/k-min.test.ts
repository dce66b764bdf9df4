import { expect, test } from 'vitest';
import type { Effect } from '../../src/core/message.ts';
import type { ReplicateRequest } from '../../src/core/peer.ts';
import type { Position } from '../../src/core/record.ts';
import { Replica } from '../../src/core/replica.ts';
import { ZERO } from '../../src/core/version.ts';
import { LIMITS } from '../support/core-cluster.ts';

const members = ['n1', 'n2'].map((id) => ({ id, url: `http://${id}` }));
const HEAD = { epoch: 1, seq: 5 };
const POSITION: Position = { watermark: HEAD, cursor: HEAD, cursorEpoch: 1, kMin: 1, history: [], purgeFloor: ZERO };
const START = 77;

/** What n2, which has just started with k_min 1 on its disk, writes down when it hears this; null: nothing. */
function recorded(message: Pick<ReplicateRequest, 'start' | 'kMin'>): number | null {
  const config = {
    nodeId: 'n2',
    incarnation: 'i',
    members,
    isBornLeader: false,
    newLineage: 'x',
    quorum: 1,
    seed: 1,
    network: new Map(),
    jitterSeed: START,
    limits: LIMITS,
  };
  const hard = { lineage: 'l', nodeId: 'n2', incarnation: 'i', members, promisedEpoch: 1, promisedTo: 'n1', ledEpoch: 0, blank: false };
  const node = new Replica(config, { hard, position: POSITION, head: HEAD });
  const versions = { head: HEAD, committedThrough: HEAD, purgeFloor: { epoch: 0, seq: 0 } };
  const request: ReplicateRequest = {
    t: 'replicate',
    from: 'n1',
    lineage: 'l',
    epoch: 1,
    incarnation: 'i',
    members,
    order: 9,
    quorum: 1,
    records: [],
    page: null,
    snapshot: null,
    history: null,
    ...versions,
    ...message,
  };
  const effects: Effect[] = [...node.step(0, { t: 'request', id: 1, message: request }), ...node.step(0, { t: 'turn' })];
  return effects.flatMap((effect) => (effect.t === 'persist' ? [effect.position?.kMin ?? null] : []))[0] ?? null;
}

test('a leader that knows this start may raise k_min and lower it', () => {
  expect(recorded({ start: START, kMin: 3 })).toBe(3);
  expect(recorded({ start: START, kMin: 0 })).toBe(0);
});

test.each([null, 76])('what was on its way before this start (%s) may lower k_min, not raise it', (start) => {
  expect(recorded({ start, kMin: 3 })).toBeNull();
  expect(recorded({ start, kMin: 0 })).toBe(0);
});
