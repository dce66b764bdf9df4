/** The cluster that a scenario asks for. */
import { type ClusterSpec, type ClusterWish, parseSpec } from '../cluster/spec.ts';
import { KvctlError } from '../wire/errors.ts';
import { Misplanned } from './misplanned.ts';
import type { Scenario } from './schema.ts';
import type { Path } from './source.ts';

export interface SpecOptions {
  /** Name of the cluster that is made for the run. */
  readonly clusterName: string;
  /** Instead of the file's. */
  readonly target: 'local' | 'compose' | null;
  readonly seed: number | null;
}

/** Throws Misplanned. */
export function specOf(scenario: Scenario, { clusterName, target, seed }: SpecOptions): ClusterSpec {
  const { followers, quorum, store, network, settings = {} } = scenario.cluster;
  const wish: ClusterWish = {
    name: clusterName,
    followers,
    quorum,
    store,
    delay: network?.delay === undefined ? undefined : `${network.delay}`,
    seed: seed ?? scenario.seed,
    target: target ?? scenario.target,
    settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, `${value}`])),
  };
  try {
    return parseSpec(wish);
  } catch (error) {
    if (!(error instanceof KvctlError)) throw error;
    const [, option = '', message = error.message] = /^(--[a-z]+): (.*)$/s.exec(error.message) ?? [];
    throw new Misplanned(PLACES[option] ?? ['cluster'], message);
  }
}

/** What the wish of a cluster calls by its option, a file calls by its place. */
const PLACES: Readonly<Record<string, Path>> = {
  '--followers': ['cluster', 'followers'],
  '--quorum': ['cluster', 'quorum'],
  '--store': ['cluster', 'store'],
  '--delay': ['cluster', 'network', 'delay'],
  '--set': ['cluster', 'settings'],
  '--target': ['target'],
  '--seed': ['seed'],
};
