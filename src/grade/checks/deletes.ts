import { isRouteMissing } from '../api.ts';
import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import type { Subject } from '../subject.ts';
import { keysFor, LEAST_OVERTAKINGS, letArrive, overtakings, rows } from './overtaking.ts';

export const DELETES: Check = {
  id: 'deletes',
  title: 'A deleted key stays deleted',
  about: 'A delete is a write too. A follower that only forgets the key takes a late old write for a new one, and the key is back.',
  needs: ['writes', 'remove'],
  run: async (ground) => {
    const { subject } = ground;
    const { api, leader, followers, pace } = subject;
    await subject.useQuorum(Math.max(1, followers.length));
    const plain = await deleteOne(subject);
    const requests = plain.map(({ exchange }) => exchange);
    const [, removed, after] = plain;
    if (isRouteMissing(removed)) return unknown('Cannot be told: the leader has no such call.', { requests });
    if (removed.outcome !== 'success') return failed('The leader did not delete a key that it had.', { requests });
    if (after.outcome !== 'absent') return failed('The leader still shows a key that it deleted.', { requests });
    if (followers.length === 0) return unknown('The leader deletes. No follower was given.', { requests });

    const timing = await ground.timing();
    if (timing.lost.length > 0)
      return unknown('The leader deletes. Of the followers it cannot be told, because some writes never arrive at all: see after-quorum.');
    await subject.useQuorum(1);
    const keys = keysFor(subject, 'delete');
    const made = await rows(subject, keys, 2, (key, index) =>
      index === 0 ? api.write(leader, key, subject.value()) : api.remove(leader, key),
    );
    await letArrive(subject);
    // Where the two met on the way and the leader took the delete first, the key is rightly there.
    const truth = await subject.readAll(keys.map((key) => ({ peer: leader, key })));
    const gone = truth.filter(({ reading }) => reading.outcome === 'absent').map(({ key }) => key);
    const judged = made.filter(({ key, replies }) => gone.includes(key) && replies.every(({ outcome }) => outcome === 'success'));
    const back = await subject.mismatches(new Map(judged.map(({ key }) => [key, null])), [leader, ...followers], pace.settleMs);
    const copies = judged.length * followers.length;
    if (back.length > 0) {
      return failed(
        `${judged.length} keys were written and at once deleted; ${back.length} of ${copies} copies show the key all the same, though the leader does not.`,
        {
          requests: back
            .slice(0, 4)
            .flatMap(({ key, reading }) => [
              ...(made.find((row) => row.key === key)?.replies ?? []).map(({ exchange }) => exchange),
              reading.exchange,
            ]),
        },
      );
    }
    const possible = overtakings(subject, timing, judged);
    if (possible < LEAST_OVERTAKINGS) {
      return unknown(
        'All copies are gone, but hardly any write can have come after the delete that followed it: longer, varying delays (0 to 100 ms, say) would show it.',
      );
    }
    return pass(
      `${judged.length} keys were written and at once deleted, and none of ${copies} copies came back, though about ${possible.toFixed(0)} writes came after the delete.`,
    );
  },
};

/** Written, deleted and read at the leader, one after the other. */
async function deleteOne(subject: Subject) {
  const { api, leader } = subject;
  const key = subject.key('delete');
  const written = await api.write(leader, key, subject.value());
  const removed = await api.remove(leader, key);
  const after = await api.read(leader, key);
  return [written, removed, after] as const;
}
