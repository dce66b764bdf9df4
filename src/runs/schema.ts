/**
 * What the files of a run folder hold, checked before anybody draws or compares them: a folder may be another program's, half
 * copied, edited by hand, or of another version.
 *
 * Members that nobody knows are kept as they are, so that an older kvctl loses nothing of a newer one's. A summary from before rows
 * had names gets them.
 */
import { z } from 'zod';
import type { RowSample, RowTrace } from '../measure/recompute.ts';
import type { BenchResult } from '../measure/result.ts';
import type { RunResult } from '../measure/run-result.ts';
import type { StaleRead } from '../measure/stale.ts';

const figure = z.number();
const maybe = z.number().nullable();
const quantiles = z.looseObject({ mean: figure, median: figure, p95: figure, p99: figure });
const interval = z.tuple([figure, figure]);

const parityReason = z.looseObject({
  key: z.string(),
  reason: z.enum(['lag', 'lost-update', 'corruption', 'phantom']),
  leader: z.string().nullable(),
  replica: z.string().nullable(),
});

const parityRow = z.looseObject({
  url: z.string(),
  node: z.string(),
  status: z.enum(['match', 'lag', 'mismatch', 'unreachable']),
  missing: figure,
  stale: figure,
  extra: figure,
  corrupt: figure,
  keys: z.array(z.string()),
  // Runs that were kept before there were reasons have none, and were compared row by row.
  reasons: z.array(parityReason).default([]),
  compared_by: z.enum(['digest', 'rows']).nullable().default('rows'),
  altered: z.array(z.string()).default([]),
});

const reads = z.looseObject({
  requests: figure,
  successes: figure,
  fails: figure,
  avg_latency_ms: maybe,
  median_latency_ms: maybe,
  p95_latency_ms: maybe,
  p99_latency_ms: maybe,
});

const row = reads.extend({
  row: z.string(),
  quorum: figure,
  delay: z.string(),
  began_ms: figure,
  ended_ms: figure,
  ci95_ms: interval.nullable(),
  max_latency_ms: maybe,
  writes_per_s: figure,
  model_ms: maybe,
  model_quantiles_ms: z.looseObject({ median: figure, p95: figure, p99: figure }).nullable(),
  floor_ms: maybe,
  overhead_ms: z.looseObject({ mean: figure, p99: figure }).nullable(),
  replication_ms: quantiles.nullable(),
  parity_at_last_ack: z.looseObject({ match: figure, lag: figure, mismatch: figure, unreachable: figure, missing: figure, stale: figure }),
  settle_ms: maybe,
  verdict: z.enum(['ok', 'inconclusive']),
  reasons: z.array(z.string()),
  thin: z.array(z.string()),
  generator_busy: figure,
  leader_busy: maybe,
  latency_samples: figure,
  replication_samples: figure,
  replication_unacked: figure,
  reads: reads.nullable(),
});

const counterfactual = z.looseObject({
  measured_quorum: figure,
  accuracy: z.enum(['exact', 'approximate']),
  costs: z.array(z.looseObject({ quorum: figure, answered: figure, unanswered: figure, mean_ms: maybe, p95_ms: maybe })),
});

const bench = z.looseObject({
  schema_version: z.literal(1),
  name: z.string(),
  sweep: z.looseObject({ parameter: z.string(), values: z.array(z.string()) }),
  leader_url: z.string(),
  seed: figure,
  workload: z.looseObject({
    executor: z.string(),
    writes: maybe,
    concurrency: figure,
    keys: figure,
    value_bytes: figure,
    read_share: figure,
    rate: maybe,
    duration_ms: maybe,
    warmup: figure,
    loop: z.enum(['closed', 'open']),
  }),
  cluster: z.looseObject({
    name: z.string(),
    followers: figure,
    store: z.enum(['sqlite', 'memory']),
    delay: z.string(),
    loss: figure,
    nodes: z.array(z.looseObject({ id: z.string(), url: z.string() })),
    leader: z.string(),
  }),
  results: z.array(row),
  parity: z.array(parityRow),
  overlaps: z.array(interval),
  counterfactual: z.array(counterfactual),
  plot: z.string().nullable(),
});

const stalePoint = z.looseObject({
  row: z.string(),
  after_ms: figure,
  sent_ms: figure,
  reads: figure,
  stale: figure,
  share: maybe,
  ci95: interval.nullable(),
  model: maybe,
});

const run = z.looseObject({
  schema_version: z.literal(1),
  scenario: z.string(),
  why: z.string(),
  target: z.string(),
  seed: figure,
  sweeps: z.array(bench),
  stale_reads: z.array(
    z.looseObject({ name: z.string(), quorum: figure, followers: figure, delay: z.string(), points: z.array(stalePoint) }),
  ),
  steps: z.array(
    z.looseObject({
      step: z.string(),
      kind: z.string(),
      title: z.string(),
      status: z.enum(['done', 'failed', 'skipped']),
      began_ms: maybe,
      ended_ms: maybe,
      detail: z.string(),
    }),
  ),
  marks: z.array(z.looseObject({ kind: z.string(), text: z.string(), nodes: z.array(z.string()), at_ms: figure, until_ms: maybe })),
  parity: z.array(
    z.looseObject({ step: z.string(), moment: z.enum(['last ack', 'settled', 'looked']), at_ms: figure, rows: z.array(parityRow) }),
  ),
  expectations: z.array(
    z.looseObject({ step: z.string(), threshold: z.string(), got: z.union([z.number(), z.string(), z.null()]), is_met: z.boolean() }),
  ),
});

/** summary.json of a benchmark. */
export const benchSchema: z.ZodType<BenchResult> = z.preprocess(withRowNames, bench);
/** summary.json of a scenario's run. */
export const runSchema: z.ZodType<RunResult> = run;

/** Lines of samples.ndjson and trace.ndjson: before rows had names their quorum named them. */
export const sampleSchema: z.ZodType<RowSample> = z.preprocess(
  withRowName,
  z.looseObject({
    row: z.string(),
    quorum: figure,
    index: figure,
    phase: z.enum(['warmup', 'load']),
    op: z.enum(['put', 'get']),
    key: z.string(),
    intendedMs: figure,
    startMs: figure,
    endMs: figure,
    ok: z.boolean(),
    status: figure,
    error: z.string().nullable(),
    version: z.string().nullable(),
    acks: maybe,
    storeMs: maybe,
    quorumMs: maybe,
    floorMs: maybe,
  }),
);

export const traceSchema: z.ZodType<RowTrace> = z.preprocess(
  withRowName,
  z.looseObject({
    row: z.string(),
    version: z.string(),
    need: figure,
    storedMs: maybe,
    followers: z.record(z.string(), z.looseObject({ delayMs: figure, sentMs: maybe, ackedMs: maybe })),
  }),
);

export const staleReadSchema: z.ZodType<StaleRead & { readonly row: string }> = z.looseObject({
  row: z.string(),
  version: z.string(),
  follower: z.string(),
  afterMs: figure,
  sentMs: figure,
  isStale: z.boolean().nullable(),
});

export const outcomeSchema = z.looseObject({
  /** `running` until the run has ended, and for ever after it was killed. */
  ending: z.enum(['running', 'complete', 'interrupted', 'failed']),
  started_at: z.string(),
  command: z.string().nullable().default(null),
  exit_code: z.number().nullable().default(null),
  error: z.looseObject({ message: z.string() }).nullable().default(null),
});

export const environmentSchema = z.record(z.string(), z.string());

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withRowName(value: unknown): unknown {
  return isObject(value) && value['row'] === undefined && typeof value['quorum'] === 'number'
    ? { ...value, row: `quorum=${value['quorum']}` }
    : value;
}

/** When such rows ran was not noted: they stand one after the other, each as long as its writes took. */
function withRowNames(value: unknown): unknown {
  if (!isObject(value) || value['sweep'] !== undefined || !Array.isArray(value['results'])) return value;
  const { results, workload, cluster } = value;
  let endMs = 0;
  const rows = results.map((each: unknown) => {
    if (!isObject(each)) return each;
    const perSecond = Number(each['writes_per_s']);
    const began_ms = endMs;
    endMs += perSecond > 0 ? (Number(each['successes']) / perSecond) * 1000 : 0;
    return { delay: isObject(cluster) ? cluster['delay'] : undefined, began_ms, ended_ms: endMs, ...(withRowName(each) as object) };
  });
  const load = isObject(workload) ? workload : {};
  const closed = load['writes'] === null ? 'constant-vus' : 'shared-iterations';
  return {
    name: 'bench',
    sweep: { parameter: 'quorum', values: results.map((each: unknown) => (isObject(each) ? `${each['quorum']}` : '')) },
    ...value,
    workload: { executor: load['loop'] === 'open' ? 'constant-arrival-rate' : closed, ...load },
    results: rows,
  };
}
