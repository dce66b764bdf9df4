// Runs of scenarios to draw and explain: their sweeps are those of the bench fixture, one after the other on one time axis.

import { rawInput } from '../../src/cli/run/raw.ts';
import { parseDistribution, sampleOf } from '../../src/lib/distribution.ts';
import { Prng } from '../../src/lib/prng.ts';
import type { RowSample, RowTrace } from '../../src/measure/recompute.ts';
import type { ParityRow } from '../../src/measure/result.ts';
import type { ExpectationResult, Mark, ParityColumn, RunResult, StaleReads, StepResult } from '../../src/measure/run-result.ts';
import { type StaleRead, stalePoints } from '../../src/measure/stale.ts';
import type { WriteTrace } from '../../src/measure/trace.ts';
import type { RunReportInput } from '../../src/report/input.ts';
import { parityRow } from '../support/parity-row.ts';
import { makeSweep, type SweptLab } from './bench-fixture.ts';

export interface Story {
  readonly scenario?: string;
  readonly why?: string;
  readonly sweeps?: readonly SweptLab[];
  readonly marks?: readonly Mark[];
  readonly steps?: readonly StepResult[];
  readonly parity?: readonly ParityColumn[];
  readonly expectations?: readonly ExpectationResult[];
  readonly staleReads?: readonly StaleReads[];
}

export interface MadeRun {
  readonly result: RunResult;
  readonly samples: readonly RowSample[];
  readonly trace: readonly RowTrace[];
  readonly input: RunReportInput;
}

export function makeRun(story: Story = {}): MadeRun {
  let beganMs = 300;
  const made = (story.sweeps ?? [quorumSweep()]).map((lab) => {
    const sweep = makeSweep({ ...lab, beganMs });
    beganMs = Math.max(0, ...sweep.result.results.map((row) => row.ended_ms)) + 800;
    return sweep;
  });
  const sweeps = made.map(({ result }) => result);
  const result: RunResult = {
    schema_version: 1,
    scenario: story.scenario ?? 'lab-2',
    why: story.why ?? 'Repeats the course lab: what each write quorum costs.',
    target: 'local',
    seed: 1,
    sweeps,
    stale_reads: story.staleReads ?? [],
    steps: story.steps ?? sweeps.map((sweep, i) => stepOf(`${sweep.name}`, 'sweep', i * 1000, beganMs)),
    marks: story.marks ?? [],
    parity: story.parity ?? sweeps.flatMap((sweep) => sweep.results.map((row) => lookOf(row.row, 'settled', row.ended_ms + 100))),
    expectations: story.expectations ?? [{ step: sweeps[0]?.results[0]?.row ?? 'put-1', threshold: 'p(95)<900', got: 401.5, is_met: true }],
  };
  const samples = made.flatMap((each) => each.samples);
  const byRow = Map.groupBy(samples, (sample) => sample.row);
  const circumstances = {
    environment: { kvctl: '0.1.0', node: 'v24' },
    startedAt: '2025-11-21T01:45:01Z',
    command: 'kvctl run lab-2 --seed 1',
  };
  return { result, samples, trace: made.flatMap((each) => each.trace), input: { result, ...rawInput(result, byRow), ...circumstances } };
}

export function quorumSweep(more: Partial<SweptLab> = {}): SweptLab {
  const each = (value: string) => ({ ...more, quorums: [Number(value)] });
  return { name: 'sweep-1', parameter: 'quorum', values: ['1', '2', '3', '4', '5'], each, ...more };
}

/** What runs look like at their ends: everything, almost nothing, and what went wrong. */
export const RUNS: Readonly<Record<string, Story>> = {
  'the course lab': {},
  'faults, reads and a sweep of delays': {
    sweeps: [
      singleLoad('steady', { readShare: 0.3, delay: '0-200' }),
      singleLoad('one-down', { delay: '0-200', failShare: () => 0.3 }),
      quorumSweep({ name: 'delays', parameter: 'delay', values: ['0-10', '0-10;n3=50;n4=0-1000', '5'], each: (delay) => ({ delay }) }),
    ],
    marks: [
      markOf('kill', 'kill n6', 2_000, 9_000),
      markOf('quorum', 'quorum 3 → 5', 4_000),
      markOf('partition', 'partition n1 from n2, n3', 5_000, 12_000),
    ],
  },
  'every write failed': { sweeps: [quorumSweep({ failShare: () => 1 })] },
  'one write': { sweeps: [singleLoad('load', { writes: 1 })] },
  'stale reads only': { sweeps: [], staleReads: [makeStale({ name: 'one ack' }).stale, makeStale({ name: 'five', quorum: 5 }).stale] },
  'a sweep that was cut off before its first row': { sweeps: [quorumSweep({ values: [] })] },
  'nothing but steps': {
    sweeps: [],
    parity: [],
    expectations: [],
    steps: [
      stepOf('put-1', 'put', 0, 5),
      stepOf('kill-2', 'kill', 5, 90, { status: 'failed', detail: 'no such node' }),
      stepOf('get-3', 'get', null, null, { status: 'skipped' }),
    ],
    marks: [markOf('kill', 'kill n6', 90, 100)],
  },
  'a hundred marks': {
    marks: Array.from({ length: 100 }, (_, i) => markOf('pause', `pause n${i}`, i * 300, i % 2 === 0 ? null : i * 300 + 5_000)),
  },
};

/** A load outside of a sweep. */
export function singleLoad(name: string, more: Partial<SweptLab> = {}): SweptLab {
  return quorumSweep({ name, values: ['3'], ...more });
}

export function stepOf(
  step: string,
  kind: string,
  began_ms: number | null,
  ended_ms: number | null,
  more: Partial<StepResult> = {},
): StepResult {
  return { step, kind, title: `${kind} of ${step}`, status: 'done', began_ms, ended_ms, detail: '', ...more };
}

export function markOf(kind: string, text: string, at_ms: number, until_ms: number | null = null): Mark {
  return { kind, text, nodes: ['n6'], at_ms, until_ms };
}

export function lookOf(
  step: string,
  moment: ParityColumn['moment'],
  at_ms: number,
  statuses: readonly (ParityRow['status'] | Partial<ParityRow>)[] = ['match', 'match', 'match', 'match', 'match'],
): ParityColumn {
  const rows = statuses.map((status, i) => {
    const own = typeof status === 'string' ? { status } : status;
    return parityRow({ url: `http://127.0.0.1:${8001 + i}`, node: `n${i + 2}`, ...own });
  });
  return { step, moment, at_ms, rows };
}

export interface StaleStory {
  readonly name?: string;
  readonly quorum?: number;
  readonly afterMs?: readonly number[];
  readonly writes?: number;
  readonly followers?: number;
  readonly delay?: string;
}

/** As the step of a scenario makes them: every write is read at one follower, at each of the times. */
export function makeStale(story: StaleStory = {}): { stale: StaleReads; reads: readonly StaleRead[]; trace: readonly WriteTrace[] } {
  const { name = 'stale-1', quorum = 1, afterMs = [0, 50, 100, 150, 200, 300, 400], writes = 120, followers = 5, delay = '0-400' } = story;
  const distribution = parseDistribution(delay);
  if (!distribution.ok) throw new Error(distribution.message);
  const prng = new Prng(1);
  const reads: StaleRead[] = [];
  const trace: WriteTrace[] = [];
  for (let i = 0; i < writes; i++) {
    const delays = Array.from({ length: followers }, () => sampleOf(distribution.value, prng.next()));
    const floor = quorum === 0 ? 0 : [...delays].sort((a, b) => a - b)[quorum - 1]!;
    const version = `1.${i + 1}`;
    const acks = delays.map((delayMs, f) => [`n${f + 2}`, { delayMs, sentMs: delayMs, ackedMs: delayMs + 1 }] as const);
    trace.push({ version, need: quorum, storedMs: 0.2, followers: Object.fromEntries(acks) });
    for (const after of afterMs) {
      const sentMs = after + 0.3;
      reads.push({
        version,
        follower: `n${(i % followers) + 2}`,
        afterMs: after,
        sentMs,
        isStale: delays[i % followers]! > floor + 1 + sentMs,
      });
    }
  }
  return { stale: { name, quorum, followers, delay, points: stalePoints(name, reads, trace, false) }, reads, trace };
}
