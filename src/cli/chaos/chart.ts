/** The latency of every request over the time of a chaos run, with the faults as shades: a scenario's time chart, drawn from other data. */
import type { Answered } from '../../chaos/clients.ts';
import type { Deed } from '../../chaos/deed.ts';
import type { RunResult } from '../../measure/run-result.ts';
import type { Chart } from '../../report/charts/spec.ts';
import { timeChart } from '../../report/charts/time.ts';
import type { ChaosResult } from './result.ts';

/** Null: nothing was asked. Reads at followers are left out: the leader's troubles are not theirs. */
export function chaosChart({ seed, target, deeds }: ChaosResult, answered: readonly Answered[]): Chart | null {
  const result: RunResult = {
    schema_version: 1,
    scenario: 'chaos',
    why: '',
    target,
    seed,
    sweeps: [],
    stale_reads: [],
    steps: [],
    marks: deeds.flatMap(markOf),
    parity: [],
    expectations: [],
  };
  const points = answered
    .filter(({ operation }) => operation !== 'local read')
    .map(({ operation, atMs, latencyMs, outcome }) => ({
      row: '',
      op: operation.endsWith('read') ? ('get' as const) : ('put' as const),
      at_ms: atMs,
      latency_ms: latencyMs,
      ok: outcome === 'ok',
    }));
  return timeChart(result, points);
}

function markOf({ kind, text, nodes, began_ms: at, ended_ms: until, took_effect: isDone }: Deed): RunResult['marks'][number][] {
  return at === null || !isDone ? [] : [{ kind, text, nodes, at_ms: at, until_ms: until }];
}
