import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { LEAST_OVERTAKINGS, letArrive, overtakings, rows } from './overtaking.ts';

const KEYS = 6;
const WRITES = 12;

export const LATE_WRITES: Check = {
  id: 'late-writes',
  title: 'A late old write does not overwrite a newer one',
  about:
    'Delays are independent, so messages overtake each other. A follower that takes whatever comes last ends with an old value, for ever.',
  needs: ['writes', 'followers'],
  run: async (ground) => {
    const { subject } = ground;
    const { api, leader, followers, pace } = subject;
    const timing = await ground.timing();
    // The lower the quorum, the sooner the next write follows, and the more is under way.
    await subject.useQuorum(1);
    const expected = new Map<string, unknown>();
    const keys = Array.from({ length: KEYS }, () => subject.key('late'));
    const made = await rows(subject, keys, WRITES, async (key) => {
      const value = subject.value();
      const reply = await api.write(leader, key, value);
      if (reply.outcome === 'success') expected.set(key, value);
      return reply;
    });
    const refused = made.flatMap(({ replies }) => replies).filter(({ outcome }) => outcome !== 'success');
    if (refused.length > 0) {
      return unknown('Cannot be told: some of the writes were not answered with success.', {
        requests: refused.map(({ exchange }) => exchange),
      });
    }
    await letArrive(subject);
    const wrong = await subject.mismatches(expected, [leader, ...followers], pace.settleMs);
    const possible = overtakings(subject, timing, made);
    if (wrong.length > 0) {
      const old = wrong.filter(({ reading }) => reading.outcome === 'value').length;
      return failed(
        `${KEYS} keys were each written ${WRITES} times, one write after the other; ${wrong.length} copies never showed the last value` +
          `${old === 0 ? '' : `, ${old} of them an older one, which came late and was taken`}.`,
        {
          requests: wrong
            .slice(0, 4)
            .flatMap(({ key, reading }) => [
              ...(made.find((row) => row.key === key)?.replies ?? []).slice(-2).map(({ exchange }) => exchange),
              reading.exchange,
            ]),
          figures: [{ copies: KEYS * followers.length, wrong: wrong.length, expected_if_the_last_to_arrive_won: Math.round(possible) }],
        },
      );
    }
    const figures = [{ copies: KEYS * followers.length, wrong: 0, expected_if_the_last_to_arrive_won: Math.round(possible * 10) / 10 }];
    if (possible < LEAST_OVERTAKINGS) {
      return unknown(
        `All copies ended with the last value, but hardly any message can have overtaken another here. ${subject.canSwitch ? '' : 'A lower quorum, or '}` +
          `${subject.canSwitch ? 'Longer' : 'longer'}, varying delays (0 to 100 ms, say) make it visible.`,
        { figures },
      );
    }
    return pass(
      `All copies of ${KEYS} keys ended with the last of ${WRITES} values; about ${possible.toFixed(0)} would not have, if the last message to arrive won.`,
      { figures },
    );
  },
};
