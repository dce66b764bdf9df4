import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { switchEffect } from '../judge/quorum-timing.ts';
import type { AnsweredWrite } from '../judge/timed-write.ts';
import type { WatchedWrite } from '../watch.ts';
import { tableOf } from './at-quorum.ts';

/** Of what it should, that the rank at the answer moves at least for the switch to work. */
const WORKS_SHARE = 0.6;

export const QUORUM_SWITCH: Check = {
  id: 'quorum-switch',
  title: 'A new quorum takes effect while the servers run',
  about:
    'Whoever turns the quorum up wants more copies from now on; a server that says yes and goes on as before is worse than one that says no.',
  needs: ['writes', 'two followers', 'switch'],
  run: async (ground) => {
    const { diagnosis, writes } = await ground.timing();
    const followers = ground.subject.followers.length;
    const figures = tableOf(writes, ground.subject.pace.marginMs);
    if (diagnosis.kind === 'ignores-switch') {
      return failed(
        `The leader answers that the quorum was set, and then success comes when ${diagnosis.answersAt} of ${followers} followers have the write, ` +
          'whatever it was set to.',
        { requests: ground.look.switched === null ? [] : [ground.look.switched.exchange], figures },
      );
    }
    if (diagnosis.kind === 'late' && diagnosis.waitsForAll) {
      return unknown('Cannot be told: success waits for all followers at every quorum, see at-quorum.', { figures });
    }
    const known = writes.filter(
      (write): write is WatchedWrite & AnsweredWrite & { quorum: number } => write.answerMs !== null && write.quorum !== null,
    );
    const effect = known.length === 0 ? null : switchEffect(known, followers);
    if (effect === null)
      return unknown('Cannot be told: the followers get a write too close together to see which one success waits for.', { figures });
    if (effect.share >= WORKS_SHARE)
      return pass('A higher quorum made success wait for more followers, a lower one for fewer.', { figures });
    return unknown('Cannot be told: success comes at different times for different quorums, but not clearly so.', { figures });
  },
};
