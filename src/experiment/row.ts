/**
 * Measures one row: settings, warm-up, the same draws as every other row, the load with what happens during it, a look at the
 * replicas at the last answer, and another when they have settled.
 *
 * What the row's model is computed from is asked of the leader right before the load: the plan's account may be wrong, the
 * leader's table is not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { formatDelays } from '../lib/delay-plan.ts';
import { type Distribution, parseDistribution, quantileOf } from '../lib/distribution.ts';
import type { Ms } from '../lib/units.ts';
import { parityTotals } from '../measure/parity.ts';
import { latencyOf, measured } from '../measure/sample.ts';
import { summariseQuorum } from '../measure/summary.ts';
import type { WriteTrace } from '../measure/trace.ts';
import type { TraceItem } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import { type LoadOutcome, runLoad } from '../workload/runner.ts';
import type { Sample } from '../workload/sample.ts';
import { networkRequest, perform, putQuorumInForce } from './actions.ts';
import { durationOf, isOpenLoop, rampOf, totalWrites } from './load.ts';
import { lookAtParity, waitForParity } from './parity.ts';
import type { ClusterFacts } from './recorder.ts';
import type { Stage } from './stage.ts';
import type { MeasureStep, TimedAction } from './step.ts';
import type { Venue } from './venue.ts';

/** For the slowest follower, on top of its delay. */
const SETTLE_MS = 10_000;

/** Answers what the row shows, in a sentence; null if it was cut off. What was sent is kept however the row ends. */
export async function measureRow(stage: Stage, step: MeasureStep): Promise<string | null> {
  const raw: RowData = { quorum: step.quorum, samples: [], trace: [] };
  try {
    return await measure(stage, step, raw);
  } finally {
    await stage.keep({ row: step.step, ...raw, staleReads: [] });
  }
}

interface RowData {
  quorum: number;
  samples: readonly Sample[];
  trace: readonly WriteTrace[];
}

async function measure(stage: Stage, step: MeasureStep, raw: RowData): Promise<string | null> {
  const { venue, plan, recorder, signal } = stage;
  const { client, leader } = venue;
  if (step.set.quorum !== null) await putQuorumInForce(venue, step.set.quorum, signal);
  if (step.set.network !== null) await client.setNetwork(leader.url, networkRequest(venue, step.set.network));
  const found = await lookAtConditions(venue, recorder.marks.down());
  raw.quorum = found.quorum;
  raw.samples = await warmUp(stage, step, found.quorum);
  // From here on draw i is the same for every row: the warm-up, whose order is its own, has no part in it.
  await client.setNetwork(leader.url, { seed: plan.seed });
  const before = await client.status(leader.url);
  const load = await loadWith(stage, step, found.quorum);
  raw.samples = [...raw.samples, ...load.samples];
  if (load.isInterrupted) {
    // Whatever is being done to a node is done before the cluster is taken down.
    await load.actions;
    return null;
  }
  // The two questions travel together: the look at the replicas must not wait for the look at the leader.
  const lookedMs = stage.nowMs();
  const [after, atLastAck] = await Promise.all([client.status(leader.url).catch(() => null), lookAtParity(client, venue)]);
  stage.progress({ phase: 'settling', text: 'waiting until the replicas are level' });
  const endedMs = stage.nowMs();
  await load.actions;
  const actedMs = stage.nowMs() - endedMs;
  const settling = await waitForParity(client, venue, settleTimeoutMs(found.delays), signal, recorder.marks.down());
  raw.trace = await traceSince(venue, before.head);
  if (signal.aborted) return null;
  const row = summariseQuorum({
    row: step.step,
    quorum: found.quorum,
    delay: found.up.size === found.delays.size ? formatDelayMap(found.up) : formatDelays({ all: null, perNode: found.up }),
    beganMs: load.beganMs,
    samples: raw.samples,
    trace: raw.trace,
    distributions: [...found.up.values()],
    followersUp: [...found.up.keys()],
    isSteady: step.during.length === 0,
    hasLoss: found.cluster.loss > 0,
    parityAtLastAck: parityTotals(atLastAck),
    settleMs: settling.settleMs === null ? null : settling.settleMs + actedMs,
    generatorBusy: load.busy,
    leaderBusy: after === null ? null : busyBetween(before.loop, after.loop),
    elapsedMs: load.elapsedMs,
  });
  const latencies = measured(raw.samples, 'put')
    .filter((sample) => sample.ok)
    .map(latencyOf);
  const looked = { atLastAck: lookedMs, settled: stage.nowMs() };
  recorder.row(step, { row, cluster: found.cluster, trace: raw.trace, latencies, atLastAck, settled: settling.rows, lookedMs: looked });
  if (load.heldBack > 0) {
    stage.remark(`${step.step}: ${load.heldBack} requests started late, because too many were on their way; lower the rate`);
  }
  return `${row.successes} of ${row.requests} writes acknowledged`;
}

/** What the leader says of its network and its followers. */
interface Conditions {
  readonly quorum: number;
  readonly cluster: ClusterFacts;
  /** Of all followers, and of those whose link is up. */
  readonly delays: ReadonlyMap<string, Distribution>;
  readonly up: ReadonlyMap<string, Distribution>;
}

/** `down`: nodes known to be dead or frozen, of which the leader may have heard nothing yet. */
export async function lookAtConditions(venue: Venue, down: ReadonlySet<string>): Promise<Conditions> {
  const { client, leader } = venue;
  const [network, { write_quorum: quorum }, { replicas }] = await Promise.all([
    client.network(leader.url),
    client.quorum(leader.url),
    client.replicaStatus(leader.url),
  ]);
  const links = Object.entries(network.nodes);
  const delays = new Map(links.map(([id, { delay: text }]) => [id, distributionOf(text)]));
  const isUp = (id: string) =>
    replicas.some((replica) => replica.node === id && replica.is_up) && !network.nodes[id]?.is_partitioned && !down.has(id);
  const up = new Map([...delays].filter(([id]) => isUp(id)));
  const losses = links.filter(([id]) => up.has(id)).map(([, { loss }]) => loss);
  const cluster: ClusterFacts = {
    name: venue.name,
    followers: venue.followers.length,
    store: venue.store,
    delay: formatDelayMap(delays),
    loss: Math.max(0, ...losses),
    nodes: venue.nodes,
    leader: leader.id,
    leaderUrl: leader.url,
  };
  return { quorum, cluster, delays, up };
}

/** All writes newer than `since`, read when late acks are in it; none if the leader cannot tell any more. */
export async function traceSince({ client, leader }: Venue, since: string): Promise<WriteTrace[]> {
  return (await client.trace(leader.url, since).catch(() => [])).map(toWriteTrace);
}

/** How long nobody needs to wait longer for the replicas to be level. */
export function settleTimeoutMs(delays: ReadonlyMap<string, Distribution>): Ms {
  return SETTLE_MS + Math.max(0, ...[...delays.values()].map((distribution) => quantileOf(distribution, 0.9999)));
}

/** One text if all followers have the same delay, else each with its own. */
export function formatDelayMap(delays: ReadonlyMap<string, Distribution>): string {
  const [first] = delays.values();
  if (first === undefined) return '0';
  const whole = formatDelays({ all: first, perNode: new Map() });
  const isSame = [...delays.values()].every((other) => formatDelays({ all: other, perNode: new Map() }) === whole);
  return isSame ? whole : formatDelays({ all: null, perNode: delays });
}

async function warmUp(stage: Stage, step: MeasureStep, quorum: number): Promise<readonly Sample[]> {
  const { load } = step;
  if (load.warmup === 0) return [];
  const pace = { writes: load.warmup, durationMs: null, rate: null, connections: load.concurrency, inFlight: null, isShareFixed: false };
  const spec = {
    quorum,
    requestQuorum: null,
    phase: 'warmup',
    ...pace,
    keys: load.keys,
    valueBytes: load.valueBytes,
    readShare: 0,
  } as const;
  const onSample = (done: number) => stage.progress({ phase: 'warmup', done });
  return (await runLoad({ ...spec, seed: stage.plan.seed }, stage.venue.leader.url, { signal: stage.signal, onSample })).samples;
}

interface LoadFinding extends LoadOutcome {
  readonly beganMs: Ms;
  /** Those whose time comes after the load's end, too. Fails once all of them have ended, with what the first one failed with. */
  readonly actions: Promise<void>;
}

/** The load, and beside it what is to happen at its times. An action that fails ends the load. */
async function loadWith(stage: Stage, step: MeasureStep, quorum: number): Promise<LoadFinding> {
  const { load } = step;
  const failure = new AbortController();
  const signal = AbortSignal.any([stage.signal, failure.signal]);
  let actions: Promise<void> = Promise.resolve();
  let beganMs = 0;
  const onBegin = () => {
    beganMs = stage.nowMs();
    actions = carryOut(stage, step.during, signal, () => failure.abort());
    // Looked at when the load has ended.
    actions.catch(() => undefined);
  };
  const isRamping = load.stages.length > 0;
  const spec = {
    quorum,
    requestQuorum: null,
    phase: 'load',
    writes: totalWrites(load),
    durationMs: durationOf(load),
    rate: isOpenLoop(load) ? (isRamping ? rampOf(load) : load.rate) : null,
    connections: step.connections,
    inFlight: load.executor === 'ramping-vus' ? rampOf(load) : null,
    isShareFixed: load.executor === 'per-vu-iterations',
    keys: load.keys,
    valueBytes: load.valueBytes,
    readShare: load.readShare,
    seed: stage.plan.seed,
  } as const;
  const onSample = (done: number) => stage.progress({ phase: 'load', done });
  const outcome = await runLoad(spec, stage.venue.leader.url, { signal, onBegin, onSample });
  return { ...outcome, beganMs, actions };
}

/** Each at its own time, whether the one before has taken effect or not; none of them is left behind when this ends. */
async function carryOut(stage: Stage, during: readonly TimedAction[], signal: AbortSignal, onFailure: () => void): Promise<void> {
  const originMs = performance.now();
  const endings = await Promise.allSettled(
    during.map(async ({ atMs, action }) => {
      await delay(Math.max(0, originMs + atMs - performance.now()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await perform(stage, action).catch((error: unknown) => {
        onFailure();
        throw error;
      });
    }),
  );
  const failed = endings.find((ending) => ending.status === 'rejected');
  if (failed !== undefined && !stage.signal.aborted) throw failed.reason;
}

function distributionOf(text: string): Distribution {
  const parsed = parseDistribution(text);
  if (parsed.ok) return parsed.value;
  throw new KvctlError('unreachable', `expected the leader to name a delay: ${parsed.message}`);
}

/** Share of the time between two looks that the node's event loop was busy. */
function busyBetween(before: { active_ms: number; idle_ms: number }, after: { active_ms: number; idle_ms: number }): number | null {
  const active = after.active_ms - before.active_ms;
  const total = active + after.idle_ms - before.idle_ms;
  return total > 0 && active >= 0 ? active / total : null;
}

function toWriteTrace(item: TraceItem): WriteTrace {
  const followers = Object.entries(item.followers).map(
    ([id, { delay_ms, sent_ms, acked_ms }]) => [id, { delayMs: delay_ms, sentMs: sent_ms, ackedMs: acked_ms }] as const,
  );
  return { version: item.version, need: item.need, storedMs: item.stored_ms, followers: Object.fromEntries(followers) };
}
