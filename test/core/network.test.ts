import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LinkSetting, Network } from '../../src/core/network.ts';
import { sampleOf } from '../../src/lib/distribution.ts';
import { Prng } from '../../src/lib/prng.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'];
const FOLLOWERS = ['n2', 'n3', 'n4'];
const UNIFORM = { kind: 'uniform', min: 0, max: 1000 } as const;

function networkOf(seed: number, nodes: readonly string[] = NODES, loss = 0): Network {
  return new Network(seed, new Map<string, LinkSetting>(nodes.map((node) => [node, { delay: UNIFORM, loss, isPartitioned: false }])));
}

const seeds = fc.nat(2 ** 32);

test('a partition stops both ways, a one-way one the way it names, and each node has its own', () => {
  const network = networkOf(1);
  const ways = () => NODES.map((node) => [network.blocksIn(node), network.blocksOut(node)]);
  network.change({
    nodes: new Map([
      ['n2', { isPartitioned: true }],
      ['n3', { oneWay: 'in' }],
      ['n4', { oneWay: 'out' }],
    ]),
  });
  expect(ways()).toEqual([
    [false, false],
    [true, true],
    [true, false],
    [false, true],
  ]);
  network.change({ nodes: new Map([['n3', { oneWay: null }]]) });
  expect([network.blocksIn('n3'), network.blocksOut('n3'), network.blocksIn('n9')]).toEqual([false, false, false]);
});

test('the same seed gives the same draws, set again or not', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 30 }), (seed, writes) => {
      const network = networkOf(seed);
      const first = Array.from({ length: writes }, () => network.drawDelays(FOLLOWERS));
      expect(network.writesSinceSeed).toBe(writes);
      network.change({ seed });
      expect(network.writesSinceSeed).toBe(0);
      expect(Array.from({ length: writes }, () => network.drawDelays(FOLLOWERS))).toEqual(first);
      const other = networkOf(seed);
      expect(Array.from({ length: writes }, () => other.drawDelays(FOLLOWERS))).toEqual(first);
    }),
  );
});

test('delay i of a follower is the i-th number of its own stream, whatever happens to it and to the others', () => {
  const happening = fc.record({ lost: fc.array(fc.constantFrom(...FOLLOWERS), { maxLength: 5 }), isPartitioned: fc.boolean() });
  fc.assert(
    fc.property(seeds, fc.array(happening, { maxLength: 30, size: 'max' }), (seed, happenings) => {
      const network = networkOf(seed, NODES, 0.5);
      const streams = FOLLOWERS.map((node) => new Prng(seed).fork(`delay:${node}`));
      for (const { lost, isPartitioned } of happenings) {
        for (const node of lost) {
          network.losesNext(node);
          network.drawAgain(node);
        }
        network.change({ nodes: new Map([['n3', { isPartitioned }]]) });
        expect([...network.drawDelays(FOLLOWERS)]).toEqual(streams.map((stream) => sampleOf(UNIFORM, stream.next())));
      }
    }),
  );
});

test('another distribution takes the same draws, and leaves the others alone', () => {
  const plain = networkOf(7);
  const changed = networkOf(7);
  changed.change({ nodes: new Map([['n3', { delay: { kind: 'constant', value: 5 } }]]) });
  for (let write = 0; write < 20; write++) {
    const [n2, , n4] = plain.drawDelays(FOLLOWERS);
    expect([...changed.drawDelays(FOLLOWERS)]).toEqual([n2, 5, n4]);
  }
  changed.change({ nodes: new Map([['n3', { delay: UNIFORM }]]) });
  expect(changed.drawDelays(FOLLOWERS)).toEqual(plain.drawDelays(FOLLOWERS));
});

test('loss happens as often as it should, and never without being asked for', () => {
  const network = networkOf(3, NODES, 0.2);
  const losses = Array.from({ length: 10_000 }, () => network.losesNext('n2')).filter(Boolean).length;
  // Five standard deviations of a binomial.
  expect(Math.abs(losses - 2000)).toBeLessThan(200);
  const honest = networkOf(3);
  expect(Array.from({ length: 1000 }, () => honest.losesNext('n2'))).not.toContain(true);
});

test('a node that is not in the table is neither delayed nor lost, and a change of it changes nothing', () => {
  const network = networkOf(1);
  network.change({ nodes: new Map([['n9', { loss: 1, isPartitioned: true }]]) });
  expect(network.settings.has('n9')).toBe(false);
  expect([network.losesNext('n9'), network.isPartitioned('n9'), network.drawAgain('n9'), ...network.drawDelays(['n9'])]).toEqual([
    false,
    false,
    0,
    0,
  ]);
});
