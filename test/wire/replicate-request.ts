import type { ReplicateRequest } from '../../src/core/peer.ts';

/** An empty one of n1, but for what is named. */
export function replicateRequest(more: Partial<ReplicateRequest> = {}): ReplicateRequest {
  const zero = { epoch: 0, seq: 0 };
  const ids = { from: 'n1', lineage: 'l', epoch: 1, incarnation: 'i', start: 1, members: [], order: 1 };
  const versions = { head: zero, committedThrough: zero, purgeFloor: zero };
  return { t: 'replicate', ...ids, ...versions, quorum: 1, kMin: 1, records: [], page: null, snapshot: null, history: null, ...more };
}
