import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { type AnsweredWrite, isAnswered, ranksAtAnswer } from '../judge/timed-write.ts';
import type { WatchedWrite } from '../watch.ts';

/** Writes that were answered while a follower lacked them, at least. */
const LEAST_OPEN = 10;

export const AFTER_QUORUM: Check = {
  id: 'after-quorum',
  title: 'Replication goes on after the quorum',
  about: 'The quorum says when the client may go on, not when the leader may stop: followers beyond it must get every write too.',
  needs: ['writes', 'followers'],
  run: async (ground) => {
    const { writes, lost } = await ground.timing();
    const { followers, pace } = ground.subject;
    const answered = writes.filter((write): write is WatchedWrite & AnsweredWrite => isAnswered(write));
    const open = answered.filter((write) => ranksAtAnswer(write).most < followers.length);
    const figures = followers.map(({ name }) => ({ follower: name, lost_writes: lost.filter(({ peer }) => peer.name === name).length }));
    if (lost.length > 0) {
      const keys = new Set(lost.map(({ key }) => key));
      const examples = answered.filter(({ key }) => keys.has(key)).slice(0, 4);
      return failed(
        `${keys.size} of ${answered.length} writes that were answered with success never came to every follower, ` +
          `though it was up and there were ${(pace.settleMs / 1000).toFixed(0)} s to wait: what had not arrived by the answer was given up.`,
        {
          requests: examples.flatMap(({ reply, key }) => [
            reply.exchange,
            ...lost.filter((item) => item.key === key).map(({ reading }) => reading.exchange),
          ]),
          figures,
        },
      );
    }
    if (open.length < LEAST_OPEN) {
      const why = answered.length === 0 ? 'no write was answered with success' : 'when success came, all followers had the write already';
      return unknown(`Cannot be told: ${why}. A quorum below ${followers.length}, or longer delays, would show it.`, { figures });
    }
    return pass(`${open.length} writes were answered while some followers still lacked them, and all followers got all of them.`, {
      figures,
    });
  },
};
