// A durability run as it would come out if chance did what is expected, but for what a test asks to be otherwise.
import { concludeDurability, type DurabilityResult, type DurabilityTrial, durabilityRow, WAYS } from '../../src/measure/durability.ts';

export interface DurabilityLab {
  readonly followers?: number;
  readonly quorums?: readonly number[];
  readonly trials?: number;
  /** Of safe promotions, per quorum. */
  readonly lostSafely?: number;
}

/** Of the trials of a quorum exactly the expected share is lost alone, as near as whole trials allow. */
export function makeTrials(quorum: number, { followers = 5, trials = 20, lostSafely = 0 }: DurabilityLab = {}): DurabilityTrial[] {
  const lostAlone = Math.round((trials * (followers - quorum)) / followers);
  return Array.from({ length: trials }, (_, trial) => trial).flatMap((trial) =>
    WAYS.map((way): DurabilityTrial => {
      const isLost = trial < (way === 'alone' ? lostAlone : lostSafely);
      const fate = quorum === 0 && way === 'safe' ? 'refused' : isLost ? 'lost' : 'kept';
      return {
        quorum,
        way,
        trial,
        seed: trial,
        promoted: 'n2',
        key: `quorum-${quorum}-${way}-${trial}`,
        version: `1.${trial + 1}`,
        latency_ms: (quorum * 500) / (followers + 1) + 2 + (trial % 3),
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
  const { followers = 5, quorums = [1, 2, 3, 4, 5], trials = 20 } = lab;
  const delays = new Array(followers).fill({ kind: 'uniform', min: 0, max: 500 });
  const results = quorums.map((quorum) => durabilityRow(quorum, makeTrials(quorum, lab), delays));
  const ending = concludeDurability(results, { isInterrupted: false, error: null });
  return { ...ending, seed: 1, trials, cluster: { followers, store: 'sqlite', delay: '0-500' }, results, plot: null };
}
