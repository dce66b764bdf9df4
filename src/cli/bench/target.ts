/**
 * Which cluster a benchmark runs on: the one of this name if it runs, else one of its own. Options that describe a cluster
 * must fit the one that runs, because a figure of another cluster than the one that was asked for is worse than none.
 */
import { isRunning } from '../../cluster/ground.ts';
import { clusterPaths } from '../../cluster/home.ts';
import { parseSpec } from '../../cluster/spec.ts';
import { type ClusterState, readState } from '../../cluster/state.ts';
import type { Target } from '../../experiment/plan.ts';
import { type OpenOptions, openOwn, openRunning, type Venue, viewRunning } from '../../experiment/venue.ts';
import { KvctlError } from '../../wire/errors.ts';

export interface ClusterOptions {
  readonly followers?: number;
  readonly delay?: string;
  readonly store?: string;
  readonly port?: number;
  readonly seed?: number;
  readonly target?: string;
}

export interface ChosenTarget {
  readonly target: Target;
  /** Seed of keys, operations and delays. */
  readonly seed: number;
  /** To set on a running cluster for the time of the run. */
  readonly delay: string | null;
  readonly open: (options: OpenOptions) => Promise<Venue>;
}

/** Throws `usage`, `cluster_differs`, `not_ready`; starts and changes nothing. */
export async function chooseTarget(name: string, options: ClusterOptions): Promise<ChosenTarget> {
  const state = readState(clusterPaths(name));
  if (state !== null && (await isRunning(state))) {
    requireFit(state, options);
    const view = await viewRunning(state);
    return {
      target: { kind: 'running', view },
      seed: options.seed ?? view.seed,
      delay: options.delay ?? null,
      open: () => openRunning(state),
    };
  }
  // The pid keeps two benchmarks apart; the name shows in `kvctl ls` whose it is.
  const spec = parseSpec({ ...options, name: `bench-${process.pid}` });
  return { target: { kind: 'own', spec }, seed: spec.seed, delay: null, open: (how) => openOwn(spec, how) };
}

function requireFit({ name, spec, nodes }: ClusterState, { followers, store, port, target }: ClusterOptions): void {
  const found = [
    ...(target === undefined || target === spec.target ? [] : [`its target is ${spec.target}, asked for ${target}`]),
    ...(followers === undefined || followers === spec.followers ? [] : [`it has ${spec.followers} followers, asked for ${followers}`]),
    ...(store === undefined || store === spec.store ? [] : [`its store is ${spec.store}, asked for ${store}`]),
    ...(port === undefined || port === nodes[0]?.port ? [] : [`its first port is ${nodes[0]?.port}, asked for ${port}`]),
  ];
  if (found.length === 0) return;
  const advice =
    'leave these options out to measure it as it is, stop it with `kvctl down`, or give another name with -n to get one made for the run';
  throw new KvctlError('cluster_differs', `cluster "${name}" runs, and ${found.join('; ')}: ${advice}`, { name, differences: found });
}
