/** One node of a simulated cluster, and what those who watch may see of all of them. */
import type { NodeId } from '../core/peer.ts';
import type { Replica } from '../core/replica.ts';
import type { Ms } from '../lib/units.ts';
import type { Disk } from './disk.ts';
import type { World } from './world.ts';

export interface SimNode {
  readonly id: NodeId;
  readonly index: number;
  readonly disk: Disk;
  /** Of a node that is down: the last one. */
  replica: Replica;
  /** Counts starts. */
  life: number;
  isRunning: boolean;
  /** Its monotonic clock begins here. */
  startedAt: Ms;
  frozenUntil: Ms;
  wakeAt: Ms;
  isTurnDue: boolean;
}

export interface ClusterView {
  readonly now: Ms;
  readonly world: World;
  readonly nodes: readonly SimNode[];
  /** Leads the highest epoch, or tries to; null: nobody does. */
  readonly leader: SimNode | null;
  node(id: NodeId): SimNode;
}
