/** Writes sent again with their `Idempotency-Key`, on the core alone: virtual time, messages and disks that move only when told. */
import { expect, test } from 'vitest';
import type { WriteFailure, WriteSuccess } from '../../src/core/message.ts';
import { formatVersion } from '../../src/core/version.ts';
import { assert } from '../../src/lib/assert.ts';
import { CoreCluster, type CoreClusterOptions, type CoreNode } from '../support/core-cluster.ts';

type Result = WriteSuccess | WriteFailure;

interface Asked {
  readonly key?: string;
  readonly value?: string | null;
  readonly need?: number | null;
  readonly timeoutMs?: number | null;
  readonly once?: string;
}

/** A cluster whose leader is open, and what its clients were told, in order. */
class Bench {
  readonly cluster: CoreCluster;
  readonly told = new Map<number, Result>();
  #asked = 0;

  constructor(options: Partial<CoreClusterOptions> = {}) {
    const delays = { all: { kind: 'constant', value: 0 } as const, perNode: new Map() };
    const rest = { isVolatile: false, isDiskManual: false, isScanManual: false, limits: {} };
    this.cluster = new CoreCluster({ followers: 2, quorum: 2, seed: 1, delays, ...rest, ...options });
    this.cluster.watchers.push((_node, effect) => {
      if (effect.t !== 'reply') return;
      assert(!this.told.has(effect.id), `write ${effect.id} is answered once`);
      this.told.set(effect.id, effect.result);
    });
    for (const node of this.cluster.nodes) this.cluster.drive(node);
    this.settle();
  }

  get leader(): CoreNode {
    return this.cluster.nodes[0] as CoreNode;
  }

  settle(): void {
    this.cluster.settle();
  }

  /** Answers the request's number. */
  put({ key = 'a', value = '1', need = null, timeoutMs = null, once = 'k' }: Asked = {}): number {
    const id = ++this.#asked;
    const { store } = this.leader;
    const asked = {
      key: once,
      fingerprint: JSON.stringify([key, value, need]),
      stored: store.idempotency(once),
      row: store.get(key),
    };
    const plain = { t: 'put', id, key, value, need, timeoutMs, timestampMs: id } as const;
    this.cluster.drive(this.leader, once === '' ? plain : { ...plain, idempotency: asked });
    return id;
  }

  /** The version it was answered with, `again` for a replay; else the error, or null as long as it waits. */
  answer(id: number): string | null {
    const result = this.told.get(id);
    if (result === undefined) return null;
    if (!result.ok) return result.code;
    return formatVersion(result.version) + (result.isReplayed ? ' again' : '');
  }

  /** Loses whatever is on its way; the links notice, and try again later. */
  drop(): void {
    for (const message of [...this.cluster.pool]) this.cluster.drop(message);
  }

  restart(node: CoreNode): void {
    this.cluster.crash(node, false);
    this.drop();
    this.cluster.start(node);
  }

  wait(ms: number): void {
    this.cluster.advanceTo(this.cluster.now + ms);
  }
}

test('a write that is sent again is answered with its version, whatever was written since (failure 45)', () => {
  const bench = new Bench();
  const first = bench.put();
  bench.settle();
  bench.put({ value: '2', once: '' });
  bench.settle();
  const again = bench.put();
  expect([first, again].map((id) => bench.answer(id))).toEqual(['1.1', '1.1 again']);
  expect(bench.told.get(again)).toMatchObject({ acks: 2, need: 2 });
  expect(bench.leader.replica.head.seq).toBe(2);
  expect(bench.leader.store.get('a')?.value).toBe('2');
});

test('a delete that is sent again says what it said', () => {
  const bench = new Bench({ isDiskManual: true });
  const existed = (id: number) => {
    const result = bench.told.get(id);
    return result?.ok && result.existed;
  };
  const run = (asked: Asked) => {
    const id = bench.put(asked);
    bench.settle();
    return existed(id);
  };
  bench.put({ value: '1', once: '' });
  // What is there is in no store yet.
  const pending = bench.put({ value: null, once: 'first' });
  bench.settle();
  expect([existed(pending), run({ value: null, once: 'first' })]).toEqual([true, true]);
  expect([run({ value: null, once: 'second' }), run({ value: null, once: 'second' })]).toEqual([false, false]);
  run({ value: '2', once: '' });
  expect([run({ value: null, once: 'third' }), run({ value: null, once: 'third' })]).toEqual([true, true]);
});

test.each([
  ['value', { value: '2' }],
  ['key', { key: 'b' }],
  ['method', { value: null }],
  ['quorum', { need: 1 }],
])('another %s under the same key is refused, pending or not (failure 45)', (_what, other) => {
  const bench = new Bench();
  bench.put();
  const early = bench.put(other);
  bench.settle();
  const late = bench.put(other);
  expect([bench.answer(early), bench.answer(late)]).toEqual(['idempotency_mismatch', 'idempotency_mismatch']);
  expect(bench.leader.replica.head.seq).toBe(1);
});

test('while the first waits the others are told so, and none takes a version (failure 45)', () => {
  const bench = new Bench();
  const [first, ...others] = Array.from({ length: 100 }, () => bench.put()) as [number, ...number[]];
  expect(new Set(others.map((id) => bench.answer(id)))).toEqual(new Set(['idempotency_in_flight']));
  expect(bench.answer(first)).toBeNull();
  bench.settle();
  expect(bench.answer(first)).toBe('1.1');
  expect(bench.leader.replica.head.seq).toBe(1);
});

test('a retry of a write whose client gave up waits for the very same version', () => {
  const bench = new Bench();
  const gaveUp = bench.put({ timeoutMs: 100 });
  bench.drop();
  bench.wait(100);
  expect(bench.answer(gaveUp)).toBe('quorum_not_met');
  // Newer ones of its key are pending, too, and then committed: they do not answer for it.
  bench.put({ value: '2', need: 0, once: '' });
  const retry = bench.put({ timeoutMs: 5000 });
  const second = bench.put();
  expect([bench.answer(retry), bench.answer(second)]).toEqual([null, 'idempotency_in_flight']);
  bench.wait(1000);
  bench.settle();
  expect(bench.answer(retry)).toBe('1.1 again');
  expect(bench.told.get(retry)).toMatchObject({ acks: 2, need: 2 });
  expect(bench.leader.replica.head.seq).toBe(2);
  expect(bench.leader.replica.leader?.writes.bytes).toBe(0);
});

test('a retry waits no longer than it says, and can be made again', () => {
  const bench = new Bench();
  const [, n2, n3] = bench.cluster.nodes as [CoreNode, CoreNode, CoreNode];
  bench.cluster.crash(n2, false);
  bench.cluster.crash(n3, false);
  bench.drop();
  const first = bench.put();
  bench.wait(250);
  const hopeless = bench.put();
  bench.wait(249);
  expect([bench.answer(first), bench.answer(hopeless)]).toEqual(['quorum_not_met', null]);
  bench.wait(1);
  expect(bench.told.get(hopeless)).toMatchObject({
    code: 'quorum_not_met',
    detail: { follower_acks: 0, required: 2, version: '1.1' },
  });
  const patient = bench.put({ timeoutMs: 3000 });
  bench.cluster.start(n2);
  bench.cluster.start(n3);
  bench.wait(2000);
  bench.settle();
  expect(bench.answer(patient)).toBe('1.1 again');
});

test('a retry that finds its leader started again tells no fewer acks than the write needed', () => {
  const bench = new Bench();
  const [, , n3] = bench.cluster.nodes as [CoreNode, CoreNode, CoreNode];
  bench.cluster.crash(n3, false);
  bench.drop();
  const first = bench.put({ timeoutMs: 100 });
  bench.wait(100);
  expect(bench.answer(first)).toBe('quorum_not_met');
  bench.restart(bench.leader);
  bench.settle();
  // The epoch is open with a majority of two, and the write needs both followers.
  expect(bench.leader.replica.phase).toBe('open');
  const retry = bench.put({ timeoutMs: 5000 });
  expect(bench.answer(retry)).toBeNull();
  bench.cluster.start(n3);
  bench.wait(2000);
  bench.settle();
  expect(bench.answer(retry)).toBe('1.1 again');
  expect(bench.told.get(retry)).toMatchObject({ acks: 2, need: 2 });
});

test('who waits with a retry hears of the end of the leadership', () => {
  const bench = new Bench();
  bench.put({ timeoutMs: 100 });
  bench.drop();
  bench.wait(100);
  const retry = bench.put();
  bench.cluster.drive(bench.leader, { t: 'stop', message: 'n1 shuts down' });
  expect(bench.told.get(retry)).toMatchObject({ code: 'deposed', message: 'n1 shuts down' });
});

test('a follower that was away gets the entries of rows that moved on, page by page (failure 45)', () => {
  const bench = new Bench({ limits: { pageRows: 2 } });
  const [, n2, n3] = bench.cluster.nodes as [CoreNode, CoreNode, CoreNode];
  bench.cluster.crash(n3, false);
  bench.drop();
  for (let i = 1; i <= 7; i++) {
    bench.put({ value: `${i}`, need: 1, once: `k${i}` });
    bench.wait(200);
    bench.settle();
  }
  const held = (node: CoreNode) => [1, 2, 3, 4, 5, 6, 7].map((i) => node.store.idempotency(`k${i}`)?.version.seq ?? null);
  expect(held(n2)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(held(n3)).toEqual([null, null, null, null, null, null, null]);
  bench.cluster.start(n3);
  bench.wait(2000);
  bench.settle();
  expect(n3.store.position().watermark.seq).toBe(7);
  expect(n3.store.idempotency('k3')).toEqual(bench.leader.store.idempotency('k3'));
  expect(held(n3)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a node that is rolled back keeps its keys until it reached the epoch, and loses those alone that the epoch lacks (failure 45)', () => {
  const bench = new Bench({ followers: 4, quorum: 3 });
  const { cluster } = bench;
  const [n1, n2, n3] = cluster.nodes as [CoreNode, CoreNode, CoreNode];
  const cut = (isPartitioned: boolean, ...nodes: readonly CoreNode[]) => {
    const change = (others: readonly CoreNode[]) => ({ nodes: new Map(others.map(({ id }) => [id, { isPartitioned }])) });
    const others = cluster.nodes.slice(2);
    for (const node of nodes) cluster.drive(node, { t: 'setNetwork', change: change(others) });
    for (const other of others) cluster.drive(other, { t: 'setNetwork', change: change(nodes) });
  };
  bench.put({ once: 'both' });
  bench.settle();
  cut(true, n1, n2);
  bench.put({ key: 'b', once: 'mine' });
  bench.settle();
  cluster.crash(n1, false);
  const wish = { isDryRun: false, isForced: false, quorum: null, gathers: true, timeoutMs: 5000 };
  cluster.drive(n3, { t: 'promote', id: 99, ...wish });
  bench.settle();
  expect(n3.replica.phase).toBe('open');
  const commits: [string, string[]][] = [];
  const keysOf = (node: CoreNode) => ['both', 'mine'].filter((key) => node.store.idempotency(key) !== null);
  cluster.watchers.push((node, effect) => {
    if (node !== n2 || effect.t !== 'persist') return;
    if (effect.position?.watermark.epoch === 2) commits.push(['reaches', keysOf(n2)]);
    else if (effect.replacements?.length) commits.push(['rolls back', keysOf(n2)]);
  });
  cut(false, n2);
  bench.wait(2000);
  bench.settle();
  // What stood there when each commit was asked for.
  expect(commits).toEqual([
    ['rolls back', ['both', 'mine']],
    ['reaches', ['both', 'mine']],
  ]);
  expect([keysOf(n2), keysOf(n3)]).toEqual([['both'], ['both']]);
});
