import { describe, expect, test } from 'vitest';
import type { Effect, Input } from '../../src/core/message.ts';
import type { FenceRequest } from '../../src/core/peer.ts';
import { EMPTY_POSITION, type HardState } from '../../src/core/record.ts';
import { Replica } from '../../src/core/replica.ts';
import { LIMITS } from '../support/core-cluster.ts';
import { replicateRequest } from '../wire/replicate-request.ts';

const fence: FenceRequest = {
  t: 'fence',
  from: 'n1',
  lineage: 'l',
  epoch: 1,
  incarnation: 'i',
  members: [
    { id: 'n1', url: 'http://n1' },
    { id: 'n2', url: 'http://n2' },
  ],
  isBirth: true,
};

function follower(isUnnamed: boolean): Replica {
  const nodeId = isUnnamed ? 'unnamed' : 'n2';
  const config = {
    nodeId,
    isUnnamed,
    incarnation: 'i',
    members: [{ id: nodeId, url: 'http://n2' }],
    isBornLeader: false,
    newLineage: 'x',
    quorum: 1,
    seed: 1,
    network: new Map(),
    jitterSeed: 1,
    limits: LIMITS,
  };
  return new Replica(config, { hard: null, position: EMPTY_POSITION, head: EMPTY_POSITION.watermark });
}

const savedBy = (effects: readonly Effect[]): HardState | undefined => effects.find((effect) => effect.t === 'saveHard')?.state;

describe('a node that was told no name', () => {
  test('is named once, and promises under that name', () => {
    const node = follower(true);
    expect([node.isUnnamed, node.standing().node]).toEqual([true, 'unnamed']);
    node.step(0, { t: 'named', nodeId: 'n2' });
    expect([node.isUnnamed, node.nodeId, node.standing().node]).toEqual([false, 'n2', 'n2']);
    node.step(1, { t: 'request', id: 1, message: fence });
    expect(savedBy(node.step(1, { t: 'turn' }))).toMatchObject({ nodeId: 'n2', promisedTo: 'n1', promisedEpoch: 1 });
    expect(() => node.step(2, { t: 'named', nodeId: 'n3' })).toThrow('a node keeps its name: this is n2, and was named n3');
  });

  test('wants to lead under that name, once it is promoted', () => {
    const node = follower(true);
    node.step(0, { t: 'named', nodeId: 'n2' });
    /** What the disk is asked for is there, and the node's next turn. */
    const settle = (now: number, input: Input): Effect[] => {
      const effects = [...node.step(now, input), ...node.step(now, { t: 'turn' })];
      const done = effects.flatMap((effect): Input[] => {
        if (effect.t === 'saveHard') return [{ t: 'hardSaved', token: effect.token }];
        return effect.t === 'persist' ? [{ t: 'persisted', token: effect.token, previous: new Map() }] : [];
      });
      return [...effects, ...done.flatMap((each) => settle(now, each))];
    };
    settle(1, { t: 'request', id: 1, message: fence });
    const head = { epoch: 1, seq: 0 };
    const page = { since: { epoch: 0, seq: 0 }, coversTo: head, head };
    settle(2, { t: 'request', id: 2, message: replicateRequest({ head, page, history: [] }) });
    expect(node.standing().watermark).toEqual(head);
    const wish = { isDryRun: false, isForced: false, quorum: null, gathers: true, timeoutMs: 1000 };
    const asked = settle(3, { t: 'promote', id: 3, ...wish });
    expect(asked.flatMap((effect) => (effect.t === 'send' ? [[effect.to, effect.message]] : []))).toEqual([
      ['n1', { t: 'look', from: 'n2' }],
    ]);
  });
});

test('a node that has a name is not named', () => {
  const node = follower(false);
  expect(node.isUnnamed).toBe(false);
  expect(() => node.step(0, { t: 'named', nodeId: 'n2' })).toThrow('a node keeps its name');
});
