/**
 * The load of one row: how much, how fast, on how many keys. The executors are k6's, by their names, because who has used k6
 * knows them; where k6 says virtual users, a load says requests in flight (`concurrency`), and where it says iterations, writes.
 *
 * Pure: it is planned and described here, and sent by workload/runner.
 * Source: https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/
 */
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import { type Ramp, rampDuration, rampPeak, type Stage } from '../workload/ramp.ts';

export const EXECUTORS = [
  'shared-iterations',
  'per-vu-iterations',
  'constant-vus',
  'ramping-vus',
  'constant-arrival-rate',
  'ramping-arrival-rate',
] as const;
export type Executor = (typeof EXECUTORS)[number];

export interface LoadOptions {
  readonly executor: Executor;
  /** Writes of the row, reads and warm-up not counted; `per-vu-iterations`: of each client. null: only the duration ends it. */
  readonly writes: number | null;
  readonly durationMs: Ms | null;
  /** Requests in flight of a closed loop; of an open one, connections to begin with. */
  readonly concurrency: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** Probability that a request reads, 0 to 1. */
  readonly readShare: number;
  /** Requests per second of an open loop that does not ramp; null for every other. */
  readonly rate: number | null;
  /** Of what ramps: requests in flight, or requests per second; empty for what does not. */
  readonly stages: readonly Stage[];
  /** Where the first stage begins: requests in flight, or requests per second. */
  readonly start: number;
  /** Writes before the row that are not counted. */
  readonly warmup: number;
}

/** The course lab's workload. */
export const LAB_LOAD: LoadOptions = {
  executor: 'shared-iterations',
  writes: 100,
  durationMs: null,
  concurrency: 10,
  keys: 10,
  valueBytes: 16,
  readShare: 0,
  rate: null,
  stages: [],
  start: 0,
  warmup: 0,
};

/** The executor that the options of a command line amount to. */
export function executorOf({ rate, writes }: Pick<LoadOptions, 'rate' | 'writes'>): Executor {
  if (rate !== null) return 'constant-arrival-rate';
  return writes === null ? 'constant-vus' : 'shared-iterations';
}

export function isOpenLoop({ executor }: Pick<LoadOptions, 'executor'>): boolean {
  return executor === 'constant-arrival-rate' || executor === 'ramping-arrival-rate';
}

/** Of a closed loop: each takes a connection of this process. */
export const MAX_IN_FLIGHT = 5_000;

/** What the executor needs and what it has no use for: a sentence for the user that names the field by `nameOf`. */
export function checkLoad(
  load: LoadOptions,
  nameOf: (field: 'writes' | 'duration' | 'rate' | 'stages' | 'start' | 'read_share') => string,
): Result<LoadOptions> {
  const { executor, writes, durationMs, rate, stages, readShare } = load;
  const isRamping = executor === 'ramping-vus' || executor === 'ramping-arrival-rate';
  const needs = (field: Parameters<typeof nameOf>[0]) => fail(`${executor}: expected ${nameOf(field)}, got none`);
  const hasNoUse = (field: Parameters<typeof nameOf>[0]) => fail(`${executor}: expected no ${nameOf(field)}, which it has no use for`);
  if (isRamping && stages.length === 0) return needs('stages');
  if (!isRamping && stages.length > 0) return hasNoUse('stages');
  if (isRamping && rampDuration(rampOf(load)) <= 0) return fail(`${executor}: expected ${nameOf('stages')} that last longer than 0 ms`);
  if (!isRamping && load.start !== 0) return hasNoUse('start');
  const peak = rampPeak(rampOf(load));
  if (executor === 'ramping-arrival-rate' && peak <= 0) return fail(`${executor}: expected ${nameOf('stages')} with a target above 0`);
  if (executor === 'ramping-vus' && (peak < 1 || peak > MAX_IN_FLIGHT)) {
    return fail(`${executor}: expected ${nameOf('stages')} that reach 1 to ${MAX_IN_FLIGHT} requests in flight, got ${peak}`);
  }
  if (isRamping && durationMs !== null) return hasNoUse('duration');
  if (executor === 'constant-arrival-rate' && rate === null) return needs('rate');
  if (executor !== 'constant-arrival-rate' && rate !== null) return hasNoUse('rate');
  if (executor.endsWith('-iterations') && writes === null) return needs('writes');
  if (executor === 'constant-vus' && durationMs === null) return needs('duration');
  if (writes === null && durationMs === null && !isRamping) {
    return fail(`expected ${nameOf('writes')} or ${nameOf('duration')}, got neither`);
  }
  if (readShare >= 1 && durationMs === null && !isRamping) {
    return fail(
      `${nameOf('read_share')}: expected less than 1, or a ${nameOf('duration')}, because a load without writes never makes its ${nameOf('writes')}`,
    );
  }
  return ok(load);
}

/** Only of what ramps. */
export function rampOf({ start, stages }: LoadOptions): Ramp {
  return { start, stages };
}

/** Writes of the whole row; null: as many as the time allows. */
export function totalWrites({ executor, writes, concurrency }: LoadOptions): number | null {
  return writes !== null && executor === 'per-vu-iterations' ? writes * concurrency : writes;
}

/** What ends the load if nothing does before. */
export function durationOf(load: LoadOptions): Ms | null {
  return load.stages.length > 0 ? rampDuration(rampOf(load)) : load.durationMs;
}

/** Connections to open before the first request, for requests that take `latencyMs`. */
export function connectionsOf(load: LoadOptions, latencyMs: Ms): number {
  if (load.executor === 'ramping-vus') return Math.ceil(rampPeak(rampOf(load)));
  if (!isOpenLoop(load)) return load.concurrency;
  // Little's law; beyond the limit the runner opens connections as it needs them.
  const rate = load.rate ?? rampPeak(rampOf(load));
  return Math.min(MAX_OPENED_AHEAD, Math.max(load.concurrency, Math.ceil((rate * latencyMs) / 1000)));
}

const MAX_OPENED_AHEAD = 500;

/** How long it takes where a write takes `latencyMs` on average. */
export function expectedLoadMs(load: LoadOptions, latencyMs: Ms): Ms {
  const limit = durationOf(load) ?? Number.POSITIVE_INFINITY;
  const writes = totalWrites(load);
  if (writes === null || load.stages.length > 0) return limit + latencyMs;
  const writesMs =
    load.rate === null ? (writes / load.concurrency) * latencyMs : (writes * 1000) / (load.rate * (1 - load.readShare)) + latencyMs;
  return Math.min(writesMs, limit + latencyMs);
}

/** For people, without a full stop. */
export function describeLoad(load: LoadOptions): string {
  const { concurrency, rate, executor, durationMs, writes } = load;
  const amount = [
    ...(writes === null ? [] : [executor === 'per-vu-iterations' ? `${writes} writes of each client` : `${writes} writes`]),
    ...(durationMs === null ? [] : [`${writes === null ? '' : 'at most '}${formatMs(durationMs)}`]),
  ];
  const stages = load.stages.map(({ durationMs: ms, target }) => `${target} within ${formatMs(ms)}`).join(', ');
  const loop = {
    'shared-iterations': `closed loop, ${concurrency} in flight`,
    'per-vu-iterations': `closed loop, ${concurrency} in flight`,
    'constant-vus': `closed loop, ${concurrency} in flight`,
    'ramping-vus': `closed loop, in flight from ${load.start} to ${stages}`,
    'constant-arrival-rate': `open loop, ${rate} requests/s, timed from the intended start`,
    'ramping-arrival-rate': `open loop, requests/s from ${load.start} to ${stages}, timed from the intended start`,
  }[executor];
  const extras = [
    ...(load.readShare === 0 ? [] : [`reads ${(load.readShare * 100).toFixed(0)} %`]),
    ...(load.warmup === 0 ? [] : [`${load.warmup} writes of warm-up`]),
  ];
  return [...amount, `${load.keys} keys`, `values of ${load.valueBytes} bytes`, loop, ...extras].join(', ');
}
