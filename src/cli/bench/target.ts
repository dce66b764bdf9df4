/**
 * Which cluster a benchmark runs on: the one of this name if it runs, else one of its own. Options that describe a cluster
 * must fit the one that runs, because a figure of another cluster than the one that was asked for is worse than none.
 */
import { isRunning } from '../../cluster/ground.ts';
import { clusterPaths } from '../../cluster/home.ts';
import { type Cluster, storeOf } from '../../cluster/remote.ts';
import { parseSpec } from '../../cluster/spec.ts';
import { readState } from '../../cluster/state.ts';
import type { Target } from '../../experiment/plan.ts';
import { type OpenOptions, openOwn, openRunning, type Venue, viewRunning } from '../../experiment/venue.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { clusterOf } from '../target.ts';

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
export async function chooseTarget(context: Context, options: ClusterOptions): Promise<ChosenTarget> {
  const cluster = await standing(context);
  if (cluster !== null) {
    requireFit(cluster, options);
    const view = await viewRunning(cluster);
    return {
      target: { kind: 'running', view },
      seed: options.seed ?? view.seed,
      delay: options.delay ?? null,
      open: () => openRunning(cluster),
    };
  }
  // The pid keeps two benchmarks apart; the name shows in `kvctl ls` whose it is.
  const spec = parseSpec({ ...options, name: `bench-${process.pid}` });
  return { target: { kind: 'own', spec }, seed: spec.seed, delay: null, open: (how) => openOwn(spec, how) };
}

/** The one of that name if it runs, the one elsewhere in any case; null: there is none, so one is to be made. */
async function standing(context: Context): Promise<Cluster | null> {
  if (context.remote !== null) return clusterOf(context);
  const state = readState(clusterPaths(context.clusterName));
  return state !== null && (await isRunning(state)) ? state : null;
}

function requireFit(cluster: Cluster, { followers, store, port, target: wanted }: ClusterOptions): void {
  const { name, target, nodes } = cluster;
  const own = { followers: nodes.length - 1, store: storeOf(cluster), port: target === 'remote' ? null : nodes[0]?.port };
  const found = [
    ...(wanted === undefined || wanted === target ? [] : [`its target is ${target}, asked for ${wanted}`]),
    ...(followers === undefined || followers === own.followers ? [] : [`it has ${own.followers} followers, asked for ${followers}`]),
    ...(store === undefined || store === own.store ? [] : [`its store is ${own.store}, asked for ${store}`]),
    ...(port === undefined || port === own.port ? [] : [`its first port is ${own.port ?? 'its own matter'}, asked for ${port}`]),
  ];
  if (found.length === 0) return;
  const leave = 'leave these options out to measure it as it is';
  const advice =
    target === 'remote'
      ? `${leave}, or leave --leader out to get one made for the run`
      : `${leave}, stop it with \`kvctl down\`, or give another name with -n to get one made for the run`;
  throw new KvctlError('cluster_differs', `cluster "${name}" runs, and ${found.join('; ')}: ${advice}`, { name, differences: found });
}
