/**
 * Small servers with one mistake each: the check that is named for the mistake fails, and those beside it that could be mistaken for it do not.
 * Not listed because nobody outside can see them: see the README's section on `check`.
 *
 * What takes longer than ten seconds runs with `npm run test:grade` only. On a busy machine a check may find that it cannot tell, and says
 * so: then it is asked again. A verdict is never asked for twice.
 */
import { expect, test } from 'vitest';
import { grade, gradeUntilTold, verdictsText, WHOLE } from '../support/grade.ts';
import { WrongServers } from '../support/wrong-cluster.ts';
import type { Mistake } from '../support/wrong-server.ts';

/** What must fail; and what must not, though it looks at the same thing. */
const CAUGHT: readonly (readonly [mistake: Mistake, fails: readonly string[], innocent: readonly string[]])[] = [
  ['followers take writes', ['leader-only'], ['round-trip']],
  ['followers store what they refuse', ['leader-only'], ['round-trip']],
  ['waits for all', ['at-quorum'], ['quorum-switch', 'own-delay', 'after-quorum']],
  ['waits for one more', ['at-quorum'], ['own-delay', 'concurrent-replication']],
  // It promises one copy less than it says, and so both see it: when all are up, and when too few are.
  ['counts itself', ['at-quorum', 'quorum-enforced'], ['quorum-switch']],
  ['acknowledges before it applies', ['at-quorum'], ['own-delay', 'delay-range', 'after-quorum']],
  ['delays the acknowledgement', ['at-quorum'], ['own-delay', 'delay-range', 'late-writes']],
  ['ignores the switch', ['quorum-switch'], ['at-quorum', 'own-delay']],
  ['reads the quorum when it answers', ['running-writes'], ['at-quorum', 'quorum-switch']],
  // Whoever sends one after the other and then looks, waits for all as well.
  ['sends one after the other', ['concurrent-replication'], ['own-delay', 'after-quorum']],
  ['one delay for all', ['own-delay'], ['at-quorum', 'concurrent-replication', 'delay-range']],
  ['twice the delay', ['delay-range'], ['at-quorum', 'own-delay']],
  ['cancels at the quorum', ['after-quorum'], ['at-quorum', 'late-writes', 'parity']],
  ['the last to arrive wins', ['late-writes', 'parity'], ['after-quorum', 'at-quorum']],
  // Its clock goes back in the middle of ordinary writes, so whatever writes a key twice sees it.
  ['orders by a clock that jumps', ['late-writes', 'parity'], ['leader-only']],
  ['orders by the millisecond', ['parity'], ['round-trip']],
  ['forgets what it deletes', ['deletes'], ['after-quorum']],
  ['one write at a time', ['concurrent-requests'], ['parity']],
  ['holds its lock over a read', ['concurrent-requests'], ['odd-keys', 'odd-bodies']],
  ['a plain object', ['odd-keys'], ['odd-bodies', 'round-trip']],
  ['decodes keys twice', ['odd-keys'], ['odd-bodies']],
  ['fails over broken JSON', ['odd-bodies'], ['odd-keys']],
  ['dies of broken JSON', ['odd-bodies'], ['quorum-enforced']],
  ['takes a write without a value', ['odd-bodies'], ['odd-keys']],
  ['counts failures', ['quorum-enforced'], ['failed-write', 'catch-up']],
  ['counts duplicates', ['quorum-enforced'], ['round-trip']],
  ['gives up the quorum after a timeout', ['quorum-enforced'], ['failed-write']],
  ['takes a failed write back alone', ['failed-write'], ['quorum-enforced']],
  ['says that a failed write is definite', ['failed-write'], ['quorum-enforced']],
  ['never sends again', ['catch-up'], ['quorum-enforced', 'failed-write', 'deletes-away']],
  ['sends again only with the next write', ['catch-up'], ['quorum-enforced']],
  ['sends again only what was missed', ['catch-up'], ['quorum-enforced']],
];
const CAUGHT_ON_DISK: typeof CAUGHT = [
  ['sends deletes once', ['deletes-away'], ['catch-up']],
  ['loses everything in a restart', ['restart'], ['quorum-enforced']],
  ['counts from one again after a restart', ['restart'], ['quorum-enforced']],
];

const SLOW: readonly Mistake[] = [
  'waits for one more',
  'delays the acknowledgement',
  'ignores the switch',
  'reads the quorum when it answers',
  'sends one after the other',
  'twice the delay',
  'cancels at the quorum',
  'the last to arrive wins',
  'orders by a clock that jumps',
  'forgets what it deletes',
  'one write at a time',
  'holds its lock over a read',
  'never sends again',
  'sends again only with the next write',
  'sends again only what was missed',
  'sends deletes once',
  'loses everything in a restart',
];

// The restarts first: they take longest. One list, so that four are under way until the end.
const CASES = [
  ...CAUGHT_ON_DISK.map((each) => ['on disk', ...each] as const),
  ...CAUGHT.map((each) => ['in memory', ...each] as const),
].filter(([, mistake]) => WHOLE || !SLOW.includes(mistake));

test.concurrent.for(CASES)('a server %s that %s fails %j and not %j', async ([where, mistake, fails, innocent], { expect }) => {
  await using servers = await WrongServers.start({ mistake, durable: where === 'on disk', maxDelayMs: 100 });
  const results = await gradeUntilTold(servers.target(), servers.control, [...fails, ...innocent], fails);
  const failed = results.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);
  expect(failed, verdictsText(results)).toEqual(results.map(({ id }) => id).filter((id) => fails.includes(id)));
});

if (WHOLE) {
  test('the same server without a mistake fails nothing', async () => {
    await using servers = await WrongServers.start({ durable: true, maxDelayMs: 100 });
    const results = await grade(servers.target(), servers.control, null);
    expect(results.filter(({ verdict }) => verdict === 'fail').length, verdictsText(results)).toBe(0);
    expect(results.filter(({ verdict }) => verdict === 'pass').length, verdictsText(results)).toBeGreaterThan(results.length / 2);
  });
}

test.concurrent('a route that is missing makes its checks unknown, and fails nothing', async ({ expect }) => {
  await using servers = await WrongServers.start({ mistake: 'has no switch' });
  const results = await grade(servers.target(), servers.control, ['quorum-switch', 'running-writes', 'round-trip']);
  expect(results.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['round-trip', 'pass'],
    ['quorum-switch', 'unknown'],
    ['running-writes', 'unknown'],
  ]);
});
