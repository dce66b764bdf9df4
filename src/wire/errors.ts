/**
 * The one registry of errors. Responses, clients, tests and the README's table are made from it.
 *
 * `definite` speaks of the client's write only: after a definite error it certainly did not and will not happen.
 * When in doubt an error is indefinite (Maelstrom's protocol, doc/protocol.md: "indefinite is always safe").
 */

interface ErrorKind {
  readonly status: number;
  readonly definite: boolean;
  /** For the README's table: when it is answered. */
  readonly when: string;
}

/** What a client of a node can be answered. */
export const API_ERRORS = {
  bad_request: { status: 400, definite: true, when: 'the path, query or body is not what the call expects' },
  unauthorized: { status: 401, definite: true, when: 'an internal or admin call without the cluster token' },
  not_leader: { status: 403, definite: true, when: 'a write, or a committed read, on a follower; names the leader' },
  not_found: { status: 404, definite: true, when: 'no such path' },
  key_not_found: { status: 404, definite: true, when: 'the key has no value' },
  method_not_allowed: { status: 405, definite: true, when: 'the path exists, the method does not' },
  request_timeout: { status: 408, definite: true, when: 'the request did not arrive whole in time' },
  not_lossless: { status: 409, definite: true, when: 'a change of leader that could lose acknowledged writes' },
  rolled_back: { status: 409, definite: true, when: 'a token of a write that was rolled back' },
  idempotency_in_flight: {
    status: 409,
    definite: false,
    when: 'the first write with this `Idempotency-Key` still waits for its quorum; ask again',
  },
  too_large: { status: 413, definite: true, when: 'the body or the value is over its limit' },
  unsupported_media_type: { status: 415, definite: true, when: 'the body is not application/json' },
  invalid_quorum: { status: 422, definite: true, when: 'the quorum is no integer from 0 to the number of followers' },
  idempotency_mismatch: {
    status: 422,
    definite: true,
    when: 'the `Idempotency-Key` belongs to another write: other method, key, value or quorum',
  },
  overloaded: { status: 429, definite: true, when: 'too many writes wait already; none was admitted' },
  headers_too_large: { status: 431, definite: true, when: 'the request headers are over their limit' },
  draining: { status: 503, definite: true, when: 'the node is shutting down' },
  not_open: { status: 503, definite: true, when: 'the leader has not opened its epoch; names who is missing' },
  not_caught_up: { status: 503, definite: true, when: 'this replica does not hold what the read asks for yet' },
  storage_failed: { status: 503, definite: true, when: 'the local store failed before a version was taken' },
  quorum_not_met: { status: 503, definite: false, when: 'too few followers acked in time; the record stays and may commit later' },
  deposed: { status: 503, definite: false, when: 'a newer epoch or a failing store ended this leadership while the write waited' },
  internal: { status: 500, definite: false, when: 'a bug in kvctl; please report it' },
} as const satisfies Record<string, ErrorKind>;

/** What only nodes say to each other. */
export const INTERNAL_ERRORS = {
  stale_epoch: { status: 409, definite: false, when: 'the receiver promised a higher epoch' },
  wrong_lineage: { status: 409, definite: false, when: 'the receiver belongs to another cluster' },
  wrong_incarnation: { status: 409, definite: false, when: 'the receiver is not the data directory that was addressed' },
  not_in_epoch: { status: 409, definite: false, when: 'the receiver has not reached the epoch' },
  need_snapshot: { status: 409, definite: false, when: 'the receiver was away for longer than tombstones are kept' },
} as const satisfies Record<string, ErrorKind>;

/** What the command line itself can fail with, and its exit code. */
export const CLI_ERRORS = {
  usage: { exitCode: 2 },
  no_cluster: { exitCode: 1 },
  cluster_differs: { exitCode: 1 },
  port_taken: { exitCode: 1 },
  node_failed: { exitCode: 1 },
  unreachable: { exitCode: 1 },
  io: { exitCode: 1 },
  no_engine: { exitCode: 1 },
  not_ready: { exitCode: 4 },
  violation: { exitCode: 3 },
  inconclusive: { exitCode: 5 },
  invalid_scenario: { exitCode: 104 },
  interrupted: { exitCode: 105 },
} as const;

/**
 * With which a node ends whose port somebody else has: whoever chose the port may choose another one. Linux' EADDRINUSE, because
 * sysexits.h has no such code.
 */
export const NODE_EXIT_PORT_TAKEN = 98;

export type ApiErrorCode = keyof typeof API_ERRORS;
export type InternalErrorCode = keyof typeof INTERNAL_ERRORS;
export type CliErrorCode = keyof typeof CLI_ERRORS;
export type ErrorCode = ApiErrorCode | InternalErrorCode | CliErrorCode;

/** The body of every error response. */
export interface ErrorBody {
  readonly error: ApiErrorCode | InternalErrorCode;
  readonly message: string;
  readonly definite: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An operating error at an edge: `message` says what was expected, what was got and what to do next. */
export class KvctlError extends Error {
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, detail: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'KvctlError';
    this.code = code;
    this.detail = detail;
  }

  /** True only if the registry says that the write certainly did not and will not happen. */
  get definite(): boolean {
    return kindOf(this.code)?.definite ?? false;
  }

  get status(): number {
    return kindOf(this.code)?.status ?? 500;
  }

  get exitCode(): number {
    return this.code in CLI_ERRORS ? CLI_ERRORS[this.code as CliErrorCode].exitCode : 1;
  }

  toBody(): ErrorBody {
    return { error: this.code as ApiErrorCode, message: this.message, definite: this.definite, detail: this.detail };
  }
}

function kindOf(code: ErrorCode): ErrorKind | undefined {
  if (code in API_ERRORS) return API_ERRORS[code as ApiErrorCode];
  if (code in INTERNAL_ERRORS) return INTERNAL_ERRORS[code as InternalErrorCode];
  return undefined;
}
