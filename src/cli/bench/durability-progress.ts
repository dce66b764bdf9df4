/** The trials of a durability run as steps, one per quorum. They run by themselves; a step only waits for its last trial. */
import type { DurabilityOutcome } from '../../experiment/durability.ts';
import type { DurabilityPlan } from '../../experiment/durability-plan.ts';
import { formatMs } from '../../lib/units.ts';
import { type DurabilityTrial, durabilityRow } from '../../measure/durability.ts';
import type { Output } from '../output.ts';
import type { Progress, Step } from '../progress.ts';

export interface TrialProgress {
  readonly onReady: () => void;
  readonly onStep: (text: string) => void;
  readonly onTrial: (trial: DurabilityTrial) => void;
}

export async function showTrials(
  out: Output,
  plan: DurabilityPlan,
  start: (progress: TrialProgress) => Promise<DurabilityOutcome>,
): Promise<DurabilityOutcome> {
  const ready = Promise.withResolvers<string | null>();
  const rows = plan.quorums.map((planned) => ({ ...planned, made: [] as DurabilityTrial[], end: Promise.withResolvers<string | null>() }));
  let current: Progress | null = null;
  let tally = '';
  const outcome = start({
    onReady: () => ready.resolve(null),
    onStep: (text) => current?.detail(`${tally}${text}`),
    onTrial: (trial) => {
      const row = rows.find(({ quorum }) => quorum === trial.quorum);
      row?.made.push(trial);
      tally = row === undefined ? '' : `${row.made.length} of ${row.trials.length} trials done; `;
      if (row?.made.length === row?.trials.length) row?.end.resolve(titleOf(row.quorum, row.made, plan));
    },
  });
  const cut = outcome.then(() => Promise.reject(new Error('the trials ended early')));
  const follow = (ending: Promise<string | null>) => async (progress: Progress) => {
    current = progress;
    tally = '';
    // What has ended counts first: the outcome may be there already.
    const title = await Promise.race([ending, cut]);
    if (title !== null) progress.title(title);
  };
  const steps: Step[] = [
    { title: `bringing up ${plan.spec.followers + 1} nodes`, run: follow(ready.promise) },
    ...rows.map(({ quorum, trials, end }) => ({ title: `quorum ${quorum}: ${trials.length} trials`, run: follow(end.promise) })),
    { title: 'removing the cluster', run: async () => void (await outcome) },
  ];
  // What went wrong is told by the outcome; the list only stops.
  await out.steps(steps).catch(() => undefined);
  return outcome;
}

function titleOf(quorum: number, made: readonly DurabilityTrial[], { delays }: DurabilityPlan): string {
  const { avg_latency_ms: mean, model_ms: model, alone, safe } = durabilityRow(quorum, made, delays);
  const latency = mean === null ? '' : `mean ${formatMs(mean)} (model ${formatMs(model)}), `;
  const refused = safe.refused === 0 ? '' : `, ${safe.refused} refused`;
  return `quorum ${quorum}: ${latency}lost alone ${alone.lost} of ${alone.trials}, safely ${safe.lost} of ${safe.trials - safe.refused}${refused}`;
}
