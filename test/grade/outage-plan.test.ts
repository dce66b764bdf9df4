/** Whom an outage takes away: for every number of followers and every quorum, told or switched. */
import { expect, test } from 'vitest';
import { planOutage } from '../../src/grade/outage-plan.ts';

const UP_TO = Array.from({ length: 9 }, (_, index) => index + 1);

test('with a quorum that can be switched a majority of the nodes stays up, and one quorum can just be met and the next cannot', () => {
  for (const followers of UP_TO) {
    const plan = planOutage(followers, null, true);
    expect(plan.more).toBe(0);
    expect(plan.first).toBeGreaterThan(0);
    const alive = followers - plan.first;
    // One follower cannot be away without half of the nodes being away.
    if (followers > 1) expect(2 * (alive + 1)).toBeGreaterThan(followers + 1);
    expect(plan.met).toBe(alive === 0 ? null : alive);
    expect(plan.unmet).toBe(alive + 1);
  }
});

test('with a fixed quorum it is met first, and then one follower too few is left', () => {
  for (const followers of UP_TO) {
    for (let quorum = 1; quorum < followers; quorum++) {
      const { first, met, more, unmet } = planOutage(followers, quorum, false);
      expect([followers - first, met]).toEqual([quorum, quorum]);
      expect([followers - first - more, unmet]).toEqual([quorum - 1, quorum]);
    }
    expect(planOutage(followers, followers, false)).toEqual({ first: 1, met: null, more: 0, unmet: followers });
    expect(planOutage(followers, 0, false)).toEqual({ first: 1, met: 0, more: 0, unmet: null });
    // Nobody told: with every follower away no quorum is met, whatever it is.
    expect(planOutage(followers, null, false)).toEqual({ first: followers, met: null, more: 0, unmet: null });
  }
});
