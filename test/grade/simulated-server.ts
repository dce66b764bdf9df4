/**
 * A leader, its followers and the observer who reads them, on paper: timed writes as the grader would measure them, thousands in a
 * second. One mistake can be switched on; processes stall as they do on a busy machine.
 */
import type { Arrival, TimedWrite } from '../../src/grade/judge/timed-write.ts';
import { type Distribution, sampleOf } from '../../src/lib/distribution.ts';
import type { Prng } from '../../src/lib/prng.ts';

export type Mistake =
  | 'none'
  | 'waits for all'
  | 'waits for one more'
  | 'counts itself'
  | 'one by one'
  | 'one by one, early return'
  | 'shared delay'
  | 'cancelled at the quorum'
  | 'delays the ack'
  | 'acks before the delay'
  | 'ignores the switch';

export interface Machine {
  /** Between two reads of a follower. */
  readonly pollMs: number;
  /** Mean of what every message takes; exponential. */
  readonly messageMs: number;
  /** Share of the time in which a process is kept from running, and how long that takes on average. */
  readonly stallShare: number;
  readonly stallMs: number;
}

export const QUIET: Machine = { pollMs: 4, messageMs: 0.4, stallShare: 0, stallMs: 1 };
export const BUSY: Machine = { pollMs: 5, messageMs: 1.5, stallShare: 0.15, stallMs: 15 };
/** An interpreter that answers slowly, whose reads cost it as much as its writes. */
export const SLOW: Machine = { pollMs: 8, messageMs: 3, stallShare: 0.1, stallMs: 8 };

export interface SimulatedServer {
  readonly mistake: Mistake;
  readonly followers: number;
  readonly delay: Distribution;
  readonly machine: Machine;
}

/** Where a stopped switch left it. */
const STUCK_QUORUM = 2;
const WATCHED_DELAYS = 4;

export function timedWrite(server: SimulatedServer, quorum: number, prng: Prng): TimedWrite {
  const { mistake, followers, delay, machine } = server;
  const draws = Array.from({ length: followers }, () => sampleOf(delay, prng.next()));
  const longest = Math.max(...draws, sampleOf(delay, 0.999));
  const endMs = WATCHED_DELAYS * longest * (mistake.startsWith('one by one') ? followers : 1) + 100;
  const process = () => new Stalls(machine, endMs, prng);
  const [leader, observer] = [process(), process()];
  const each = draws.map(process);
  const message = () => -machine.messageMs * Math.log(1 - prng.next());
  const admitted = leader.wait(message());

  const arrivals: number[] = [];
  const acks: number[] = [];
  let free = admitted;
  for (const [index, stalls] of each.entries()) {
    const own = mistake === 'shared delay' ? (draws[0] as number) : (draws[index] as number);
    const begins = mistake.startsWith('one by one') ? free : admitted;
    const sent = leader.wait(mistake === 'delays the ack' || mistake === 'acks before the delay' ? begins : begins + own);
    const got = stalls.wait(sent + message());
    arrivals.push(mistake === 'acks before the delay' ? stalls.wait(got + own) : got);
    const acked = stalls.wait(mistake === 'delays the ack' ? got + own : got);
    free = leader.wait(acked + message());
    acks.push(free);
  }
  const inOrder = [...acks].sort((a, b) => a - b);
  const need = mistake === 'ignores the switch' ? Math.min(STUCK_QUORUM, followers) : quorum;
  const counted = {
    'waits for all': followers,
    'one by one': followers,
    'waits for one more': Math.min(followers, need + 1),
    'counts itself': need - 1,
  }[mistake as string];
  const last = counted ?? need;
  const enough = last === 0 ? admitted : (inOrder[last - 1] as number);
  const answerMs = observer.wait(leader.wait(enough) + message());
  const isLost = (index: number) => mistake === 'cancelled at the quorum' && (arrivals[index] as number) > leader.wait(enough);
  const seen = arrivals.map((at, index) =>
    watch(isLost(index) ? Infinity : at, each[index] as Stalls, observer, machine, message, prng, endMs),
  );
  return { quorum, answerMs, arrivals: seen };
}

/** Reads of one follower, one after the other. */
function watch(
  arrivesAt: number,
  follower: Stalls,
  observer: Stalls,
  machine: Machine,
  message: () => number,
  prng: Prng,
  endMs: number,
): Arrival {
  let afterMs = 0;
  for (let at = observer.wait(prng.next() * machine.pollMs); at < endMs; ) {
    const served = follower.wait(at + message());
    const received = observer.wait(served + message());
    if (served >= arrivesAt) return { afterMs, byMs: received };
    afterMs = at;
    at = observer.wait(Math.max(received, at + machine.pollMs));
  }
  return { afterMs, byMs: Infinity };
}

/** When a process does not run. */
class Stalls {
  readonly #intervals: (readonly [from: number, to: number])[] = [];

  constructor({ stallShare, stallMs }: Machine, endMs: number, prng: Prng) {
    if (stallShare === 0) return;
    const exponential = (mean: number) => -mean * Math.log(1 - prng.next());
    const runMs = (stallMs * (1 - stallShare)) / stallShare;
    for (let at = exponential(runMs); at < endMs; ) {
      const to = at + exponential(stallMs);
      this.#intervals.push([at, to]);
      at = to + exponential(runMs);
    }
  }

  /** When the process gets to do what is due at this time. */
  wait(at: number): number {
    const stall = this.#intervals.find(([from, to]) => from <= at && at < to);
    return stall === undefined ? at : stall[1];
  }
}

/** What the grader measures of a server whose quorum can be switched: `each` writes at every quorum, more at the last. */
export function measured(server: SimulatedServer, prng: Prng, each = 24, atLast = 40): TimedWrite[] {
  return Array.from({ length: server.followers }, (_, index) => index + 1).flatMap((quorum) =>
    Array.from({ length: quorum === server.followers ? atLast : each }, () => timedWrite(server, quorum, prng)),
  );
}
