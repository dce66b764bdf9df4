import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { judgeSending } from '../judge/arrival-order.ts';
import { arrivalFigures, arrivalRequests } from './arrivals.ts';

export const CONCURRENT_REPLICATION: Check = {
  id: 'concurrent-replication',
  title: 'The leader sends a write to all followers at the same time',
  about: 'One after the other, every follower waits for the delays of all before it, and five followers cost the sum of five delays.',
  needs: ['writes', 'two followers'],
  run: async (ground) => {
    const { writes } = await ground.timing();
    const { subject } = ground;
    const sending = judgeSending(writes);
    const figures = arrivalFigures(writes, subject.followers);
    switch (sending.kind) {
      case 'together':
        return pass(`At the same time: ${sending.why}.`, { figures });
      case 'one-by-one':
        return failed(
          `One after the other, always in the order ${sending.order.map((index) => subject.followers[index]?.name).join(', ')}: in ${sending.of} writes ` +
            'none overtook another, and whoever comes later is late by what the one before it took.',
          { requests: arrivalRequests(writes), figures },
        );
      case 'unclear':
        return unknown(`Cannot be told: ${sending.why}; delays of some tens of milliseconds (0 to 100, say) make it visible.`, { figures });
    }
  },
};
