/** SPEC 7's error table once more, written down from the page and not from the code: what the registry and the nodes are held against. */
import type { ApiErrorCode, InternalErrorCode } from '../../src/wire/errors.ts';

export const SPEC_ERRORS: Readonly<Record<ApiErrorCode, readonly [status: number, definite: boolean]>> = {
  bad_request: [400, true],
  unauthorized: [401, true],
  not_leader: [403, true],
  not_found: [404, true],
  key_not_found: [404, true],
  method_not_allowed: [405, true],
  request_timeout: [408, true],
  not_lossless: [409, true],
  rolled_back: [409, true],
  idempotency_in_flight: [409, false],
  too_large: [413, true],
  unsupported_media_type: [415, true],
  invalid_quorum: [422, true],
  idempotency_mismatch: [422, true],
  overloaded: [429, true],
  headers_too_large: [431, true],
  draining: [503, true],
  not_open: [503, true],
  not_caught_up: [503, true],
  storage_failed: [503, true],
  quorum_not_met: [503, false],
  deposed: [503, false],
  internal: [500, false],
};

/** What only nodes say to each other; their status is ours to choose, but no client may take one for "certainly not". */
export const SPEC_INTERNAL_ERRORS: readonly InternalErrorCode[] = [
  'stale_epoch',
  'wrong_lineage',
  'wrong_incarnation',
  'not_in_epoch',
  'need_snapshot',
];
