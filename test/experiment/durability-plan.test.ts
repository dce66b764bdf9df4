import { expect, test } from 'vitest';
import { type ClusterWish, nodeIds, parseSpec } from '../../src/cluster/spec.ts';
import { describeDurability, planDurability } from '../../src/experiment/durability-plan.ts';

const plan = (wish: ClusterWish = {}, quorums: readonly number[] | null = null, trials = 20) => {
  const spec = parseSpec({ name: 'lab', followers: 5, delay: '0-500', seed: 7, ...wish });
  return planDurability({ spec, quorums, trials }, nodeIds(spec.followers).slice(1));
};
const planned = (...args: Parameters<typeof plan>) => {
  const made = plan(...args);
  if (!made.ok) throw new Error(made.message);
  return made.value;
};

test('each trial alone has its twin, with the same delays and the same follower; other trials and other quorums have draws of their own', () => {
  const { quorums } = planned({}, [0, 1, 5]);
  for (const { quorum, trials } of quorums) {
    const [alone, safe] = (['alone', 'safe'] as const).map((way) => trials.filter((trial) => trial.way === way));
    expect(alone).toHaveLength(20);
    expect(safe).toEqual(alone?.map((trial) => ({ ...trial, way: 'safe' })));
    expect(trials.every((trial) => trial.quorum === quorum)).toBe(true);
  }
  expect(new Set(quorums.flatMap(({ trials }) => trials.map(({ seed }) => seed))).size).toBe(60);
  // The same quorum has the same draws, whichever others are measured.
  expect(planned({}, [5]).quorums[0]).toEqual(quorums[2]);
});

test('delays differ from trial to trial, and every follower is drawn about as often', () => {
  const trials = planned({}, [1], 500).quorums[0]?.trials.filter(({ way }) => way === 'alone') ?? [];
  expect(new Set(trials.map(({ seed }) => seed)).size).toBe(500);
  for (const id of ['n2', 'n3', 'n4', 'n5', 'n6']) {
    const times = trials.filter(({ promoted }) => promoted === id).length;
    // Binomial(500, 1/5): five standard deviations are 45.
    expect(Math.abs(times - 100), id).toBeLessThan(45);
  }
  expect(planned({ seed: 8 }, [1], 500).quorums[0]?.trials[0]?.seed).not.toBe(trials[0]?.seed);
});

test('the cluster has no delays between trials; they are the leader’s for the one write', () => {
  const { spec, network, quorums } = planned({ delay: '0-10;n3=50' }, [2, 1]);
  expect(spec).toMatchObject({ delay: '0', quorum: 2, followers: 5 });
  expect(network).toMatchObject({ n2: { delay: '0-10' }, n3: { delay: '50' } });
  expect(Object.keys(network)).toEqual(['n2', 'n3', 'n4', 'n5', 'n6']);
  expect(quorums.map(({ quorum }) => quorum)).toEqual([2, 1]);
});

test('by default the quorums are 1 to N, and the plan says what is expected of each', () => {
  const text = describeDurability(planned({ followers: 4 })).join('\n');
  expect(text).toContain('1 (100 ms, 75 %)  2 (200 ms, 50 %)  3 (300 ms, 25 %)  4 (400 ms, 0 %)');
  expect(text).toMatch(/expected {2}about 3 min \d+ s$/);
});

test.each([
  [{ followers: 1 }, null, '--followers: expected at least 2'],
  [{ followers: 3 }, [1, 4], '--quorums: expected 0 to 3, the number of followers, got 4'],
  [{ followers: 3, delay: 'n2=5' }, null, '--delay: expected a delay for each of n2, n3, n4'],
] as const)('%o with quorums %o is refused', (wish, quorums, message) => {
  expect(plan(wish, quorums)).toEqual({ ok: false, message: expect.stringContaining(message) });
});
