import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { inLanes, type Mismatch } from '../subject.ts';
import { letArrive } from './overtaking.ts';

const KEYS = 5;
const WRITES = 150;
const AT_ONCE = 10;
const TWINS = 20;

export const PARITY: Check = {
  id: 'parity',
  title: 'Replicas agree after concurrent writes to the same keys',
  about:
    'The order in which the leader took the writes is the truth; a follower that orders them by arrival, or by a clock, ends with something else.',
  needs: ['writes', 'followers'],
  run: async ({ subject }) => {
    const { api, leader, followers, pace } = subject;
    // What does not get to everybody by itself is another check's matter, so every write is waited for.
    await subject.useQuorum(followers.length);
    const keys = Array.from({ length: KEYS }, () => subject.key('parity'));
    const work = Array.from({ length: WRITES }, (_, index) => ({ key: keys[index % KEYS] as string, value: subject.value() }));
    const replies = await inLanes(work, AT_ONCE, ({ key, value }) => api.write(leader, key, value));
    const refused = replies.filter(({ outcome }) => outcome !== 'success');
    if (refused.length > WRITES / 2) {
      return unknown(`Cannot be told: ${refused.length} of ${WRITES} writes, ${AT_ONCE} at a time, were not answered with success.`, {
        requests: refused.map(({ exchange }) => exchange),
      });
    }
    // Two writes of one key at one moment: what is ordered by a clock of milliseconds meets equal times.
    const twins = Array.from({ length: TWINS }, () => subject.key('twin'));
    await inLanes(twins, AT_ONCE / 2, (key) =>
      Promise.all([subject.value(), subject.value()].map((value) => api.write(leader, key, value))),
    );
    keys.push(...twins);
    await letArrive(subject);
    const truth = await Promise.all(keys.map(async (key) => ({ key, reading: await api.read(leader, key) })));
    const unreadable = truth.filter(({ reading }) => reading.outcome !== 'value');
    if (unreadable.length > 0) {
      return failed('The leader does not show keys that it took many writes of.', {
        requests: unreadable.map(({ reading }) => reading.exchange),
      });
    }
    const wrong = await subject.mismatches(new Map(truth.map(({ key, reading }) => [key, reading.value])), followers, pace.settleMs);
    if (wrong.length === 0)
      return pass(`${WRITES + 2 * TWINS} writes, ${AT_ONCE} at a time to few keys, and every follower ended with what the leader has.`);
    const changed = await Promise.all(wrong.map(({ key }) => api.read(leader, key)));
    const still = wrong.filter((item, index) => JSON.stringify(changed[index]?.value) === JSON.stringify(item.expected));
    if (still.length === 0)
      return unknown('Cannot be told: the leader changed its values while nobody wrote.', {
        requests: changed.map(({ exchange }) => exchange),
      });
    return failed(
      `After ${WRITES + 2 * TWINS} writes, ${AT_ONCE} at a time to few keys, and ${(pace.settleMs / 1000).toFixed(0)} s of rest, ${still.length} of ${keys.length * followers.length} copies differ from the leader's.`,
      {
        requests: still.flatMap((item) => [truthOf(truth, item), item.reading.exchange]),
      },
    );
  },
};

function truthOf(truth: readonly { readonly key: string; readonly reading: Mismatch['reading'] }[], { key, reading }: Mismatch) {
  return truth.find((item) => item.key === key)?.reading.exchange ?? reading.exchange;
}
