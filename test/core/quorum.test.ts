import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AckSet, floorOf, isValidQuorum, MAX_FOLLOWERS, majorityOf, majorityOfOthers, NeedFloor } from '../../src/core/quorum.ts';
import { compareVersions, type Version } from '../../src/core/version.ts';

test('a set of acks counts distinct followers, however often and in whatever order they ack (failure 19)', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: MAX_FOLLOWERS - 1 }), { maxLength: 200 }), (followers) => {
      const acks = new AckSet();
      const names = new Set<string>();
      for (const follower of followers) {
        const isNew = !names.has(`n${follower}`);
        names.add(`n${follower}`);
        expect(acks.add(follower)).toBe(isNew);
        expect(acks.count).toBe(names.size);
      }
      for (let follower = 0; follower < MAX_FOLLOWERS; follower++) expect(acks.has(follower)).toBe(names.has(`n${follower}`));
    }),
  );
});

test('a follower index that no ack can have is a broken invariant', () => {
  expect(() => new AckSet().add(-1)).toThrow('from 0 to 61');
  expect(() => new AckSet().add(MAX_FOLLOWERS)).toThrow('from 0 to 61');
});

test('any two majorities share a node, and one node less would not do', () => {
  for (let followers = 0; followers <= 12; followers++) {
    const nodes = followers + 1;
    const majority = majorityOf(followers);
    expect(2 * majority).toBeGreaterThan(nodes);
    expect(2 * (majority - 1)).toBeLessThanOrEqual(nodes);
  }
  expect([0, 1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3, 4]);
});

test('a majority of the others always has one who knows of a promise that a majority made, the blank node among them', () => {
  for (let followers = 1; followers <= 8; followers++) {
    const others = followers;
    // The blank node was one of the majority, so only these others can tell.
    const witnesses = majorityOf(followers) - 1;
    expect(majorityOfOthers(followers) + witnesses).toBeGreaterThan(others);
  }
});

test('a quorum is an integer from 0 to the number of followers', () => {
  expect([0, 1, 3].every((quorum) => isValidQuorum(quorum, 3))).toBe(true);
  expect([-1, 4, 1.5, Number.NaN, '2', null].some((quorum) => isValidQuorum(quorum, 3))).toBe(false);
});

test('the floor is the time at which enough of the delays have passed', () => {
  const delays = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(delays, fc.nat(), (drawn, some) => {
      const need = some % (drawn.length + 1);
      const floor = floorOf(drawn, need);
      if (need === 0) expect(floor).toBe(0);
      else {
        expect(drawn).toContain(floor);
        expect(drawn.filter((delay) => delay <= floor).length).toBeGreaterThanOrEqual(need);
        expect(drawn.filter((delay) => delay < floor).length).toBeLessThan(need);
      }
    }),
  );
  expect(() => floorOf([1, 2], 3)).toThrow('more than 2 followers');
});

test('k_min is the smallest need above the lowest watermark', () => {
  const step = fc.record({ needs: fc.array(fc.nat(5), { maxLength: 6 }), isNewEpoch: fc.boolean(), advanceBy: fc.nat(8) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const floor = new NeedFloor();
      const all: { version: Version; need: number }[] = [];
      let head: Version = { epoch: 1, seq: 0 };
      let watermark: Version = head;
      for (const { needs, isNewEpoch, advanceBy } of steps) {
        if (isNewEpoch) head = { epoch: head.epoch + 1, seq: head.seq };
        for (const need of needs) {
          head = { epoch: head.epoch, seq: head.seq + 1 };
          floor.admit(head, need);
          all.push({ version: head, need });
        }
        const above = all.filter((each) => compareVersions(each.version, watermark) > 0);
        watermark = above[Math.min(advanceBy, above.length) - 1]?.version ?? watermark;
        const kept = all.filter((each) => compareVersions(each.version, watermark) > 0).map((each) => each.need);
        expect(floor.above(watermark)).toBe(Math.min(...kept));
      }
    }),
  );
});
