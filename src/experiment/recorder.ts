/**
 * Collects what the steps find, judges each finding against the scenario's expectations as it comes in, and makes the documents
 * of it: whenever a run ends, what was found so far is a whole document.
 *
 * Pure but for its state; the documents are measure's.
 */
import type { Ms } from '../lib/units.ts';
import { type Counterfactual, counterfactual } from '../measure/counterfactual.ts';
import { parityFigures, type RowEvidence, rowFigures, staleFigures } from '../measure/figures.ts';
import type { BenchCluster, BenchResult, ParityRow, QuorumResult, Workload } from '../measure/result.ts';
import type { ExpectationResult, ParityColumn, RunResult, StaleReads, StepResult } from '../measure/run-result.ts';
import { judge, type Lookup } from '../measure/threshold.ts';
import type { WriteTrace } from '../measure/trace.ts';
import { overlappingQuorums } from '../measure/verdict.ts';
import { isOpenLoop, type LoadOptions } from './load.ts';
import { Marks } from './marks.ts';
import type { ExperimentPlan } from './plan.ts';
import type { MeasureStep, Step } from './step.ts';

/** The cluster as a row found it. */
export interface ClusterFacts extends BenchCluster {
  readonly leaderUrl: string;
}

export interface RowFinding extends RowEvidence {
  readonly cluster: ClusterFacts;
  readonly trace: readonly WriteTrace[];
  readonly lookedMs: { readonly atLastAck: Ms; readonly settled: Ms };
}

interface SweepFindings {
  cluster: ClusterFacts | null;
  readonly rows: QuorumResult[];
  readonly counterfactuals: Counterfactual[];
  parity: readonly ParityRow[];
}

export class Recorder {
  readonly marks = new Marks();
  readonly #plan: ExperimentPlan;
  readonly #sweeps: readonly SweepFindings[];
  readonly #steps: StepResult[] = [];
  readonly #parity: ParityColumn[] = [];
  readonly #stale: StaleReads[] = [];
  readonly #expectations: ExpectationResult[] = [];
  #cluster: ClusterFacts;

  /** `cluster`: as it is before the first step. */
  constructor(plan: ExperimentPlan, cluster: ClusterFacts) {
    this.#plan = plan;
    this.#cluster = cluster;
    this.#sweeps = plan.sweeps.map(() => ({ cluster: null, rows: [], counterfactuals: [], parity: [] }));
  }

  row(step: MeasureStep, finding: RowFinding): void {
    const sweep = this.#sweeps[step.sweep] as SweepFindings;
    const { row, cluster } = finding;
    sweep.cluster ??= cluster;
    sweep.rows.push(row);
    const loop = isOpenLoop(step.load) ? 'open' : 'closed';
    sweep.counterfactuals.push(counterfactual(row.quorum, finding.trace, cluster.followers, loop));
    sweep.parity = mergeParity(sweep.parity, finding.settled);
    const look = (moment: ParityColumn['moment'], at_ms: Ms, rows: readonly ParityRow[]) =>
      this.#parity.push({ step: step.step, moment, at_ms, rows: [...rows] });
    look('last ack', finding.lookedMs.atLastAck, finding.atLastAck);
    look('settled', finding.lookedMs.settled, finding.settled);
    this.#judge(step.step, rowFigures(finding));
  }

  parity(step: string, atMs: Ms, rows: readonly ParityRow[]): void {
    this.#parity.push({ step, moment: 'looked', at_ms: atMs, rows: [...rows] });
    this.#judge(step, parityFigures(rows));
  }

  stale(found: StaleReads): void {
    this.#stale.push(found);
    for (const point of found.points) this.#judge(point.row, staleFigures(point));
  }

  /** An expectation that a step carries in itself. */
  expected(step: string, threshold: string, got: number | string | null, isMet: boolean): void {
    this.#expectations.push({ step, threshold, got, is_met: isMet });
  }

  ended(step: Step, status: 'done' | 'failed', beganMs: Ms, endedMs: Ms, detail: string): void {
    this.#steps.push({ step: step.step, kind: step.kind, title: step.title, status, began_ms: beganMs, ended_ms: endedMs, detail });
  }

  /** The document as of `nowMs`. Expectations of what was not measured count as not met: no sample is no pass. */
  result(nowMs: Ms): RunResult {
    const begun = new Set(this.#steps.map(({ step }) => step));
    const skipped = this.#plan.steps.filter(({ step }) => !begun.has(step));
    const judged = new Set(this.#expectations.map(({ step, threshold }) => `${step}\n${threshold}`));
    const unjudged = this.#plan.expectations.filter(({ subject, threshold }) => !judged.has(`${subject}\n${threshold.text}`));
    const { name, why, target, seed } = this.#plan;
    return {
      schema_version: 1,
      scenario: name,
      why,
      target: target.kind === 'own' ? target.spec.target : 'running',
      seed,
      sweeps: this.#sweeps.map((_, index) => this.#sweepResult(index)),
      stale_reads: [...this.#stale],
      steps: [
        ...this.#steps,
        ...skipped.map(
          ({ step, kind, title }): StepResult => ({ step, kind, title, status: 'skipped', began_ms: null, ended_ms: null, detail: '' }),
        ),
      ],
      marks: this.marks.list(nowMs),
      parity: [...this.#parity],
      expectations: [
        ...this.#expectations,
        ...unjudged.map(({ subject, threshold }) => ({ step: subject, threshold: threshold.text, got: null, is_met: false })),
      ],
    };
  }

  #sweepResult(index: number): BenchResult {
    const { name, parameter, values, load } = this.#plan.sweeps[index] as ExperimentPlan['sweeps'][number];
    const { rows, parity, counterfactuals, cluster } = this.#sweeps[index] as SweepFindings;
    const { leaderUrl, ...facts } = cluster ?? this.#cluster;
    return {
      schema_version: 1,
      name,
      sweep: { parameter, values },
      leader_url: leaderUrl,
      seed: this.#plan.seed,
      workload: workloadOf(load),
      cluster: facts,
      results: [...rows],
      parity,
      overlaps: parameter === 'quorum' ? overlappingQuorums(rows) : [],
      counterfactual: [...counterfactuals],
      plot: null,
    };
  }

  #judge(subject: string, lookup: Lookup): void {
    for (const expectation of this.#plan.expectations) {
      if (expectation.subject !== subject) continue;
      const { got, isMet } = judge(expectation.threshold, lookup);
      this.#expectations.push({ step: subject, threshold: expectation.threshold.text, got, is_met: isMet });
    }
  }
}

function workloadOf(load: LoadOptions): Workload {
  return {
    executor: load.executor,
    writes: load.writes,
    concurrency: load.concurrency,
    keys: load.keys,
    value_bytes: load.valueBytes,
    read_share: load.readShare,
    rate: load.rate,
    duration_ms: load.durationMs,
    warmup: load.warmup,
    loop: isOpenLoop(load) ? 'open' : 'closed',
  };
}

/** The latest row of each node, but a mismatch stays: that a later step wrote over the wrong key does not unmake it. */
function mergeParity(earlier: readonly ParityRow[], latest: readonly ParityRow[]): readonly ParityRow[] {
  return latest.map((row) => earlier.find((old) => old.node === row.node && old.status === 'mismatch') ?? row);
}
