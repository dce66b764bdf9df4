// A durability run as it would come out if chance did what is expected, but for what a test asks to be otherwise.
import { type DurabilityTrial, WAYS } from '../../src/measure/durability.ts';
import { type DurabilityResult, durabilityResult } from '../../src/measure/durability-result.ts';

export interface DurabilityLab {
  readonly followers?: number;
  readonly quorums?: readonly number[];
  readonly trials?: number;
  /** Of safe promotions, per quorum. */
  readonly lostSafely?: number;
  /** Of promotions alone, per quorum; as expected if absent. */
  readonly lostAlone?: number;
  readonly seed?: number;
  /** Of every write, besides its delays. */
  readonly overheadMs?: number;
}

const DEFAULT_QUORUMS = [1, 2, 3, 4, 5];

/** Of the trials of a quorum exactly the expected share is lost alone, as near as whole trials allow. */
export function makeTrials(quorum: number, lab: DurabilityLab = {}): DurabilityTrial[] {
  const { followers = 5, trials = 20, lostSafely = 0, seed = 1, overheadMs = 2 } = lab;
  const lostAlone = lab.lostAlone ?? Math.round((trials * (followers - quorum)) / followers);
  return Array.from({ length: trials }, (_, trial) => trial).flatMap((trial) =>
    WAYS.map((way): DurabilityTrial => {
      const isLost = trial < (way === 'alone' ? lostAlone : lostSafely);
      const fate = quorum === 0 && way === 'safe' ? 'refused' : isLost ? 'lost' : 'kept';
      return {
        quorum,
        way,
        trial,
        seed: seed * 1000 + trial,
        promoted: 'n2',
        key: `quorum-${quorum}-${way}-${trial}`,
        version: `1.${trial + 1}`,
        latency_ms: (quorum * 500) / (followers + 1) + overheadMs + (trial % 3),
        held_by: Array.from({ length: quorum }, (_, i) => `n${i + 2}`),
        fate,
        is_back: fate === 'refused' ? true : null,
        recovered: fate === 'refused' ? null : 0,
        promote_ms: 12,
      };
    }),
  );
}

export function makeDurability(lab: DurabilityLab = {}): DurabilityResult {
  return makeDurabilityRun(lab).result;
}

/** With the trials that the result follows from, in the order in which they would have been made. */
export function makeDurabilityRun(lab: DurabilityLab = {}): {
  readonly result: DurabilityResult;
  readonly trials: readonly DurabilityTrial[];
} {
  const { followers = 5, quorums = DEFAULT_QUORUMS, trials = 20, seed = 1 } = lab;
  const made = quorums.flatMap((quorum) => makeTrials(quorum, lab));
  const about = { seed, trials, cluster: { followers, store: 'sqlite', delay: '0-500' } };
  return { result: durabilityResult(about, made, { isInterrupted: false, error: null }), trials: made };
}
