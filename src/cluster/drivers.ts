/** Which driver a cluster's nodes are run by. */
import { composeDriver } from './compose/driver.ts';
import type { Driver } from './driver.ts';
import { localDriver } from './local-driver.ts';
import type { Target } from './spec.ts';
import type { ClusterState, ObservedNode } from './state.ts';

export function driverOf({ target }: { readonly target: Target }): Driver {
  return target === 'compose' ? composeDriver : localDriver;
}

/** What runs of a cluster, whatever its target. */
export function look(state: ClusterState): Promise<ObservedNode[]> {
  return driverOf(state).observe(state);
}
