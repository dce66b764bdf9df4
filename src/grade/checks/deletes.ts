import { isRouteMissing } from '../api.ts';
import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { LEAST_OVERTAKINGS, letArrive, overtakings, rows } from './overtaking.ts';

const KEYS = 12;

export const DELETES: Check = {
  id: 'deletes',
  title: 'A deleted key stays deleted',
  about: 'A delete is a write too. A follower that only forgets the key takes a late old write for a new one, and the key is back.',
  needs: ['writes', 'remove'],
  run: async (ground) => {
    const { subject } = ground;
    const { api, leader, followers, pace } = subject;
    await subject.useQuorum(1);
    const keys = Array.from({ length: KEYS }, () => subject.key('delete'));
    const made = await rows(subject, keys, 2, (key, index) =>
      index === 0 ? api.write(leader, key, subject.value()) : api.remove(leader, key),
    );
    const removed = made.map(({ replies }) => replies[1]).filter((reply) => reply !== undefined);
    if (removed.every(isRouteMissing)) {
      return unknown(`The leader has no such call: it answered ${removed[0]?.exchange.status}.`, {
        requests: removed.slice(0, 1).map(({ exchange }) => exchange),
      });
    }
    const refused = made.flatMap(({ replies }) => replies).filter(({ outcome }) => outcome !== 'success');
    if (refused.length > 0) {
      return failed(`${refused.length} of ${2 * KEYS} requests were not answered with success: keys were written and then deleted.`, {
        requests: refused.map(({ exchange }) => exchange),
      });
    }
    const gone = new Map(keys.map((key) => [key, null]));
    const atLeader = await subject.mismatches(gone, [leader], 0);
    if (atLeader.length > 0) {
      return failed('The leader still shows keys that it deleted.', { requests: atLeader.map(({ reading }) => reading.exchange) });
    }
    if (followers.length === 0) return unknown('The leader deletes. No follower was given.');
    await letArrive(subject);
    const back = await subject.mismatches(gone, [leader, ...followers], pace.settleMs);
    if (back.length > 0) {
      return failed(
        `${KEYS} keys were written and at once deleted; ${back.length} of ${KEYS * followers.length} copies show the key all the same.`,
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
    const possible = overtakings(subject, await ground.timing(), made);
    if (possible < LEAST_OVERTAKINGS) {
      return unknown(
        'All copies are gone, but hardly any write can have come after the delete that followed it: longer, varying delays would show it.',
      );
    }
    return pass(
      `${KEYS} keys were written and at once deleted, and no node shows one, though about ${possible.toFixed(0)} writes came late.`,
    );
  },
};
