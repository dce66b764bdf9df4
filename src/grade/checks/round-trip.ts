import type { Check } from '../check.ts';
import type { Exchange } from '../exchange.ts';
import { failed, pass, unknown } from '../finding.ts';
import { shows } from '../subject.ts';

const KEYS = 5;

export const ROUND_TRIP: Check = {
  id: 'round-trip',
  title: 'What was written can be read back',
  about: 'The least that a store does: a value comes back as it was given, a second one replaces it, and a key that nobody wrote has none.',
  needs: ['writes'],
  run: async ({ subject }) => {
    const { api, leader, followers, pace } = subject;
    const remarks = new Set<string>();
    const shown: Exchange[] = [];
    const never = await api.read(leader, subject.key('never'));
    shown.push(never.exchange);
    if (never.outcome !== 'absent') {
      return failed('A key that was never written should have no value, and say so with 404 or the like.', { requests: shown });
    }
    const promised = api.dialect.read.keyNotFound?.status;
    if (promised !== undefined && never.exchange.status !== promised) {
      remarks.add(`a key without a value is answered with ${never.exchange.status}, where the dialect says ${promised}`);
    }
    const expected = new Map<string, string>();
    for (let index = 0; index < KEYS; index++) {
      const key = subject.key('round');
      for (const value of [subject.value(), subject.value()]) {
        const reply = await api.write(leader, key, value);
        shown.unshift(reply.exchange);
        if (reply.outcome !== 'success') {
          const why = reply.remark ?? `it answered ${reply.exchange.status ?? reply.exchange.answer}`;
          return failed(`The leader did not take a plain write: ${why}.`, { requests: shown });
        }
        if (reply.remark !== null) remarks.add(reply.remark);
        const reading = await api.read(leader, key);
        if (!shows(reading, value)) {
          return failed(`The leader took ${JSON.stringify(value)} and then showed something else.`, {
            requests: [reading.exchange, ...shown],
          });
        }
        expected.set(key, value);
      }
    }
    const note = remarks.size === 0 ? '' : ` Not as the dialect has it, though clear: ${[...remarks].join('; ')}.`;
    if (followers.length === 0) return unknown(`The leader shows what it took. No follower was given.${note}`, { requests: shown });
    const wrong = await subject.mismatches(expected, followers, pace.settleMs);
    if (wrong.length > 0) {
      const names = [...new Set(wrong.map(({ peer }) => peer.name))].join(', ');
      return failed(`${names} did not show what was written within ${(pace.settleMs / 1000).toFixed(0)} s.`, {
        requests: wrong.map(({ reading }) => reading.exchange),
      });
    }
    return pass(`${KEYS} keys, each written twice, read back from the leader at once and from every follower soon.${note}`, {
      requests: shown,
    });
  },
};
