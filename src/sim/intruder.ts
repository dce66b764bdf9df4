/** A stranger on the network: the leader of a cluster of another lineage, which was given our addresses by mistake. */
import type { ReplicateRequest } from '../core/peer.ts';
import type { SimNode } from './sim-node.ts';

/** What it would say to the node: a probe, or a record. */
export function intruderTo(node: SimNode, x: number): ReplicateRequest {
  const version = { epoch: 1, seq: 1 };
  const isProbe = x < 0.5;
  return {
    t: 'replicate',
    from: 'n1',
    lineage: 'another',
    epoch: 1 + Math.floor(x * 9),
    incarnation: isProbe ? null : node.disk.incarnation,
    start: null,
    members: [
      { id: 'n1', url: 'http://n1' },
      { id: node.id, url: `http://${node.id}` },
    ],
    order: 1,
    head: version,
    committedThrough: version,
    quorum: 0,
    kMin: 0,
    purgeFloor: { epoch: 0, seq: 0 },
    records: isProbe ? [] : [{ key: 'k0', value: '"another"', version, need: 0, timestampMs: 0 }],
    page: null,
    snapshot: null,
    history: null,
  };
}
