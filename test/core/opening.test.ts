import { expect, test } from 'vitest';
import type { Host } from '../../src/core/host.ts';
import { Opening } from '../../src/core/opening.ts';
import type { PeerRequest, StandingAnswer } from '../../src/core/peer.ts';
import type { HardState } from '../../src/core/record.ts';
import { ZERO } from '../../src/core/version.ts';

const MEMBERS = ['n1', 'n2', 'n3'].map((id) => ({ id, url: `http://${id}` }));
const HARD: HardState = {
  lineage: 'lineage',
  nodeId: 'n1',
  incarnation: 'n1-here',
  members: MEMBERS,
  promisedEpoch: 1,
  promisedTo: 'n1',
  ledEpoch: 1,
  blank: false,
};

function standingOf(node: string, promisedEpoch: number, promisedTo: string, more: Partial<StandingAnswer>): StandingAnswer {
  return {
    t: 'standing',
    node,
    incarnation: `${node}-here`,
    lineage: 'lineage',
    isBlank: false,
    promisedEpoch,
    promisedTo,
    watermark: { epoch: 1, seq: 5 },
    kMin: 3,
    ledEpoch: 0,
    purgeFloor: ZERO,
    ...more,
  };
}

/** A leader that restarts, and what it sent to whom. */
class Restart {
  now = 0;
  readonly sent: { readonly to: string; readonly message: PeerRequest }[] = [];
  readonly opening: Opening;

  constructor() {
    const host: Host = {
      now: () => this.now,
      out: () => {},
      token: () => 0,
      isStoreFree: () => true,
      send: (to, message) => this.sent.push({ to, message }) - 1,
      jitter: () => 1,
    };
    const standing = () => standingOf('n1', this.opening?.phase === 'fencing' ? 2 : 1, 'n1', { kMin: 2, ledEpoch: 1 });
    const start = { nodeId: 'n1', incarnation: 'n1-here', members: MEMBERS, hard: HARD, standing, newLineage: 'other', wish: null };
    this.opening = new Opening({ ...start, pageRows: 10, pageBytes: 1000 }, host);
    this.opening.turn(0);
  }

  /** The newest request to that node is answered. */
  answers(node: string, promisedEpoch: number, promisedTo: string, request = this.newest(node)): void {
    this.opening.answered(request, standingOf(node, promisedEpoch, promisedTo, {}), this.now);
  }

  newest(node: string): number {
    return this.sent.findLastIndex((each) => each.to === node);
  }

  promise(): number | null {
    const epoch = this.opening.promise()?.promisedEpoch ?? null;
    if (epoch !== null) this.opening.promised();
    this.opening.turn(this.now);
    return epoch;
  }
}

test('a restarted leader needs the promise of a majority, and takes over the smallest k_min', () => {
  const restart = new Restart();
  restart.answers('n2', 1, 'n1');
  expect(restart.promise()).toBe(2);
  expect(restart.opening.opened()).toBe(null);
  restart.answers('n2', 2, 'n1');
  expect(restart.opening.opened()).toMatchObject({ epoch: 2, kMin: 2, floor: { epoch: 1, seq: 5 }, isForced: false });
});

test('a promise for an epoch that was given up does not count for the next one', () => {
  const restart = new Restart();
  restart.answers('n2', 1, 'n1');
  expect(restart.promise()).toBe(2);
  const fenceOfN2 = restart.newest('n2');
  // n3 comes late and has promised more to somebody else, so n1 looks again and asks for more.
  restart.answers('n3', 5, 'n3', restart.newest('n3'));
  restart.now = 1000;
  restart.opening.turn(restart.now);
  expect(restart.sent.at(-1)).toMatchObject({ to: 'n3', message: { t: 'fence', epoch: 2 } });
  restart.opening.answered(restart.newest('n3'), { t: 'refused', code: 'stale_epoch', epoch: 5, message: '' }, restart.now);
  restart.now = 2000;
  restart.opening.turn(restart.now);
  restart.answers('n3', 5, 'n3');
  expect(restart.promise()).toBe(6);
  // Only now n2 answers the fence of epoch 2.
  restart.answers('n2', 2, 'n1', fenceOfN2);
  expect(restart.opening.opened()).toBe(null);
  restart.now = 3000;
  restart.opening.turn(restart.now);
  expect(restart.sent.at(-1)).toMatchObject({ to: 'n2', message: { t: 'fence', epoch: 6 } });
  restart.answers('n2', 6, 'n1');
  expect(restart.opening.opened()?.epoch).toBe(6);
});

test('a leader that lost its newest epoch to another does not lead again', () => {
  const restart = new Restart();
  const standing = {
    t: 'standing',
    node: 'n2',
    incarnation: 'n2-here',
    lineage: 'lineage',
    isBlank: false,
    kMin: 1,
    ledEpoch: 4,
    purgeFloor: ZERO,
  } as const;
  restart.opening.answered(restart.newest('n2'), { ...standing, promisedEpoch: 4, promisedTo: 'n2', watermark: { epoch: 4, seq: 9 } }, 0);
  restart.answers('n3', 1, 'n1');
  expect(restart.promise()).toBe(null);
  expect(restart.opening.waitingFor).toBe('n2 reached epoch 4, and n1 only 1: promote n2');
  // Whoever leads that epoch will call.
  expect(restart.opening.isOvertaken).toBe(true);
});
