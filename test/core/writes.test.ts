import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AckSet } from '../../src/core/quorum.ts';
import type { KvRecord } from '../../src/core/record.ts';
import { type Write, Writes } from '../../src/core/writes.ts';

const FOLLOWERS = 3;
const KEYS = ['a', 'b'];

/** The deliberately dumb one: everything that was ever written, in a list. */
interface Dumb {
  readonly seq: number;
  readonly key: string;
  readonly value: string | null;
  readonly need: number;
  readonly write: Write;
  readonly ackedBy: Set<number>;
  isStored: boolean;
  isCommitted: boolean;
  /** Nobody waits for it or may ask again, and a newer one of its key is there. */
  isForgotten: boolean;
}

/** Does to `Writes` what the leader does, and to the list what the specification says. */
class Both {
  readonly writes = new Writes();
  readonly all: Dumb[] = [];
  readonly #store = new Map<string, KvRecord>();
  #gathering: Write[] = [];
  #asked: string[] = [];
  readonly readers: { key: string; atLeast: number }[] = [];
  readonly #seen = new Map<string, number>();

  put(key: string, value: string | null, need: number, isNamed = false): void {
    const seq = this.all.length + 1;
    const plain: KvRecord = { key, value, version: { epoch: 1, seq }, need, timestampMs: 0 };
    const record = isNamed ? { ...plain, idempotency: { key: `i${seq}`, fingerprint: '', existed: false } } : plain;
    const write: Write = {
      id: seq,
      record,
      admittedAt: 0,
      floorMs: 0,
      deadlineAt: 0,
      mayFailEarly: true,
      acks: new AckSet(),
      storedAt: null,
      isWaiting: true,
      existed: false,
      shortSince: null,
      settles: seq,
    };
    if (this.writes.admit(write)) this.#asked.push(key);
    this.#gathering.push(write);
    this.all.push({ seq, key, value, need, write, ackedBy: new Set(), isStored: false, isCommitted: false, isForgotten: false });
    this.#judge();
  }

  store(): void {
    const previous = new Map(this.#asked.map((key) => [key, this.#store.get(key) ?? null]));
    const stored = this.#gathering;
    this.#gathering = [];
    this.#asked = [];
    for (const write of stored) {
      this.#store.set(write.record.key, write.record);
      this.#dumb(write).isStored = true;
    }
    this.#judge();
    for (const write of stored) this.writes.stored(write, previous.get(write.record.key), 1);
    for (const write of stored) if (this.writes.get(write.record.version.seq) === write) this.#settle(write);
    // Known as soon as it is stored, and not before.
    for (const write of stored) {
      const { key, seq } = this.#dumb(write);
      const before = this.all.filter((each) => each.key === key && each.seq < seq).at(-1);
      expect(write.existed).toBe(before !== undefined && before.value !== null);
    }
  }

  /** A follower says that it holds this version of the key. */
  ack(seq: number, follower: number): void {
    const row = this.all[seq - 1];
    if (row === undefined || !row.isStored) return;
    for (const each of this.all) if (each.key === row.key && each.seq <= seq) each.ackedBy.add(follower);
    this.#judge();
    for (const write of this.writes.heldWith(row.key, row.write.record.version)) {
      if (write.acks.add(follower)) this.#settle(write);
    }
  }

  giveUp(seq: number): void {
    const write = this.all[seq - 1]?.write;
    if (!write?.isWaiting) return;
    this.writes.giveUp(write);
    this.#judge();
  }

  read(key: string): void {
    const reader = { key, atLeast: this.#committed(key)?.seq ?? 0 };
    this.readers.push(reader);
    let isAtOnce = true;
    this.writes.committed(key, (record) => {
      this.readers.splice(this.readers.indexOf(reader), 1);
      const found = record === undefined ? (this.#store.get(key) ?? null) : record;
      const seq = found?.version.seq ?? 0;
      // A read that waited for the store hears what was committed when it began; what the same commit made so may come after it.
      if (isAtOnce) expect(seq).toBe(reader.atLeast);
      expect(seq === 0 || this.all[seq - 1]?.isCommitted).toBe(true);
      expect(seq).toBeGreaterThanOrEqual(Math.max(reader.atLeast, this.#seen.get(key) ?? 0));
      this.#seen.set(key, seq);
    });
    isAtOnce = false;
  }

  check(): void {
    const head = { epoch: 1, seq: this.all.length };
    const { seq: through } = this.writes.committedThrough(head);
    const isSuperseded = ({ key, seq }: Dumb) => this.all.some((newer) => newer.key === key && newer.seq > seq && newer.isCommitted);
    for (const each of this.all.slice(0, through))
      expect(each.isCommitted || isSuperseded(each), `${each.seq} is not settled, and committed through is ${through}`).toBe(true);
    const isWrong = ({ seq, write, isCommitted }: Dumb) =>
      this.writes.keyed(`i${seq}`) !== (write.record.idempotency === undefined || isCommitted ? undefined : write);
    expect(this.all.find(isWrong)).toBeUndefined();
    const waiting = this.all.filter((each) => each.write.isWaiting);
    expect(this.writes.waiting).toBe(waiting.length);
    const kept = [...this.writes.all()].map((write) => write.record.version.seq);
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
    const pending = this.all.filter((each) => !each.isCommitted && !each.isForgotten).map((each) => each.seq);
    expect(kept).toEqual(pending);
    if (pending.length > 0) return;
    // Nothing is kept of what is settled.
    expect(through).toBe(head.seq);
    expect([this.writes.bytes, [...this.writes.pendingKeys()].length, this.readers.length]).toEqual([0, 0, 0]);
  }

  #settle(write: Write): void {
    if (this.writes.isCommitted(write)) this.writes.settle(write);
  }

  #dumb(write: Write): Dumb {
    return this.all[write.record.version.seq - 1] as Dumb;
  }

  #committed(key: string): Dumb | undefined {
    return this.all.filter((each) => each.key === key && each.isCommitted).at(-1);
  }

  #judge(): void {
    for (const each of this.all) {
      if (!each.isForgotten && each.isStored && each.ackedBy.size >= each.need) each.isCommitted = true;
    }
    for (const each of this.all) {
      const isWaiting = each.write.isWaiting && !each.isCommitted;
      const isNamed = each.write.record.idempotency !== undefined;
      if (!isWaiting && !isNamed && !each.isCommitted && this.all.some((newer) => newer.key === each.key && newer.seq > each.seq))
        each.isForgotten = true;
    }
  }
}

const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      t: fc.constant('put' as const),
      key,
      value: fc.option(fc.constant('1'), { freq: 3 }),
      need: fc.nat(FOLLOWERS),
      isNamed: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ t: fc.constant('store' as const) }) },
  { weight: 8, arbitrary: fc.record({ t: fc.constant('ack' as const), back: fc.nat(8), follower: fc.nat(FOLLOWERS - 1) }) },
  { weight: 3, arbitrary: fc.record({ t: fc.constant('give up' as const), back: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ t: fc.constant('read' as const), key }) },
);

test('the table of writes shows the newest committed record, and calls nothing committed that is pending', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), fc.boolean(), (steps, isSettledAtTheEnd) => {
      const both = new Both();
      for (const step of steps) {
        if (step.t === 'put') both.put(step.key, step.value, step.need, step.isNamed);
        else if (step.t === 'store') both.store();
        else if (step.t === 'ack') both.ack(both.all.length - step.back, step.follower);
        else if (step.t === 'give up') both.giveUp(both.all.length - step.back);
        else both.read(step.key);
        both.check();
      }
      if (!isSettledAtTheEnd) return;
      both.store();
      for (let follower = 0; follower < FOLLOWERS; follower++) for (const { seq } of both.all) both.ack(seq, follower);
      both.check();
      expect(both.writes.waiting + both.writes.bytes).toBe(0);
    }),
    { numRuns: 1000 },
  );
});

test('a write with all the acks it needs is not committed before the leader holds it itself', () => {
  const both = new Both();
  both.put('a', '1', 1);
  const [write] = both.writes.all();
  write?.acks.add(0);
  expect(write !== undefined && both.writes.isCommitted(write)).toBe(false);
  both.store();
  expect(both.writes.waiting).toBe(0);
});

test.each([
  ['before', true],
  ['after', false],
])('a write that may be asked for again, given up %s a newer one of its key is committed, holds nothing up', (_when, isEarly) => {
  const both = new Both();
  both.put('a', '1', 3, true);
  both.put('a', '2', 0);
  if (isEarly) both.giveUp(1);
  both.store();
  if (!isEarly) both.giveUp(1);
  both.check();
  expect(both.writes.keyed('i1')).toBe(both.all[0]?.write);
  expect(both.writes.committedThrough({ epoch: 1, seq: 2 }).seq).toBe(2);
  for (let follower = 0; follower < FOLLOWERS; follower++) both.ack(1, follower);
  both.check();
  expect(both.writes.bytes).toBe(0);
});
