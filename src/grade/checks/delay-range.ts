import { formatDistribution } from '../../lib/distribution.ts';
import type { Check } from '../check.ts';
import { type Figures, failed, pass, unknown } from '../finding.ts';
import { judgeRange, modelRows } from '../judge/delay-range.ts';
import { quorumRows } from '../judge/quorum-timing.ts';
import { arrivalRequests } from './arrivals.ts';

export const DELAY_RANGE: Check = {
  id: 'delay-range',
  title: 'The delays are in the stated range',
  about: 'Every figure of an experiment is read against the delays that it was made with; if those are others, it explains something else.',
  needs: ['writes', 'followers', 'delay'],
  run: async (ground) => {
    const { subject } = ground;
    const { delay } = subject.target;
    if (delay === null) return unknown('Not stated: say it with --delay, like --delay 0-100.');
    const { writes, diagnosis } = await ground.timing();
    const answers = quorumRows(writes, subject.pace.marginMs);
    const figures: Figures[] = modelRows(writes, delay).map(({ quorum, modelMs, arrivalMs }) => ({
      quorum,
      model_ms: round(modelMs),
      mean_arrival_ms: round(arrivalMs),
      mean_latency_ms: round(answers.find((row) => row.quorum === quorum)?.meanAnswerMs ?? Number.NaN),
    }));
    if (diagnosis.kind === 'slow-acks') {
      return unknown(
        'Cannot be told: the followers get a write at once, and what delays their answers is not seen from outside (see at-quorum).',
        { figures },
      );
    }
    const range = judgeRange(writes, delay, subject.pace.overheadMs);
    const stated = `${formatDistribution(delay)} ms`;
    switch (range.kind) {
      case 'in-range':
        return pass(
          `What the followers needed fits delays of ${stated}, with about ${range.overheadMs.toFixed(0)} ms on top for everything else.`,
          { figures },
        );
      case 'too-short':
        return failed(
          `${range.count} writes were at a follower sooner than the shortest delay of ${stated} allows, one after ${range.shortestMs.toFixed(1)} ms.`,
          {
            requests: arrivalRequests(writes),
            figures,
          },
        );
      case 'other':
        return failed(
          `Delays of ${stated} were stated; nine tenths of what was seen are between ${range.middle[0].toFixed(0)} and ${range.middle[1].toFixed(0)} ms, ` +
            `which is another distribution (distance ${range.distance.toFixed(2)}, at most ${range.limit.toFixed(2)} by chance).`,
          { requests: arrivalRequests(writes), figures },
        );
      case 'unclear':
        return unknown(`Cannot be told: ${range.why}.`, { figures });
    }
  },
};

function round(value: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value * 100) / 100;
}
