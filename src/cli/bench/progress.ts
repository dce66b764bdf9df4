/**
 * A running experiment shown as steps: bringing up, one step per quorum, cleaning up. The experiment runs by itself; a step
 * only waits for its event, so that drawing can neither delay a measurement nor keep a cluster from being removed.
 */

import type { ExperimentPlan, PlannedStep } from '../../experiment/plan.ts';
import type { ExecuteOptions, ExperimentEvent, Outcome } from '../../experiment/run.ts';
import { formatMs } from '../../lib/units.ts';
import type { QuorumResult } from '../../measure/result.ts';
import type { Output } from '../output.ts';
import type { Progress, Step } from '../progress.ts';

export interface ExperimentHooks {
  readonly onEvent: NonNullable<ExecuteOptions['onEvent']>;
  /** What the cluster does while it is brought up. */
  readonly onClusterStep: (text: string) => void;
}

/** A terminal redraws ten times a second; more would be the generator's time. */
const REDRAW_MS = 100;

/** Runs it and answers with its outcome; throws what it throws. */
export async function showExperiment(
  out: Output,
  plan: ExperimentPlan,
  start: (hooks: ExperimentHooks) => Promise<Outcome>,
): Promise<Outcome> {
  const board = new Board();
  const outcome = start(board.hooks());
  const steps = stepsOf(plan, board, outcome);
  // What went wrong is told by the outcome; the list only stops.
  await out.steps(steps).catch(() => undefined);
  return outcome;
}

function stepsOf(plan: ExperimentPlan, board: Board, outcome: Promise<Outcome>): Step[] {
  const isOwn = plan.target.kind === 'own';
  const opening = isOwn ? `bringing up ${plan.followers + 1} nodes` : 'reading quorum and network of the cluster';
  const closing = isOwn ? 'removing the cluster' : 'putting quorum, network and seed back';
  return [
    { title: opening, run: (progress) => board.follow('opening', progress, outcome) },
    ...plan.steps.map((step) => ({
      title: titleOf(plan, step),
      run: (progress: Progress) => board.follow(step.quorum, progress, outcome),
    })),
    { title: closing, run: async () => void (await outcome) },
  ];
}

function titleOf(plan: ExperimentPlan, step: PlannedStep): string {
  const { writes, durationMs } = plan.load;
  const amount = writes === null ? formatMs(durationMs ?? 0) : `${writes} writes`;
  return `quorum ${step.quorum}: ${amount}, about ${formatMs(Math.ceil(step.expectedMs / 100) * 100)}`;
}

type StepName = 'opening' | number;

class Board {
  readonly #finished = new Map<StepName, PromiseWithResolvers<string | null>>();
  #current: { name: StepName; progress: Progress } | null = null;
  #drawnMs = 0;

  hooks(): ExperimentHooks {
    return {
      onEvent: (event) => this.#onEvent(event),
      onClusterStep: (text) => this.#detail('opening', text),
    };
  }

  /** Until the step has finished. Throws if the experiment ends before it. */
  async follow(name: StepName, progress: Progress, outcome: Promise<Outcome>): Promise<void> {
    this.#current = { name, progress };
    const cut = outcome.then(() => {
      throw new Error('the experiment ended early');
    });
    // The outcome may be there already when the last step is followed: what has finished counts first.
    const title = await Promise.race([this.#ended(name).promise, cut]);
    if (title !== null) progress.title(title);
  }

  #onEvent(event: ExperimentEvent): void {
    if (event.kind === 'ready') {
      this.#ended('opening').resolve(null);
      return;
    }
    if (event.kind === 'finished') {
      this.#ended(event.row.quorum).resolve(summaryOf(event.row));
      return;
    }
    if (event.kind === 'started') return;
    const nowMs = performance.now();
    if (event.phase !== 'settling' && nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#detail(event.quorum, DOING[event.phase](event.done));
  }

  #detail(name: StepName, text: string): void {
    if (this.#current?.name === name) this.#current.progress.detail(text);
  }

  #ended(name: StepName): PromiseWithResolvers<string | null> {
    const known = this.#finished.get(name) ?? Promise.withResolvers<string | null>();
    this.#finished.set(name, known);
    return known;
  }
}

const DOING = {
  warmup: (done: number) => `${done} warm-up writes done`,
  load: (done: number) => `${done} requests done`,
  settling: () => 'waiting until the replicas are level',
} as const;

function summaryOf(row: QuorumResult): string {
  if (row.avg_latency_ms === null) return `quorum ${row.quorum}: no write succeeded`;
  const failed = row.fails === 0 ? '' : `, ${row.fails} failed`;
  const model = row.model_ms === null ? '' : ` (model ${formatMs(row.model_ms)})`;
  return `quorum ${row.quorum}: mean ${formatMs(row.avg_latency_ms)}${model}, ${row.writes_per_s.toFixed(1)} writes/s${failed}`;
}
