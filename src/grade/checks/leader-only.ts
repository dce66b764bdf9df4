import type { Check } from '../check.ts';
import { failed, pass } from '../finding.ts';
import { shows } from '../subject.ts';

export const LEADER_ONLY: Check = {
  id: 'leader-only',
  title: 'Only the leader takes writes',
  about: 'Two nodes that both take writes have two opinions on what is true, and nothing ever makes them one.',
  needs: ['followers'],
  run: async ({ subject }) => {
    const { api, leader, followers } = subject;
    const attempts = await Promise.all(
      followers.map(async (peer) => {
        const [key, value] = [subject.key('follower'), subject.value()];
        return { peer, key, value, reply: await api.write(peer, key, value) };
      }),
    );
    const took = attempts.filter(({ reply }) => reply.outcome === 'success');
    const promised = api.dialect.write.notLeader;
    if (took.length > 0) {
      const atLeader = await Promise.all(took.map(async ({ key, value }) => shows(await api.read(leader, key), value)));
      const requests = took.map(({ reply }) => reply.exchange);
      const names = took.map(({ peer }) => peer.name).join(', ');
      if (promised === undefined && atLeader.every(Boolean)) {
        return pass(`${names} passed the write on to the leader, which has it.`, { requests });
      }
      return failed(
        `${names} answered a client's write with success, where a refusal was expected${promised === undefined ? '' : ` (${promised.status})`}. ` +
          `The leader ${atLeader.every(Boolean) ? 'has' : 'does not have'} the value.`,
        { requests },
      );
    }
    const silent = attempts.filter(({ reply }) => reply.outcome === 'unanswered');
    if (silent.length > 0) {
      return failed(
        `${silent.map(({ peer }) => peer.name).join(', ')} did not answer a client's write at all, where a refusal was expected.`,
        {
          requests: silent.map(({ reply }) => reply.exchange),
        },
      );
    }
    // Refused in words, taken in deed.
    const kept = (
      await Promise.all(attempts.map(async (attempt) => ({ ...attempt, reading: await api.read(attempt.peer, attempt.key) })))
    ).filter(({ reading, value }) => shows(reading, value));
    if (kept.length > 0) {
      return failed(`${kept.map(({ peer }) => peer.name).join(', ')} refused the write and stored it all the same.`, {
        requests: kept.flatMap(({ reply, reading }) => [reply.exchange, reading.exchange]),
      });
    }
    const statuses = [...new Set(attempts.map(({ reply }) => reply.exchange.status))];
    const remark =
      promised === undefined || statuses.every((status) => status === promised.status) ? '' : ` (the dialect says ${promised.status})`;
    return pass(`Every follower refused a client's write, with ${statuses.join(', ')}${remark}.`, {
      requests: attempts.map(({ reply }) => reply.exchange),
    });
  },
};
