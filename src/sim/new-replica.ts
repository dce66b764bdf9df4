/** A node as it starts, on what its disk holds: the core, set up as the world says. */

import type { LinkSetting } from '../core/network.ts';
import type { NodeId } from '../core/peer.ts';
import type { Member } from '../core/record.ts';
import { Replica } from '../core/replica.ts';
import type { Disk } from './disk.ts';
import type { World } from './world.ts';

/** @param life counts the node's starts */
export function newReplica(world: World, members: readonly Member[], nodeId: NodeId, life: number, disk: Disk): Replica {
  const network = new Map<NodeId, LinkSetting>();
  for (const [index, { id }] of members.entries()) network.set(id, { delay: world.delays[index]!, loss: 0, isPartitioned: false });
  const config = {
    nodeId,
    incarnation: disk.incarnation,
    members,
    isBornLeader: nodeId === 'n1',
    newLineage: `lineage-${nodeId}-${life}`,
    quorum: world.quorum,
    seed: world.seed,
    network,
    jitterSeed: world.seed + life,
    limits: world.limits,
  };
  return new Replica(config, { hard: disk.hard, position: disk.store.position(), head: disk.store.head() });
}
