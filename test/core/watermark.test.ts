import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PageHeader } from '../../src/core/peer.ts';
import { EMPTY_POSITION, type Position } from '../../src/core/record.ts';
import { compareVersions, formatVersion, maxVersion, minVersion, type Version, ZERO } from '../../src/core/version.ts';
import { Watermark } from '../../src/core/watermark.ts';

interface Row {
  readonly key: string;
  readonly version: Version;
}

interface Sent {
  readonly epoch: number;
  readonly rows: readonly Row[];
  readonly page: PageHeader | null;
}

/** The leader: all that was ever written, and a table of one row per key, which is all that a page can show. */
class DumbLeader {
  head: Version = { epoch: 1, seq: 0 };
  readonly history: Row[] = [];
  readonly #rows = new Map<string, Row>();

  write(key: string): Row {
    this.head = { epoch: this.head.epoch, seq: this.head.seq + 1 };
    const row = { key, version: this.head };
    this.history.push(row);
    this.#rows.set(key, row);
    return row;
  }

  page(since: Version, until: Version | null, limit: number): { page: PageHeader; rows: Row[] } {
    const end = until === null ? this.head : minVersion(until, this.head);
    const inside = [...this.#rows.values()].filter(
      ({ version }) => compareVersions(version, since) > 0 && compareVersions(version, end) <= 0,
    );
    inside.sort((a, b) => compareVersions(a.version, b.version));
    const rows = inside.slice(0, limit);
    const coversTo = inside.length > limit ? (rows.at(-1)?.version ?? since) : maxVersion(since, end);
    return { page: { since, coversTo, head: this.head }, rows };
  }
}

/** The follower: what it holds and how far it says it goes, in memory and on its disk. */
class DumbFollower {
  epoch = 1;
  tracker = new Watermark(EMPTY_POSITION, 1);
  held = new Map<string, Version>();
  disk: { held: ReadonlyMap<string, Version>; position: Position } = { held: new Map(), position: EMPTY_POSITION };

  take({ epoch, rows, page }: Sent): void {
    if (epoch !== this.epoch) return;
    for (const { key, version } of rows) {
      const held = this.held.get(key) ?? ZERO;
      if (!this.tracker.covers(version)) this.held.set(key, maxVersion(held, version));
    }
    if (page !== null) this.tracker.page(page);
    else for (const { version } of rows) this.tracker.stream(version);
  }

  persist(): void {
    this.disk = { held: new Map(this.held), position: this.tracker.position(null, ZERO) };
  }

  restart(): void {
    this.held = new Map(this.disk.held);
    this.tracker = new Watermark(this.disk.position, this.epoch);
  }

  enterEpoch(epoch: number): void {
    this.epoch = epoch;
    this.tracker.enterEpoch(epoch);
  }

  /** Where a scan may begin, as the leader hears it. */
  standsAt(): Version {
    const { cursor, cursorEpoch, watermark } = this.disk.position;
    return cursorEpoch === this.epoch ? maxVersion(cursor, watermark) : watermark;
  }
}

function expectHonest(leader: DumbLeader, held: ReadonlyMap<string, Version>, watermark: Version): void {
  for (const { key, version } of leader.history) {
    if (compareVersions(version, watermark) > 0) continue;
    const lacks = compareVersions(held.get(key) ?? ZERO, version) < 0;
    expect(lacks, `the watermark is ${formatVersion(watermark)}, but ${key}@${formatVersion(version)} is not here`).toBe(false);
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ t: fc.constant('write' as const), key, isStreamed: fc.boolean() }) },
  // A scan from where the follower stands, from its watermark, or on from where the last page ended.
  {
    weight: 6,
    arbitrary: fc.record({
      t: fc.constant('page' as const),
      from: fc.constantFrom('cursor', 'watermark', 'last'),
      limit: fc.integer({ min: 1, max: 4 }),
      back: fc.option(fc.nat(6)),
    }),
  },
  { weight: 12, arbitrary: fc.record({ t: fc.constant('deliver' as const), which: fc.nat(), isKept: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ t: fc.constant('drop' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ t: fc.constant('persist' as const) }) },
  { weight: 1, arbitrary: fc.record({ t: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ t: fc.constant('epoch' as const) }) },
);

test('a watermark is never dishonest, however rows move and messages come, and reaches the head in the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const leader = new DumbLeader();
      const follower = new DumbFollower();
      let way: Sent[] = [];
      let last: Version = ZERO;
      for (const step of steps) {
        const { epoch } = leader.head;
        switch (step.t) {
          case 'write': {
            const row = leader.write(step.key);
            if (step.isStreamed) way.push({ epoch, rows: [row], page: null });
            break;
          }
          case 'page': {
            const since =
              step.from === 'cursor' ? follower.standsAt() : step.from === 'watermark' ? follower.disk.position.watermark : last;
            const until = step.back === null ? null : maxVersion(since, { epoch, seq: Math.max(0, leader.head.seq - step.back) });
            const read = leader.page(since, until, step.limit);
            last = read.page.coversTo;
            way.push({ epoch, ...read });
            break;
          }
          case 'deliver':
          case 'drop': {
            if (way.length === 0) break;
            const at = step.which % way.length;
            if (step.t === 'deliver') follower.take(way[at] as Sent);
            // Kept: it comes again.
            if (step.t === 'drop' || !step.isKept) way.splice(at, 1);
            break;
          }
          case 'persist':
            follower.persist();
            break;
          case 'restart':
            follower.restart();
            // What was on its way to the process that died reaches nobody.
            way = [];
            last = follower.standsAt();
            break;
          case 'epoch':
            leader.head = { epoch: epoch + 1, seq: leader.head.seq };
            follower.enterEpoch(epoch + 1);
            last = follower.disk.position.watermark;
            break;
        }
        expectHonest(leader, follower.held, follower.tracker.watermark);
        expectHonest(leader, follower.disk.held, follower.disk.position.watermark);
        expect(compareVersions(follower.tracker.watermark, leader.head)).toBeLessThanOrEqual(0);
      }
      // Undisturbed, one scan is enough.
      follower.persist();
      for (let since = follower.standsAt(); ; since = follower.standsAt()) {
        const read = leader.page(since, null, 2);
        follower.take({ epoch: leader.head.epoch, ...read });
        follower.persist();
        expectHonest(leader, follower.held, follower.tracker.watermark);
        if (compareVersions(read.page.coversTo, read.page.head) >= 0) break;
      }
      expect(follower.tracker.watermark).toEqual(leader.head);
      expect(follower.tracker.hasReachedEpoch).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

test('a stream that comes in any order moves the watermark as far as it has no gap', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 100 }, (_, i) => i + 1)), (seqs) => {
      const tracker = new Watermark({ ...EMPTY_POSITION, watermark: { epoch: 1, seq: 0 } }, 1);
      const arrived = new Set<number>();
      for (const seq of seqs) {
        tracker.stream({ epoch: 1, seq });
        arrived.add(seq);
        let through = 0;
        while (arrived.has(through + 1)) through += 1;
        expect(tracker.watermark).toEqual({ epoch: 1, seq: through });
      }
    }),
  );
});

test('a thousand records in reverse order move the watermark once, over all of them (failure 20)', () => {
  const tracker = new Watermark({ ...EMPTY_POSITION, watermark: { epoch: 1, seq: 0 } }, 1);
  for (let seq = 1000; seq > 1; seq -= 1) {
    tracker.stream({ epoch: 1, seq });
    expect(tracker.watermark).toEqual({ epoch: 1, seq: 0 });
  }
  tracker.stream({ epoch: 1, seq: 1 });
  expect(tracker.watermark).toEqual({ epoch: 1, seq: 1000 });
});

test('a scan and the stream together reach the head of the last page before the watermark moves', () => {
  const tracker = new Watermark(EMPTY_POSITION, 1);
  tracker.page({ since: ZERO, coversTo: { epoch: 1, seq: 10 }, head: { epoch: 1, seq: 30 } });
  tracker.stream({ epoch: 1, seq: 31 });
  tracker.page({ since: { epoch: 1, seq: 10 }, coversTo: { epoch: 1, seq: 29 }, head: { epoch: 1, seq: 31 } });
  expect(tracker.watermark).toEqual(ZERO);
  expect(tracker.position(2, ZERO)).toEqual({
    watermark: ZERO,
    cursor: { epoch: 1, seq: 29 },
    cursorEpoch: 1,
    kMin: 2,
    history: [],
    purgeFloor: ZERO,
  });
  tracker.stream({ epoch: 1, seq: 30 });
  expect(tracker.watermark).toEqual({ epoch: 1, seq: 31 });
});

test('a cursor of an older epoch is worth nothing, and nor is what an older leader streamed', () => {
  const restarted = new Watermark(
    { watermark: { epoch: 1, seq: 5 }, cursor: { epoch: 1, seq: 9 }, cursorEpoch: 1, kMin: null, history: [], purgeFloor: ZERO },
    2,
  );
  expect(restarted.position(null, ZERO).cursor).toEqual({ epoch: 1, seq: 5 });
  const tracker = new Watermark({ ...EMPTY_POSITION, watermark: { epoch: 1, seq: 5 } }, 1);
  tracker.stream({ epoch: 1, seq: 7 });
  tracker.enterEpoch(2);
  expect(tracker.hasReachedEpoch).toBe(false);
  tracker.stream({ epoch: 1, seq: 6 });
  tracker.page({ since: { epoch: 1, seq: 5 }, coversTo: { epoch: 2, seq: 5 }, head: { epoch: 2, seq: 5 } });
  expect(tracker.watermark).toEqual({ epoch: 2, seq: 5 });
  // The 7 that came was another leader's; this one has not written its own yet.
  tracker.stream({ epoch: 2, seq: 6 });
  expect(tracker.watermark).toEqual({ epoch: 2, seq: 6 });
});

test('a page that comes again, late, does not take the goal back to the head that it had', () => {
  const tracker = new Watermark(EMPTY_POSITION, 1);
  const first = { since: ZERO, coversTo: { epoch: 1, seq: 2 }, head: { epoch: 1, seq: 3 } };
  tracker.page(first);
  // Meanwhile what stood at 3 moved to 9, and this page was read after that.
  tracker.page({ since: { epoch: 1, seq: 2 }, coversTo: { epoch: 1, seq: 5 }, head: { epoch: 1, seq: 9 } });
  tracker.page(first);
  tracker.page({ ...first, coversTo: { epoch: 1, seq: 5 }, head: { epoch: 1, seq: 5 } });
  expect(tracker.position(null, ZERO)).toMatchObject({ watermark: ZERO, cursor: { epoch: 1, seq: 5 } });
});
