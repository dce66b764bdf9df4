import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { judgeDelays } from '../judge/arrival-order.ts';
import { arrivalFigures, arrivalRequests } from './arrivals.ts';

export const OWN_DELAY: Check = {
  id: 'own-delay',
  title: 'Each follower has a delay of its own for each write',
  about:
    'A quorum is quicker than all because somebody is lucky each time; with one delay for everybody all are lucky together, and the quorum makes no difference.',
  needs: ['writes', 'two followers'],
  run: async (ground) => {
    const { writes, diagnosis } = await ground.timing();
    const figures = arrivalFigures(writes, ground.subject.followers);
    if (diagnosis.kind === 'slow-acks') {
      return unknown(
        'Cannot be told: the followers get a write at once, and what delays their answers is not seen from outside (see at-quorum).',
        { figures },
      );
    }
    const delays = judgeDelays(writes);
    switch (delays.kind) {
      case 'own':
        return pass('A follower that was quick with one write was slow with another, whatever the others were.', { figures });
      case 'shared':
        return failed(
          `All followers get a write at one moment (half of the differences are within ${delays.acrossFollowersMs.toFixed(1)} ms), while from write to ` +
            `write that moment moves by ${delays.acrossWritesMs.toFixed(1)} ms: one delay is drawn and used for all.`,
          { requests: arrivalRequests(writes), figures },
        );
      case 'unclear':
        return unknown(`Cannot be told: ${delays.why}. Delays of some tens of milliseconds (0 to 100, say) make it visible.`, { figures });
    }
  },
};
