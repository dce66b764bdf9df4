import { expect, test } from 'vitest';
import { Link } from '../../src/core/link.ts';
import type { LinkLimits } from '../../src/core/link-port.ts';
import type { ReplicateAnswer } from '../../src/core/peer.ts';
import { Snapshot } from '../../src/core/snapshot.ts';
import { ZERO } from '../../src/core/version.ts';

const HEAD = { epoch: 1, seq: 9 };
const LIMITS: LinkLimits = {
  batchMax: 2,
  batchBytes: 1000,
  pageRows: 10,
  window: 2,
  queueRecords: 10,
  queueBytes: 10_000,
  heartbeatMs: 500,
  backoffMinMs: 50,
  backoffMaxMs: 1000,
  retransmitMs: 200,
};

/** A link whose requests are numbered from 1, and whose jitter is told. */
function linkOf(jitter: number): { link: Link; sent: () => number } {
  let sent = 0;
  const port = {
    send: () => ++sent,
    scan: () => 1,
    install: () => ++sent,
    lookup: () => 1,
    mustInstall: () => false,
    mustSnapshot: () => false,
    newSnapshot: () => new Snapshot(1, HEAD, 1),
    sendPart: () => ++sent,
    readView: () => ++sent,
    closeView: () => {},
    losesNext: () => false,
    drawAgain: () => 0,
    jitter: () => jitter,
  };
  return { link: new Link('n2', 0, HEAD, LIMITS, port), sent: () => sent };
}

function answerOf(seq: number): ReplicateAnswer {
  const watermark = { epoch: 1, seq };
  return {
    t: 'replicated',
    incarnation: 'here',
    start: 1,
    watermark,
    cursor: watermark,
    cursorEpoch: 1,
    kMin: 1,
    isBlank: false,
    isCounted: true,
    newest: watermark,
  };
}

test.each([
  [0.5, [25, 50, 100, 200, 400, 500, 500]],
  [1, [50, 100, 200, 400, 800, 1000, 1000]],
  [1.5, [75, 150, 300, 600, 1200, 1500, 1500]],
])('a probe that fails is repeated for ever, 50 ms doubling to 1 s later, times %d by chance', (jitter, waits) => {
  const { link, sent } = linkOf(jitter);
  let now = 0;
  for (const [index, wait] of waits.entries()) {
    link.pump(now, HEAD);
    expect(sent()).toBe(index + 1);
    link.failed(index + 1, now);
    expect(link.isUp).toBe(false);
    expect(link.wakeAt(now)).toBe(now + wait);
    link.pump(now + wait - 1, HEAD);
    expect(sent()).toBe(index + 1);
    now += wait;
  }
  link.pump(now, HEAD);
  link.answered(sent(), answerOf(9), now);
  expect([link.isUp, link.state]).toEqual([true, 'catch-up']);
});

test('a follower whose watermark went back is forgotten, and what it then says of the request acks nothing', () => {
  const { link, sent } = linkOf(1);
  link.pump(0, HEAD);
  expect(link.answered(1, answerOf(9), 0)).not.toBe(null);
  link.pump(0, HEAD);
  link.scanned(1, { since: HEAD, coversTo: HEAD, head: HEAD }, [], 0);
  expect(link.answered(2, answerOf(4), 0)).toBe(null);
  expect(link).toMatchObject({ state: 'probe', incarnation: null, isCounted: false, isBlank: true, watermark: ZERO });
  link.pump(0, HEAD);
  expect(sent()).toBe(3);
  link.answered(3, answerOf(4), 0);
  expect(link).toMatchObject({ state: 'catch-up', incarnation: 'here', watermark: { epoch: 1, seq: 4 } });
});

test('an answer that was asked for before the watermark moved on is late, and no loss', () => {
  const { link } = linkOf(1);
  link.pump(0, HEAD);
  link.answered(1, answerOf(9), 0);
  link.pump(0, HEAD);
  link.scanned(1, { since: HEAD, coversTo: HEAD, head: HEAD }, [], 0);
  link.answered(2, answerOf(9), 0);
  expect(link.state).toBe('stream');
  for (const seq of [10, 11, 12]) link.admit({ key: `${seq}`, value: '1', version: { epoch: 1, seq }, need: 1, timestampMs: 0 }, 0, 0);
  link.pump(0, { epoch: 1, seq: 12 });
  // Two requests are on their way, [10, 11] and [12], and the second is answered first.
  expect([link.inFlight, link.queued]).toEqual([2, 0]);
  link.answered(4, answerOf(12), 0);
  expect(link.answered(3, answerOf(11), 0)?.records.length).toBe(2);
  expect(link).toMatchObject({ state: 'stream', watermark: { epoch: 1, seq: 12 } });
});
