/**
 * Whose environment a node was given: kvctl's own, or one of the five labs'.
 *
 * Two labs have the same variables as kvctl, whose own API is lab 2's. In doubt they are kvctl's: it takes more than the shared ones to be a lab's,
 * and one that only kvctl has makes them all kvctl's. Whoever is taken for a lab by mistake reads so in the log, and sets DIALECT=native.
 * Invariant: with NODES, which every cluster of kvctl's own has, the variables are kvctl's.
 */
import { DIALECTS, LAB_ENVIRONMENTS } from './all.ts';
import type { LabEnvironment } from './lab-environment.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Recognised {
  /** `native`, or the name of a dialect. */
  readonly dialect: string;
  /** Whose variables these are; null: kvctl's own. */
  readonly lab: LabEnvironment | null;
  /** The variables that told so, for people. */
  readonly by: string;
}

/** What kvctl itself reads of the variables that not everybody has. */
const NATIVE_READS = ['ROLE', 'NODES', 'FOLLOWER_URLS', 'MIN_DELAY_MS', 'MAX_DELAY_MS'];

/** Of the variables that no lab has. Not among them are those that our image sets, or that somebody may add to a lab's: HOST, DATA_DIR, PUBLIC_URL, LOG_LEVEL. */
const NATIVE_ONLY = [
  'CLUSTER_TOKEN',
  'DELAY',
  'SEED',
  'STORE',
  'QUORUM_TIMEOUT_MS',
  'FAIL_EARLY_MS',
  'RETRANSMIT_MS',
  'BATCH_MAX',
  'WINDOW',
  'MAX_VALUE_BYTES',
  'TOMBSTONE_KEEP',
];

/**
 * The first that holds:
 *
 * | given | taken for |
 * |---|---|
 * | DIALECT | that one; with NODES the variables are kvctl's own, and only the calls are the lab's |
 * | NODES | kvctl's |
 * | IS_LEADER | lab-1 |
 * | NODE_TYPE | lab-3 |
 * | one of NATIVE_ONLY | kvctl's |
 * | ROLE, NODE_ID, and REQUEST_TIMEOUT or a HOST that is not loopback | lab-2 |
 * | ROLE=follower; no NODE_ID, no REQUEST_TIMEOUT | lab-4 |
 * | ROLE=leader, FOLLOWER_URLS, and WRITE_QUORUM or a delay; no NODE_ID, no REQUEST_TIMEOUT | lab-4 |
 * | no role, FOLLOWER_URLS | lab-5, its leader |
 * | no role, PORT; no NODE_ID | lab-5, a follower |
 * | anything else | kvctl's |
 */
export function recognise(given: Environment): Recognised {
  const has = (name: string) => isGiven(given, name);
  const asked = given['DIALECT'];
  if (asked) return { ...taken(asked, 'DIALECT'), ...(has('NODES') ? { lab: null } : {}) };
  if (has('NODES')) return taken('native', 'NODES');
  if (has('IS_LEADER')) return taken('lab-1', 'IS_LEADER');
  if (has('NODE_TYPE')) return taken('lab-3', 'NODE_TYPE');
  const nativeOnly = NATIVE_ONLY.find(has);
  if (nativeOnly !== undefined) return taken('native', nativeOnly);
  return has('ROLE') ? recogniseByRole(given, has) : recogniseWithoutRole(has);
}

function recogniseByRole(given: Environment, has: (name: string) => boolean): Recognised {
  if (has('NODE_ID')) {
    const isLocal = /^(127\.|localhost$|::1$)/.test(given['HOST'] ?? '');
    const more = has('REQUEST_TIMEOUT') ? 'REQUEST_TIMEOUT' : has('HOST') && !isLocal ? 'HOST' : undefined;
    return more === undefined ? taken('native', 'ROLE and NODE_ID') : taken('lab-2', `ROLE, NODE_ID and ${more}`);
  }
  if (has('REQUEST_TIMEOUT')) return taken('native', 'ROLE');
  if (given['ROLE'] === 'follower') return taken('lab-4', 'ROLE without NODE_ID');
  const more = ['WRITE_QUORUM', 'MIN_DELAY_MS', 'MAX_DELAY_MS'].find(has);
  const isLab4 = given['ROLE'] === 'leader' && has('FOLLOWER_URLS') && more !== undefined;
  return isLab4 ? taken('lab-4', `ROLE, FOLLOWER_URLS and ${more} without NODE_ID`) : taken('native', 'ROLE');
}

function recogniseWithoutRole(has: (name: string) => boolean): Recognised {
  if (has('FOLLOWER_URLS')) return taken('lab-5', 'FOLLOWER_URLS without a role');
  return has('PORT') && !has('NODE_ID') ? taken('lab-5', 'PORT without a role') : taken('native', 'nothing');
}

function taken(dialect: string, by: string): Recognised {
  return { dialect, lab: LAB_ENVIRONMENTS.find((each) => each.name === dialect) ?? null, by };
}

/** A line each: an unknown dialect, and variables of somebody else's environment, which this one would not read: asked for in vain. */
export function contradictions(given: Environment, { lab, dialect, by }: Recognised): string[] {
  const names = ['native', ...DIALECTS.keys()];
  if (!names.includes(dialect)) return [`DIALECT: expected one of ${names.join(', ')}, got ${JSON.stringify(dialect)}`];
  const own = lab === null ? NATIVE_READS : readsOf(lab);
  const all = new Set([...NATIVE_READS, ...LAB_ENVIRONMENTS.flatMap(readsOf)]);
  const strangers = [...all].filter((name) => isGiven(given, name) && !own.includes(name));
  const whose = lab === null ? 'kvctl' : lab.name;
  return strangers.map((name) => {
    const owners = [
      ...(NATIVE_READS.includes(name) ? ['kvctl'] : []),
      ...LAB_ENVIRONMENTS.filter((each) => readsOf(each).includes(name)).map((each) => each.name),
    ];
    return `${name}: expected ${own.join(', ')} alone, the variables of ${whose}, as which this is recognised by ${by}; got one of ${owners.join(', ')}`;
  });
}

function readsOf({ role, followers, delay }: LabEnvironment): string[] {
  return [...(role === null ? [] : [role]), ...Object.keys(followers), ...(delay === null ? [] : [delay.min, delay.max])];
}

/** A variable that is set to nothing counts as not set. */
export function isGiven(given: Environment, name: string): boolean {
  return Boolean(given[name]);
}
