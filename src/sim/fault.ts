/**
 * Faults as data: the n-th fault of a seed is always the same, whichever others are left out, so that a failing run can be shrunk to the few that matter.
 * What a kind does to a cluster is in faults.ts.
 */
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';

export const FAULT_KINDS = [
  'crash',
  'stop',
  'wipe',
  'freeze',
  'cut-one-way',
  'cut-off',
  'ring',
  'clog',
  'lossy',
  'copies',
  'slow-network',
  'slow-disk',
  'full-disk',
  'drops',
  'partition',
  'quorum',
  'intruder',
  'replay',
  'burst',
  'promote',
  'promote-two',
  'takeover',
  'crash-point',
] as const;

/** As often as so many others: what a change of leader leaves behind needs one in the middle of many writes. */
const TAKEOVER_WEIGHT = 3;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  /** Counts from 1 within the seed. */
  readonly number: number;
  readonly kind: FaultKind;
  readonly at: Ms;
  readonly forMs: Ms;
  /** Indices of two different nodes; the same if there is only one. */
  readonly a: number;
  readonly b: number;
  /** Uniform in [0, 1), for whatever else the kind has to choose. */
  readonly x: number;
}

interface Frame {
  readonly seed: number;
  readonly followers: number;
  readonly faultKinds: readonly FaultKind[];
  readonly faultGapMs: Ms;
}

/** The fault after the one at `since`; null if this seed has none at all. */
export function drawFault({ seed, followers, faultKinds, faultGapMs }: Frame, number: number, since: Ms): Fault | null {
  if (faultKinds.length === 0) return null;
  const prng = new Prng(seed).fork(`fault:${number}`);
  const weighted = faultKinds.includes('takeover') ? faultKinds.length + TAKEOVER_WEIGHT - 1 : faultKinds.length;
  const kind = faultKinds[prng.int(weighted)] ?? 'takeover';
  const at = since - faultGapMs * Math.log(1 - prng.next());
  // Mostly about as long as it is to the next one; sometimes so long that many fall into it.
  const forMs = faultGapMs * (prng.int(5) === 0 ? 10 : 1.5) * (0.1 + prng.next());
  const a = prng.int(followers + 1);
  const b = (a + 1 + prng.int(Math.max(1, followers))) % (followers + 1);
  return { number, kind, at, forMs, a, b, x: prng.next() };
}

export function describeFault({ number, kind, forMs, a, b }: Fault): string {
  const [first, second, ms] = [`n${a + 1}`, `n${b + 1}`, `${Math.round(forMs)} ms`];
  const texts: Record<FaultKind, string> = {
    crash: `${first} crashes, for ${ms}`,
    stop: `${first} is told to shut down, drains for ${ms} and starts again`,
    wipe: `${first} crashes and loses its disk, for ${ms}`,
    freeze: `${first} is frozen for ${ms}`,
    'cut-one-way': `nothing gets from ${first} to ${second} for ${ms}`,
    'cut-off': `${first} is cut off from everybody for ${ms}`,
    ring: `each node reaches only its two neighbours for ${ms}`,
    clog: `what ${first} sends to ${second} waits for ${ms}`,
    lossy: `messages get lost for ${ms}`,
    copies: `messages come twice for ${ms}`,
    'slow-network': `the network is slow for ${ms}`,
    'slow-disk': `the disk of ${first} is slow for ${ms}`,
    'full-disk': `the disk of ${first} is full for ${ms}`,
    drops: `the product's own loss: half of what the leader sends to ${second}, for ${ms}`,
    partition: `the product's own partition: ${first} and ${second}, for ${ms}`,
    quorum: 'the quorum is changed',
    intruder: `a leader of another lineage writes to ${first}`,
    replay: 'old requests come again',
    burst: 'many writes at once',
    promote: `an operator promotes ${first}`,
    'promote-two': `two operators promote ${first} and ${second}`,
    takeover: `the leader crashes or is cut off for ${ms}, and an operator promotes ${first}, or else ${second}`,
    'crash-point': `whoever comes next to a certain step of a change of leader crashes there, for ${ms}`,
  };
  return `fault ${number}: ${texts[kind]}`;
}
