/**
 * A running experiment shown as steps: bringing up, one for each step of the plan, cleaning up. The experiment runs by itself; a
 * step only waits for its event, so that drawing can neither delay a measurement nor keep a cluster from being removed.
 */
import type { ExperimentPlan } from '../../experiment/plan.ts';
import type { ExecuteOptions, ExperimentEvent, Outcome } from '../../experiment/run.ts';
import type { Doing } from '../../experiment/stage.ts';
import type { Step as PlannedStep } from '../../experiment/step.ts';
import { formatMs } from '../../lib/units.ts';
import type { QuorumResult } from '../../measure/result.ts';
import type { RunResult } from '../../measure/run-result.ts';
import type { Output } from '../output.ts';
import type { Progress, Step } from '../progress.ts';

export interface ExperimentHooks {
  readonly onEvent: NonNullable<ExecuteOptions['onEvent']>;
  /** What the cluster does while it is brought up. */
  readonly onClusterStep: (text: string) => void;
}

/** A terminal redraws ten times a second; more would be the generator's time. */
const REDRAW_MS = 100;
/** Shorter steps need no word about how long they take. */
const MIN_TOLD_MS = 1_000;

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
  const { target } = plan;
  const opening = target.kind === 'own' ? `bringing up ${target.spec.followers + 1} nodes` : 'reading quorum and network of the cluster';
  const closing = target.kind === 'own' ? 'removing the cluster' : 'putting quorum, network and seed back';
  return [
    { title: opening, run: (progress) => board.follow(OPENING, progress, outcome) },
    ...plan.steps.map((step) => ({
      title: titleOf(step),
      run: (progress: Progress) => board.follow(step.step, progress, outcome),
    })),
    { title: closing, run: async () => void (await outcome) },
  ];
}

function titleOf(step: PlannedStep): string {
  const about =
    step.expectedMs < MIN_TOLD_MS && step.kind !== 'measure' ? '' : `, about ${formatMs(Math.ceil(step.expectedMs / 100) * 100)}`;
  return `${step.title}${about}`;
}

/** No step has an empty name. */
const OPENING = '';

class Board {
  readonly #finished = new Map<string, PromiseWithResolvers<string | null>>();
  #current: { name: string; progress: Progress } | null = null;
  #drawnMs = 0;

  hooks(): ExperimentHooks {
    return {
      onEvent: (event) => this.#onEvent(event),
      onClusterStep: (text) => this.#detail(OPENING, text),
    };
  }

  /** Until the step has finished. Throws if the experiment ends before it. */
  async follow(name: string, progress: Progress, outcome: Promise<Outcome>): Promise<void> {
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
      this.#ended(OPENING).resolve(null);
      return;
    }
    if (event.kind === 'finished') {
      this.#ended(event.step.step).resolve(endingOf(event.step, event.text, event.result));
      return;
    }
    const nowMs = performance.now();
    const isCount = 'done' in event.doing;
    if (isCount && nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#detail(event.step, describeDoing(event.doing));
  }

  #detail(name: string, text: string): void {
    if (this.#current?.name === name) this.#current.progress.detail(text);
  }

  #ended(name: string): PromiseWithResolvers<string | null> {
    const known = this.#finished.get(name) ?? Promise.withResolvers<string | null>();
    this.#finished.set(name, known);
    return known;
  }
}

function describeDoing(doing: Doing): string {
  if ('text' in doing) return doing.text;
  return doing.phase === 'warmup' ? `${doing.done} warm-up writes done` : `${doing.done} requests done`;
}

function endingOf(step: PlannedStep, text: string, result: RunResult): string {
  if (step.kind !== 'measure') return text === '' || text === step.title ? step.title : `${step.title}: ${text}`;
  const row = result.sweeps[step.sweep]?.results.find((each) => each.row === step.step);
  return row === undefined ? `${step.title}: ${text}` : summaryOf(step.label, row);
}

function summaryOf(label: string, row: QuorumResult): string {
  if (row.avg_latency_ms === null) return `${label}: no write succeeded`;
  const failed = row.fails === 0 ? '' : `, ${row.fails} failed`;
  const model = row.model_ms === null ? '' : ` (model ${formatMs(row.model_ms)})`;
  return `${label}: mean ${formatMs(row.avg_latency_ms)}${model}, ${row.writes_per_s.toFixed(1)} writes/s${failed}`;
}
