/**
 * The plan of `bench --durability`: which trials, with which delays, and which follower is promoted in each.
 *
 * Pure. Invariant: trial i of a quorum has the same delays and the same follower in both ways (common random numbers), so that what was lost alone is
 * looked for safely under the very same circumstances. All else is independent: also the rows, whose figures stand beside a theory, so that one unlucky
 * draw must not move all of them to the same side.
 */
import type { ClusterSpec } from '../cluster/spec.ts';
import { delaysOf, formatDelays, parseDelays } from '../lib/delay-plan.ts';
import { type Distribution, formatDistribution } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import { expectedLoss, WAYS, type Way } from '../measure/durability.ts';
import { expectedKth } from '../measure/order-statistic.ts';
import { roughly } from './plan.ts';

export interface DurabilityOptions {
  /** Its delay is that of the trials. */
  readonly spec: ClusterSpec;
  /** In the order in which they are to run; null: 1 to N. */
  readonly quorums: readonly number[] | null;
  /** Per quorum and way. */
  readonly trials: number;
}

export interface PlannedTrial {
  readonly quorum: number;
  readonly way: Way;
  readonly trial: number;
  /** Of the leader's delays. */
  readonly seed: number;
  /** Node id of the follower that is promoted. */
  readonly promoted: string;
}

export interface DurabilityPlan {
  /** Of the cluster between the trials, which has no delays: they are set for the one write that they are about. */
  readonly spec: ClusterSpec;
  readonly delay: string;
  /** Of each follower, in the order of the nodes. */
  readonly delays: readonly Distribution[];
  /** What the leader is told of them, by node id. */
  readonly network: Readonly<Record<string, { readonly delay: string }>>;
  readonly trials: number;
  readonly quorums: readonly { readonly quorum: number; readonly modelMs: Ms; readonly trials: readonly PlannedTrial[] }[];
  readonly expectedMs: Ms;
}

/** A node starts, follows, and is promoted back; besides what the write waits for. */
const TRIAL_MS = 700;
const OPENING_MS = 2_500;
/** Fewer nodes, and those that are left when the leader is dead are no majority. */
const MIN_FOLLOWERS = 2;

/** Fails with a sentence for the user that names the option. */
export function planDurability({ spec, trials, ...options }: DurabilityOptions, followers: readonly string[]): Result<DurabilityPlan> {
  if (followers.length < MIN_FOLLOWERS) {
    return fail(
      `--followers: expected at least ${MIN_FOLLOWERS}, because a follower is promoted by a majority without its leader, got ${followers.length}`,
    );
  }
  const parsed = parseDelays(spec.delay);
  if (!parsed.ok) return fail(`--delay: ${parsed.message}`);
  const delays = delaysOf(parsed.value, followers);
  if (delays.length < followers.length) return fail(`--delay: expected a delay for each of ${followers.join(', ')}, got ${spec.delay}`);
  const quorums = options.quorums ?? followers.map((_, i) => i + 1);
  const tooMany = quorums.find((quorum) => quorum > followers.length);
  if (tooMany !== undefined) return fail(`--quorums: expected 0 to ${followers.length}, the number of followers, got ${tooMany}`);
  const chance = new Prng(spec.seed);
  const planned = quorums.map((quorum) => {
    const draws = Array.from({ length: trials }, (_, trial) => {
      const own = chance.fork(`quorum ${quorum}, trial ${trial}`);
      return {
        quorum,
        trial,
        seed: own.fork('delays').int(2 ** 32),
        promoted: followers[own.fork('follower').int(followers.length)] as string,
      };
    });
    return {
      quorum,
      modelMs: expectedKth(delays, quorum),
      trials: draws.flatMap((draw) => WAYS.map((way): PlannedTrial => ({ way, ...draw }))),
    };
  });
  const waitedMs = planned.reduce((sum, each) => sum + each.trials.length * each.modelMs, 0);
  const count = planned.length * trials * WAYS.length;
  return ok({
    spec: { ...spec, delay: '0', quorum: quorums[0] ?? spec.quorum },
    delay: formatDelays(parsed.value),
    delays,
    network: Object.fromEntries(followers.map((id, i) => [id, { delay: formatDistribution(delays[i] as Distribution) }])),
    trials,
    quorums: planned,
    expectedMs: OPENING_MS + count * TRIAL_MS + waitedMs,
  });
}

/** For people, one line per fact. */
export function describeDurability({ spec, delay, trials, quorums, expectedMs }: DurabilityPlan): string[] {
  const { followers, store, seed } = spec;
  const expected = quorums.map(({ quorum, modelMs }) => {
    const loss = Math.round(expectedLoss(quorum, followers) * 100);
    return `${quorum} (${formatMs(modelMs)}, ${loss} %)`;
  });
  return [
    `cluster   brought up for this and removed after: 1 leader, ${followers} followers, ${store}, delay ${delay} ms, seed ${seed}`,
    'trial     one write; its leader dies at the acknowledgement; a follower drawn at random is promoted; is the write there?',
    `promoted  ${trials} times per quorum alone (force, own data only), ${trials} times safely (gathering from all that answer)`,
    `quorums   ${expected.join('  ')}  (in brackets what the delays alone cost, and the share that is lost alone, by the model)`,
    `expected  about ${roughly(expectedMs)}`,
  ];
}
