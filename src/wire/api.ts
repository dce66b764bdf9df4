/**
 * The client and admin side of the HTTP contract as data: what each call answers. Nodes answer exactly this; kvctl's own
 * client parses with it. Latencies are milliseconds; versions are `epoch.seq`.
 */
import { z } from 'zod';

/** A hundred days. */
const MAX_OFFSET_MS = 100 * 24 * 3_600_000;

const versionText = z.string().regex(/^\d+\.\d+$/);

export const writeAnswer = z.object({
  key: z.string(),
  /** PUT only. */
  value: z.unknown().optional(),
  /** DELETE only: whether the key had a value before. */
  existed: z.boolean().optional(),
  version: versionText,
  /** Distinct followers that hold the record, at the moment of the answer. */
  follower_acks: z.int(),
  required: z.int(),
  quorum_met: z.literal(true),
  node: z.string(),
});
export type WriteAnswer = z.infer<typeof writeAnswer>;

export const readAnswer = z.object({
  key: z.string(),
  value: z.unknown(),
  version: versionText,
  /** null: this node cannot know. */
  committed: z.boolean().nullable(),
  node: z.string(),
  /** Only with `read=local`: how far this node is behind, as far as it knows. */
  lag_records: z.int().nullable().optional(),
});
export type ReadAnswer = z.infer<typeof readAnswer>;

export const listAnswer = z.object({
  items: z.array(z.object({ key: z.string(), value: z.unknown(), version: versionText })),
  /** Give it as `after` for the next page; null on the last. */
  next: z.string().nullable(),
});
export type ListAnswer = z.infer<typeof listAnswer>;

export const healthAnswer = z.object({
  status: z.literal('ok'),
  role: z.enum(['leader', 'follower']),
  node_id: z.string(),
  epoch: z.int(),
});

export const linkState = z.enum(['probe', 'install', 'snapshot', 'catch-up', 'stream']);

export const replicaStatus = z.object({
  node: z.string(),
  url: z.string(),
  link: linkState,
  /** False from a failed request to the next answer. */
  is_up: z.boolean(),
  /** Since its last answer; null: none yet. A node that is cut off without a word looks up until a request to it times out. */
  silent_ms: z.number().nullable(),
  is_blank: z.boolean(),
  watermark: versionText,
  lag_records: z.int(),
  lag_ms: z.number(),
  in_flight: z.int(),
  queued: z.int(),
});
export type ReplicaStatus = z.infer<typeof replicaStatus>;

/** `GET /status` of one node. */
export const nodeStatus = z.object({
  node: z.string(),
  role: z.enum(['leader', 'follower']),
  /** leader: looking, fencing, installing, open, deposed; follower: following. */
  phase: z.enum(['looking', 'fencing', 'installing', 'open', 'deposed', 'following']),
  /** Why a leader is not open, and who is missing; null when it is. */
  waiting_for: z.string().nullable(),
  epoch: z.int(),
  lineage: z.string().nullable(),
  incarnation: z.string(),
  is_blank: z.boolean(),
  is_draining: z.boolean(),
  members: z.array(z.object({ id: z.string(), url: z.string() })),
  leader: z.string().nullable(),
  head: versionText,
  watermark: versionText,
  committed_through: versionText,
  write_quorum: z.int(),
  k_min: z.int().nullable(),
  /** The newest epoch that was opened by force, so that acknowledged writes may be lost; null: none was. */
  forced_epoch: z.int().nullable(),
  /** Writes that wait for their quorum with a client. */
  waiting_writes: z.int(),
  /** Rows of the store; those that remember a deleted key are among them. */
  keys: z.int(),
  store: z.enum(['sqlite', 'memory']),
  dialect: z.string(),
  data_dir: z.string().nullable(),
  pid: z.int(),
  uptime_ms: z.number(),
  /** Since start, for utilisation between two looks: busy and idle time of the event loop, CPU time of the process. */
  loop: z.object({ active_ms: z.number(), idle_ms: z.number(), cpu_user_ms: z.number(), cpu_system_ms: z.number(), rss_bytes: z.int() }),
  /** What the node's log would tell an operator: e.g. that it cannot change its leader for want of NODES. */
  notices: z.array(z.string()),
  replicas: z.array(replicaStatus),
});
export type NodeStatus = z.infer<typeof nodeStatus>;

export const replicaStatusAnswer = z.object({ node: z.string(), epoch: z.int(), head: versionText, replicas: z.array(replicaStatus) });

export const quorumAnswer = z.object({ write_quorum: z.int(), previous: z.int() });
export const quorumRequest = z.strictObject({ write_quorum: z.int(), force: z.boolean().optional() });

/** `POST /admin/promote`: this node is to lead. */
export const promoteRequest = z.strictObject({
  /** Look, tell what would be, and change nothing. */
  dry_run: z.boolean().optional(),
  /** Go on although acknowledged writes may be lost; never without a majority. */
  force: z.boolean().optional(),
  /** Of the new leadership; by default the one in force. */
  quorum: z.int().optional(),
  /** none: with this node's own data only, whatever the others hold; needs force. */
  gather: z.enum(['all', 'none']).optional(),
  /** How long to wait for the opening; what has begun goes on afterwards. */
  timeout_ms: z.int().min(1).max(600_000).optional(),
});
export type PromoteRequest = z.infer<typeof promoteRequest>;
export const promoteAnswer = z.object({
  node: z.string(),
  dry_run: z.boolean(),
  epoch: z.int(),
  responders: z.array(z.string()),
  missing: z.array(z.string()),
  /** Every acknowledged write that needed at least so many acks is there; 0: all are, because the old leader is among the responders. */
  lossless_for_quorum: z.int(),
  k_min: z.int().nullable(),
  forced: z.boolean(),
  /** Records that the others had and this node had not. */
  recovered: z.int(),
  write_quorum: z.int(),
});
export type PromoteAnswer = z.infer<typeof promoteAnswer>;

export const rolledBackItem = z.object({
  key: z.string(),
  /** Absent: it was a tombstone. */
  value: z.unknown().optional(),
  version: versionText,
  /** Of the leader's clock when it was accepted. */
  timestamp_ms: z.number(),
  /** What the lineage had instead; null: nothing. A newer one than `version` may be its successor. */
  instead: versionText.nullable(),
});
export type RolledBackItem = z.infer<typeof rolledBackItem>;
/** The first line of `GET /admin/rolled-back`; then a line per row that this node gave up when it joined a newer leader, oldest first. */
export const rolledBackHeader = z.object({ node: z.string() });

/** `GET /writes/:version?key=`: what became of a write. */
export const writeFateAnswer = z.object({
  version: versionText,
  status: z.enum(['pending', 'committed', 'superseded', 'rolled_back', 'unknown']),
  /** For people. */
  why: z.string(),
});

/** in: nothing comes in from the node, neither requests nor answers; out: nothing goes out to it. */
const oneWay = z.enum(['in', 'out']).nullable();
const linkSetting = z.object({
  delay: z.string(),
  loss: z.number(),
  /** Both ways. */
  is_partitioned: z.boolean(),
  /** One way only; null: not so. Defaults are for nodes of an older kvctl. */
  one_way: oneWay.default(null),
  /** Messages between the two that this node dropped since it started. */
  blocked: z.int().default(0),
});
/** `GET /admin/network`, and what POST answers after the change: the table of this node, by the other node's id. */
export const networkAnswer = z.object({
  seed: z.int(),
  /** Writes admitted since the seed was set: the index of the next draw. */
  writes_since_seed: z.int(),
  nodes: z.record(z.string(), linkSetting),
});
export type NetworkAnswer = z.infer<typeof networkAnswer>;
const linkChange = z
  .strictObject({
    delay: z.string().optional(),
    loss: z.number().min(0).max(1).optional(),
    /** Ends a one-way partition, too. */
    is_partitioned: z.boolean().optional(),
    one_way: oneWay.optional(),
  })
  .refine(({ is_partitioned, one_way }) => is_partitioned === undefined || one_way === undefined, {
    message: 'expected is_partitioned or one_way, got both',
  });
/** `POST /admin/network`: only what is named changes; `*` stands for every other node. Setting the seed starts its streams anew. */
export const networkRequest = z.strictObject({
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  nodes: z.record(z.string(), linkChange).optional(),
});
export type NetworkRequest = z.infer<typeof networkRequest>;

/** `GET /admin/faults`, and what POST answers after the change; only of a node that was started with FAULT_INJECTION=on. */
export const faultsAnswer = z.object({
  node: z.string(),
  clock_offset_ms: z.number(),
  /** What this node's `Date.now()` is, in ms of Unix time, the offset included. */
  wall_clock_ms: z.number(),
  /** Why its store failed; null: it did not. */
  storage_failure: z.string().nullable(),
});
export type FaultsAnswer = z.infer<typeof faultsAnswer>;
/** `POST /admin/faults`: only what is named changes. */
export const faultsRequest = z.strictObject({
  clock_offset_ms: z.int().min(-MAX_OFFSET_MS).max(MAX_OFFSET_MS).optional(),
  /** The next commit of records fails so; null: none. A store that failed stays so until the node is started again. */
  disk: z.enum(['fail-write', 'fail-fsync']).nullable().optional(),
});
export type FaultsRequest = z.infer<typeof faultsRequest>;

const perFollower = z.object({
  delay_ms: z.number(),
  /** null: not yet. All since admission, on the leader's monotonic clock. */
  sent_ms: z.number().nullable(),
  acked_ms: z.number().nullable(),
});
export const traceItem = z.object({
  version: versionText,
  need: z.int(),
  stored_ms: z.number().nullable(),
  followers: z.record(z.string(), perFollower),
});
export type TraceItem = z.infer<typeof traceItem>;
/** `GET /admin/trace?since=version&limit=`: oldest first; `next` is the `since` of the next page, null at the end. */
export const traceAnswer = z.object({ items: z.array(traceItem), next: versionText.nullable() });
export type TraceAnswer = z.infer<typeof traceAnswer>;

/** First line of `GET /dump`, and with `rows=0` the only one, which costs the node nothing; the other lines are dumpRow. */
export const dumpHeader = z.object({
  node: z.string(),
  lineage: z.string().nullable(),
  epoch: z.int(),
  head: versionText,
  watermark: versionText,
  purge_floor: versionText,
  /** Rows that follow, or would. */
  count: z.int(),
  /**
   * Of the live rows, kept up with every write: 32 hexadecimal digits, the sum modulo 2^128 of a hash per row, which is the first 128 bits
   * of sha-256 over key NUL value NUL version. Equal rows, equal digest. A node that does not keep one says something else.
   */
  digest: z.string(),
});
export type DumpHeader = z.infer<typeof dumpHeader>;
/** `value` is absent on a tombstone. */
export const dumpRow = z.object({ key: z.string(), value: z.unknown().optional(), version: versionText });
export type DumpRow = z.infer<typeof dumpRow>;

export const errorBody = z.object({
  error: z.string(),
  message: z.string(),
  definite: z.boolean(),
  detail: z.record(z.string(), z.unknown()),
});
