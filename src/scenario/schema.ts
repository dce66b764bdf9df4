/**
 * What a scenario file may say, as zod schemas: the one source of the checks, of the JSON Schema that ships with the package
 * (scenarios/scenario.schema.json, for editors), and of the types that the planner reads.
 *
 * Not here: reading files (loader.ts) and what the words amount to (planner.ts).
 * Invariant: everything is strict. A misspelt field that is ignored would be an experiment that nobody asked for.
 */
import { z } from 'zod';
import { SETTINGS } from '../cluster/spec.ts';
import { EXECUTORS, MAX_IN_FLIGHT } from '../experiment/load.ts';
import { parseDelays } from '../lib/delay-plan.ts';
import { parseDuration } from '../lib/units.ts';
import { API_ERRORS } from '../wire/errors.ts';
import { MAX_KEY_BYTES } from '../wire/key.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** More than any scenario means, and few enough to be planned at once. */
const MAX_STEPS = 1_000;
const MAX_ENTRIES = 100;
/** Of a row, each of them a sample in memory; and of a cluster's keys. */
export const MAX_REQUESTS = 1_000_000;
const MAX_RATE = 1_000_000;
const MAX_VALUE_BYTES = 2 ** 20 - 2;
/** Timers of JavaScript go wrong beyond 24 days. */
const MAX_DURATION_MS = 24 * 3_600_000;

const name = z
  .string()
  .regex(NAME, 'expected 1 to 40 of a-z, 0-9 and "-", beginning with a letter or digit')
  .describe('By this name results, errors and expectations speak of it.');

const A_DURATION = 'expected a duration with its unit, like 500ms, 30s, 2m or 1h, of at most 24h';
const duration = z
  .string(A_DURATION)
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, { message: A_DURATION, abort: true })
  .refine((text) => {
    const parsed = parseDuration(text);
    return parsed.ok && parsed.ms <= MAX_DURATION_MS;
  }, A_DURATION)
  .describe('With its unit: 500ms, 30s, 2m, 1h.');

const delay = z
  .union([z.string(), z.number()])
  .superRefine((value, context) => {
    const parsed = parseDelays(`${value}`);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
  })
  .describe('ms: 0-1000 (uniform), 50, normal:50,10, lognormal:20,0.5, exponential:20; by node n2=5;n3=50; or both, 0-1000;n3=50.');

const nodes = z.string().min(1).describe('A name, a comma list, leader, followers or all.');
const groups = z.union([nodes, z.array(nodes).min(1)]).describe('Groups of nodes; one alone is cut from all the others.');
const followers = z.int().min(0).max(31).describe('Default 5.');
const store = z.enum(['sqlite', 'memory']);
const share = z.number().min(0).max(1);
const quorum = z.int().min(0).describe('Follower acks that a write needs; the leader is not counted.');
const count = z.int().min(1).max(MAX_REQUESTS);

const stage = z.strictObject({ duration, target: z.number().min(0).max(MAX_RATE).describe('At the end of the stage.') });

const load = z
  .strictObject({
    executor: z
      .enum(EXECUTORS)
      .default('shared-iterations')
      .describe("By k6's names; -iterations make writes, -vus last, -arrival-rate is an open loop."),
    writes: count.optional().describe('Reads and warm-up not counted; per-vu-iterations: of each client.'),
    concurrency: count.max(MAX_IN_FLIGHT).optional().describe('Requests in flight of a closed loop (default 10).'),
    keys: count.optional().describe('Keys that are written (default 10).'),
    value_bytes: z.int().min(0).max(MAX_VALUE_BYTES).optional().describe('Bytes of each value (default 16).'),
    read_share: share.optional().describe('Share of requests that read; they come on top of the writes (default 0).'),
    rate: z.number().gt(0).max(MAX_RATE).optional().describe('Requests per second of constant-arrival-rate.'),
    duration: duration.optional(),
    start: z.number().min(0).max(MAX_RATE).optional().describe('Of what ramps: where the first stage begins (default 0).'),
    stages: z
      .array(stage)
      .min(1)
      .max(MAX_ENTRIES)
      .optional()
      .describe('Of ramping-vus (requests in flight) and ramping-arrival-rate (requests per second).'),
    warmup: z.int().min(0).max(MAX_REQUESTS).optional().describe('Writes before each row that are not counted (default 0).'),
  })
  .describe('A row of writes (and reads).');

const network = z
  .strictObject({
    delay: delay.optional(),
    loss: share.optional().describe('Probability per record and attempt.'),
    nodes: nodes.optional().describe('Followers that it is for (default: all of them).'),
  })
  .refine((change) => change.delay !== undefined || change.loss !== undefined, 'expected delay or loss, got neither');

/** One thing done to the cluster; a step has one of these members, and so has each entry of `during`. */
const ACTIONS = {
  quorum,
  network,
  kill: nodes.describe('SIGKILL, as in a crash; data stays.'),
  pause: nodes.describe('SIGSTOP: the node keeps its connections and does nothing.'),
  resume: nodes.describe('SIGCONT.'),
  restart: nodes.describe('Starts what is dead, with the same data; returns when it streams or is open.'),
  partition: groups.describe('Cuts the network between groups; clients reach everybody.'),
  heal: groups.describe('Undoes partitions: all, or between groups.'),
} as const;

export type ActionKind = keyof typeof ACTIONS;
export const ACTION_KINDS = Object.keys(ACTIONS) as ActionKind[];

const timed = { at: duration.describe('Since the load began.') };
const during = z
  .array(anyOf(ACTION_KINDS.map((kind) => z.strictObject({ ...timed, [kind]: ACTIONS[kind] }))))
  .min(1)
  .max(MAX_ENTRIES)
  .describe('What happens while the load runs.');

const value = z.union([z.string(), z.number()]);
const values = z.union([z.string(), z.number(), z.array(value).min(1).max(MAX_ENTRIES)]);
const { concurrency, rate, writes, keys, value_bytes, read_share } = load.shape;
/** What can be swept, and what each value of it has to be: members of the load, then of the cluster. */
const SWEPT_OF_LOAD = { concurrency, rate, writes, keys, value_bytes, read_share } as const;
export const SWEPT_VALUES = { quorum, delay, loss: share, followers, store, ...SWEPT_OF_LOAD } as const;
export type SweepParameter = keyof typeof SWEPT_VALUES;
export const SWEEP_PARAMETERS = Object.keys(SWEPT_VALUES) as SweepParameter[];
export const SWEPT_LOAD = Object.keys(SWEPT_OF_LOAD) as (keyof typeof SWEPT_OF_LOAD)[];
const sweep = anyOf(SWEEP_PARAMETERS.map((parameter) => z.strictObject({ [parameter]: values }))).describe(
  'One parameter and its values: a range 1-5, or a list. followers and store make another cluster for each value.',
);

const key = z
  .string()
  .refine(isKey, `expected a key of 1 to ${MAX_KEY_BYTES} bytes of UTF-8`)
  .describe(`Any text of 1 to ${MAX_KEY_BYTES} bytes.`);
/** Not z.json(): that loses a member called __proto__, which is data like any other. */
const json = z.unknown().refine(isJson, { message: 'expected a JSON value', abort: true }).describe('Any JSON value.');
const refusal = z.strictObject({ error: z.enum([...(Object.keys(API_ERRORS) as (keyof typeof API_ERRORS)[]), 'unreachable']) });
const writeAnswer = z.union([z.literal('ok'), refusal]);
const readAnswer = z.union([z.literal('ok'), z.strictObject({ value: json }), refusal]);
const data = {
  node: nodes.optional().describe('One node (default: leader).'),
  timeout: duration.optional().describe('How long the node waits for its quorum.'),
};
const write = { quorum: quorum.optional(), ...data, expect: writeAnswer.optional().describe('What has to be answered (default: ok).') };
const put = z.strictObject({ key, value: json, ...write });
const del = z.strictObject({ key, ...write });
const get = z.strictObject({
  key,
  read: z.enum(['committed', 'local']).optional(),
  within: duration.optional().describe('Try again until the answer is the expected one, at most so long.'),
  ...data,
  expect: readAnswer.optional().describe('What has to be answered (default: ok).'),
});

const staleReads = z.strictObject({
  writes: count,
  keys: count.optional().describe('Keys that are written in turn (default: 50).'),
  nodes: nodes.optional().describe('Followers that are read in turn (default: followers).'),
  after: z.array(duration).min(1).max(MAX_ENTRIES).describe('When to read, after the answer to the write.'),
  quorum: quorum.optional(),
});

const wait = z.union([
  duration,
  z.strictObject({
    until: z
      .string()
      .describe('A threshold over lag_records, lag_ms, up, streaming, waiting_writes or leader: lag_records==0, leader==open.'),
    nodes: nodes.optional().describe('Followers that it is about (default: all of them).'),
    within: duration,
  }),
]);
const parity = z.union([
  z.literal('now').describe('One look, in which lag is no fault.'),
  z.strictObject({ within: duration.describe('All replicas have to be level in time.') }),
]);

/** Every kind of step by the member that makes it one. */
export const STEPS = {
  load: z.strictObject({ name: name.optional(), load, during: during.optional() }),
  sweep: z.strictObject({ name: name.optional(), sweep, load, during: during.optional() }),
  'stale-reads': step('stale-reads', staleReads),
  parity: step('parity', parity),
  put: step('put', put),
  get: step('get', get),
  del: step('del', del),
  wait: step('wait', wait),
  quorum: step('quorum', ACTIONS.quorum),
  network: step('network', ACTIONS.network),
  kill: step('kill', ACTIONS.kill),
  pause: step('pause', ACTIONS.pause),
  resume: step('resume', ACTIONS.resume),
  restart: step('restart', ACTIONS.restart),
  partition: step('partition', ACTIONS.partition),
  heal: step('heal', ACTIONS.heal),
} as const;

export const STEP_KINDS = Object.keys(STEPS) as (keyof typeof STEPS)[];

const setting = z.union([z.string(), z.number()]).optional();

export const scenarioSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name,
    why: z.string().min(1).describe('What it shows, in a sentence or a few.'),
    target: z.enum(['local', 'compose']).default('local'),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(1).describe('Of keys, operations and delays.'),
    cluster: z
      .strictObject({
        followers: followers.optional(),
        quorum: quorum.optional().describe('Default 3, or the number of followers if there are fewer.'),
        store: store.optional(),
        network: z.strictObject({ delay: delay.optional(), loss: share.optional() }).optional(),
        settings: z
          .strictObject(Object.fromEntries(SETTINGS.map((variable) => [variable, setting])))
          .optional()
          .describe('Environment of the nodes, like QUORUM_TIMEOUT_MS.'),
      })
      .prefault({}),
    steps: z
      .array(anyOf(Object.values(STEPS)))
      .min(1)
      .max(MAX_STEPS),
    expect: z
      .record(z.string(), z.array(z.string().describe('p(95)<900, failed==0, parity==match, abs(mean-model)<50')).min(1))
      .optional()
      .describe('Thresholds by what they are about: all (rows), the name of a step, quorum=3 (rows of a sweep), or both, sweep quorum=3.'),
    accept_inconclusive: z
      .boolean()
      .default(false)
      .describe(
        'Rows whose mean cannot be trusted (delays below the cost of a request) are part of this scenario: do not exit 5 for them.',
      ),
  })
  .describe('A scenario of kvctl: a cluster, steps in order, and what they have to show.');

export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioLoad = z.infer<typeof load>;
export type ScenarioNetwork = z.infer<typeof network>;
export type DataExpectationText = z.infer<typeof readAnswer>;

function step<Kind extends string, Value extends z.ZodType>(kind: Kind, value: Value) {
  return z.strictObject({ name: name.optional(), [kind]: value } as { name: z.ZodOptional<typeof name> } & Record<Kind, Value>);
}

function isKey(text: string): boolean {
  const bytes = new TextEncoder().encode(text).length;
  return text.isWellFormed() && bytes >= 1 && bytes <= MAX_KEY_BYTES;
}

/** YAML can say more: .nan, .inf, dates. */
function isJson(data: unknown): boolean {
  if (typeof data === 'number') return Number.isFinite(data);
  if (typeof data !== 'object' || data === null) return data !== undefined;
  const isPlain = Array.isArray(data) || Object.getPrototypeOf(data) === Object.prototype;
  return isPlain && Object.values(data).every(isJson);
}

/** zod's union wants to know that there are at least two. */
function anyOf<T extends z.ZodType>(schemas: readonly T[]) {
  return z.union(schemas as readonly [T, T, ...T[]]);
}
