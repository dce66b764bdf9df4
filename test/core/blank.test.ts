import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/core/message.ts';
import type { FenceRequest, ReplicateRequest, StandingAnswer } from '../../src/core/peer.ts';
import { EMPTY_POSITION } from '../../src/core/record.ts';
import { Replica } from '../../src/core/replica.ts';
import { ZERO } from '../../src/core/version.ts';
import { LIMITS } from '../support/core-cluster.ts';

const members = ['n1', 'n2', 'n3'].map((id) => ({ id, url: `http://${id}` }));

/** n2, without anything on its disk. */
function blank(isBornLeader = false): Replica {
  const config = {
    nodeId: 'n2',
    incarnation: 'n2-now',
    members,
    isBornLeader,
    newLineage: 'x',
    quorum: 1,
    seed: 1,
    network: new Map(),
    jitterSeed: 1,
    limits: LIMITS,
  };
  return new Replica(config, { hard: null, position: EMPTY_POSITION, head: ZERO });
}

/** The node takes the request, and its turn. */
function take(node: Replica, id: number, message: FenceRequest | ReplicateRequest): Effect[] {
  return [...node.step(0, { t: 'request', id, message }), ...node.step(0, { t: 'turn' })];
}

describe("a birth's fence", () => {
  const fence = (incarnation: string | null): FenceRequest => {
    return { t: 'fence', from: 'n1', lineage: 'ours', epoch: 1, incarnation, members, isBirth: true };
  };

  test('makes a member of the node that it means', () => {
    expect(take(blank(), 1, fence('n2-now'))).toMatchObject([{ t: 'saveHard', state: { promisedEpoch: 1, blank: false } }]);
  });

  test('that comes late, to a disk that came later, is refused', () => {
    expect(take(blank(), 1, fence('n2-before'))).toMatchObject([{ t: 'respond', message: { t: 'refused', code: 'wrong_incarnation' } }]);
  });

  test('that names nobody is promised nothing', () => {
    expect(take(blank(), 1, fence(null))).toMatchObject([{ t: 'respond', message: { t: 'standing', promisedEpoch: 0, isBlank: true } }]);
  });
});

describe('a leader of another lineage', () => {
  const heartbeat = (lineage: string): ReplicateRequest => ({
    t: 'replicate',
    from: 'n1',
    lineage,
    epoch: 1,
    incarnation: null,
    start: null,
    members,
    order: 1,
    head: ZERO,
    committedThrough: ZERO,
    quorum: 1,
    kMin: 1,
    purgeFloor: ZERO,
    records: [],
    page: null,
    snapshot: null,
    history: null,
  });

  test('does not keep a node from bringing its own to life', () => {
    const node = blank(true);
    take(node, 1, heartbeat('another'));
    expect([node.role, node.phase]).toEqual(['leader', 'looking']);
  });

  test('does not keep a blank node from being filled by its own', () => {
    const node = blank();
    take(node, 1, heartbeat('another'));
    const asked = take(node, 2, heartbeat('ours')).flatMap((effect) => (effect.t === 'send' ? [effect] : []));
    expect(asked).toMatchObject([
      { to: 'n1', message: { t: 'look' } },
      { to: 'n3', message: { t: 'look' } },
    ]);
    const effects = asked.flatMap(({ to, request }) => {
      const answer: StandingAnswer = {
        t: 'standing',
        node: to,
        incarnation: to,
        lineage: 'ours',
        isBlank: false,
        promisedEpoch: 3,
        promisedTo: 'n1',
        watermark: ZERO,
        kMin: 1,
        ledEpoch: 0,
        purgeFloor: ZERO,
      };
      return node.step(0, { t: 'answer', request, message: answer });
    });
    expect(effects).toMatchObject([{ t: 'saveHard', state: { lineage: 'ours', promisedEpoch: 3, blank: true } }]);
  });
});
