/** The leader's side of a snapshot on a link alone: what leaves while its last part must wait, and how soon a refused one is tried again. */
import { expect, test } from 'vitest';
import { Link, type LinkPort } from '../../src/core/link.ts';
import type { ViewPart } from '../../src/core/message.ts';
import type { ReplicateAnswer, SnapshotPart } from '../../src/core/peer.ts';
import type { KvRecord } from '../../src/core/record.ts';
import { Snapshot } from '../../src/core/snapshot.ts';
import type { Version } from '../../src/core/version.ts';
import { LIMITS } from '../support/core-cluster.ts';

const at = (seq: number): Version => ({ epoch: 1, seq });
const record = (seq: number): KvRecord => ({ key: `k${seq}`, value: '1', version: at(seq), need: 1, timestampMs: 0 });

function answerOf(seq: number): ReplicateAnswer {
  const position = { watermark: at(seq), cursor: at(seq), cursorEpoch: 1, kMin: 1 };
  return { t: 'replicated', incarnation: 'here', start: 1, ...position, isBlank: false, isCounted: true, newest: at(seq) };
}

/** Everything is collected, so that a follower at 1 needs a snapshot; what is sent, in order, by its number. */
class Bench {
  readonly sent: ('empty' | 'page' | SnapshotPart)[] = [];
  readonly closed: number[] = [];
  #reads = 0;
  #snapshots = 0;
  readonly link: Link;

  constructor() {
    const port: LinkPort = {
      send: (_link, _records, page) => this.sent.push(page === null ? 'empty' : 'page'),
      sendPart: (_link, _rows, part) => this.sent.push(part),
      readView: () => ++this.#reads,
      newSnapshot: ({ start }) => new Snapshot(++this.#snapshots, at(5), start),
      closeView: ({ id }) => this.closed.push(id),
      mustSnapshot: ({ watermark }) => watermark.seq < 5,
      install: () => 0,
      scan: () => 0,
      lookup: () => 0,
      mustInstall: () => false,
      losesNext: () => false,
      drawAgain: () => 0,
      jitter: () => 1,
    };
    this.link = new Link('n2', 0, at(0), LIMITS, port);
  }

  /** Probes, and hears where the follower stands. */
  probe(now: number): void {
    this.link.pump(now, at(9));
    this.link.answered(this.sent.length, answerOf(1), now);
    this.link.pump(now, at(9));
  }

  read(part: Partial<ViewPart>, now: number): void {
    this.link.viewRead(this.#reads, { rows: [], entries: [], end: null, ...part }, now);
  }
}

const END = { head: at(9), purgeFloor: at(5), content: { live: 0, digest: '0'.repeat(32) } };

test('while the last part waits for what is not due, heartbeats and questions leave, and after that the part', () => {
  const bench = new Bench();
  const { link } = bench;
  for (let seq = 1; seq <= 9; seq += 1) link.admit(record(seq), 5000, 0);
  bench.probe(1);
  bench.read({ end: END }, 1);
  expect([link.state, bench.sent]).toEqual(['snapshot', ['empty']]);
  expect(link.wakeAt(1)).toBe(1 + LIMITS.heartbeatMs);
  link.ask();
  link.pump(2, at(9));
  expect(bench.sent).toEqual(['empty', 'empty']);
  link.answered(2, answerOf(1), 3);
  link.pump(3 + LIMITS.heartbeatMs, at(9));
  expect(bench.sent.length).toBe(3);
  link.answered(3, answerOf(1), 600);
  link.pump(5000, at(9));
  expect(bench.sent.at(-1)).toMatchObject({ id: 1, part: 0, end: END });
  link.answered(4, answerOf(9), 5001);
  expect([link.state, bench.closed]).toEqual(['catch-up', [1]]);
});

test('a follower that refuses one snapshot after another is tried less and less often', () => {
  const bench = new Bench();
  const { link } = bench;
  const pauses: number[] = [];
  let now = 1;
  for (let tries = 0; tries < 7; tries += 1) {
    bench.probe(now);
    bench.read({ end: END }, now);
    link.refusedGap(bench.sent.length, now);
    pauses.push(link.wakeAt(now) - now);
    now = link.wakeAt(now);
  }
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
  expect(bench.sent.filter((each) => typeof each !== 'string').map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  bench.probe(now);
  bench.read({ end: END }, now);
  link.answered(bench.sent.length, answerOf(9), now);
  expect(link.state).toBe('catch-up');
});

test('one that a failed request interrupted goes on with the part that was not heard of, and another process gets another', () => {
  const bench = new Bench();
  const { link } = bench;
  bench.probe(1);
  bench.read({ rows: [record(1)] }, 1);
  link.answered(2, answerOf(1), 2);
  link.pump(2, at(9));
  bench.read({ rows: [record(2)] }, 2);
  link.failed(3, 3);
  bench.probe(100);
  expect(bench.sent.slice(1)).toMatchObject([{ id: 1, part: 0 }, { id: 1, part: 1 }, 'empty', { id: 1, part: 1 }]);
  link.failed(5, 101);
  link.pump(1000, at(9));
  link.answered(6, { ...answerOf(1), start: 2 }, 1000);
  link.pump(1000, at(9));
  bench.read({ rows: [record(1)] }, 1000);
  expect([bench.sent.at(-1), bench.closed]).toMatchObject([{ id: 2, part: 0 }, [1]]);
});
