/**
 * How fast to look and how long to wait, out of a few writes that were watched first. Pure.
 *
 * Looking faster than the servers can answer would slow down what is looked at; slower than a twenty-fifth of the delays would blur it.
 */
import type { Ms } from '../lib/units.ts';

/** What the first few requests showed. */
export interface Probe {
  readonly followers: number;
  /** A read of a value, on its own: the usual, and the slow one in ten. */
  readonly readMs: Ms;
  readonly slowReadMs: Ms;
  /** The latest arrival or answer of the probe's writes. */
  readonly longestMs: Ms;
  /** Writes at the same time were answered one after the other. */
  readonly isSerial: boolean;
}

export interface Pace {
  /** Between two reads of one follower by one watched write. */
  readonly pollMs: Ms;
  /** How long a follower is watched after the answer. */
  readonly watchMs: Ms;
  /** Writes watched at the same time. */
  readonly lanes: number;
  /** What an ack may take to become an answer, or an answer a read. */
  readonly marginMs: Ms;
  /** What the server and the way to it may add to a delay. */
  readonly overheadMs: Ms;
  /** For replication that is under way to come to its end. */
  readonly settleMs: Ms;
  readonly longestMs: Ms;
  readonly readMs: Ms;
  /** The leader takes one write after the other. */
  readonly isSerial: boolean;
}

const LEAST_POLL_MS = 1;
const POLLS_PER_DELAY = 25;
/** Delays of this size are watched one at a time; twice as long ones two at a time, and so on. */
const ONE_LANE_MS = 80;
const MOST_LANES = 8;
const LEAST_MARGIN_MS = 5;

/** `null`: nothing is known, so that every wait is long. */
export function choosePace(probe: Probe | null): Pace {
  if (probe === null) {
    return {
      pollMs: 5,
      watchMs: 2_000,
      lanes: 1,
      marginMs: 10,
      overheadMs: 20,
      settleMs: 5_000,
      longestMs: 1_000,
      readMs: 2,
      isSerial: true,
    };
  }
  const { followers, readMs, slowReadMs, longestMs, isSerial } = probe;
  const lanes = isSerial ? 1 : Math.min(MOST_LANES, Math.max(1, Math.floor(longestMs / ONE_LANE_MS)));
  // One read of every follower in that time: about one processor's worth of work for the servers.
  const affordableMs = lanes * followers * readMs;
  // By the usual read, not by the slow one: what is slow now and then is what the judges expect now and then.
  const marginMs = Math.max(LEAST_MARGIN_MS, 4 * readMs);
  return {
    pollMs: Math.max(LEAST_POLL_MS, longestMs / POLLS_PER_DELAY, affordableMs),
    watchMs: 1.5 * longestMs + 100,
    lanes,
    marginMs,
    overheadMs: Math.max(10, 0.1 * longestMs, 2 * marginMs, 3 * slowReadMs),
    settleMs: 5_000 + 5 * longestMs,
    longestMs,
    readMs,
    isSerial,
  };
}

/** Checks that take their time besides the timed writes, in seconds: what they wait for does not depend on the delays. */
const FIXED_MS: Readonly<Record<string, Ms>> = {
  'concurrent-requests': 4_000,
  'odd-keys': 1_000,
  'odd-bodies': 1_000,
  'quorum-enforced': 12_000,
  restart: 8_000,
};
/** They need the timed writes, of which there is one set. */
const TIMED = [
  'at-quorum',
  'quorum-switch',
  'running-writes',
  'concurrent-replication',
  'own-delay',
  'delay-range',
  'after-quorum',
  'late-writes',
  'deletes',
];
const TIMED_WRITES_PER_FOLLOWER = 27;

/** About how long these checks take, for people: a server that is all right, on a machine that is not busy. */
export function expectedMs(
  { longestMs, lanes }: Pace,
  { followers, ids }: { readonly followers: number; readonly ids: readonly string[] },
): Ms {
  const timedMs = ids.some((id) => TIMED.includes(id))
    ? (TIMED_WRITES_PER_FOLLOWER * Math.min(followers, 5) * (longestMs + 10)) / lanes
    : 0;
  const others = ids.reduce((sum, id) => sum + (FIXED_MS[id] ?? 0) + 4 * longestMs + 200, 0);
  return 1_000 + timedMs + others;
}
