import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { keysFor, LEAST_OVERTAKINGS, letArrive, overtakings, rows } from './overtaking.ts';

const WRITES = 6;

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
    if (timing.lost.length > 0) return unknown('Cannot be told: some writes never arrive at all, see after-quorum.');
    await subject.useQuorum(1);
    const keys = keysFor(subject, 'late');
    const made = await rows(subject, keys, WRITES, (key) => api.write(leader, key, subject.value()));
    const refused = made.flatMap(({ replies }) => replies).filter(({ outcome }) => outcome !== 'success');
    if (refused.length > 0) {
      return unknown('Cannot be told: some of the writes were not answered with success.', {
        requests: refused.map(({ exchange }) => exchange),
      });
    }
    await letArrive(subject);
    // The leader's own order is the truth: requests that are under way together may reach it in another one than they were sent.
    const truth = await subject.readAll(keys.map((key) => ({ peer: leader, key })));
    const wrong = await subject.mismatches(new Map(truth.map(({ key, reading }) => [key, reading.value])), followers, pace.settleMs);
    const possible = overtakings(subject, timing, made);
    const copies = keys.length * followers.length;
    const figures = [{ copies, wrong: wrong.length, wrong_if_the_last_to_arrive_won: Math.round(possible * 10) / 10 }];
    if (wrong.length > 0) {
      const old = wrong.filter(({ reading }) => reading.outcome === 'value').length;
      return failed(
        `${keys.length} keys were each written ${WRITES} times within a short time; ${wrong.length} of ${copies} copies never showed the leader's value` +
          `${old === 0 ? '' : `, ${old} of them another one, which came late and was taken`}.`,
        {
          requests: wrong
            .slice(0, 3)
            .flatMap(({ key, reading }) => [
              ...(made.find((row) => row.key === key)?.replies ?? []).slice(-2).map(({ exchange }) => exchange),
              reading.exchange,
            ]),
          figures,
        },
      );
    }
    if (possible < LEAST_OVERTAKINGS) {
      return unknown(
        'All copies ended with the last value, but hardly any message can have overtaken another here: longer, varying delays (0 to 100 ms, say) would show it.',
        { figures },
      );
    }
    return pass(
      `All ${copies} copies of ${keys.length} keys, each written ${WRITES} times within a short time, ended with the last value; about ${possible.toFixed(0)} would not have, if the last message to arrive won.`,
      { figures },
    );
  },
};
