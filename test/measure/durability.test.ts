import { describe, expect, test } from 'vitest';
import type { Distribution } from '../../src/lib/distribution.ts';
import { type DurabilityTrial, durabilityRow, expectedLoss, shareInterval } from '../../src/measure/durability.ts';
import { concludeDurability, recomputeDurability } from '../../src/measure/durability-result.ts';
import { makeDurabilityRun, makeTrials } from '../report/durability-fixture.ts';

const DELAYS: readonly Distribution[] = new Array(5).fill({ kind: 'uniform', min: 0, max: 500 });
const row = (quorum: number, trials: readonly DurabilityTrial[]) => durabilityRow(quorum, trials, DELAYS);
const first = (trials: DurabilityTrial[], way: string, change: Partial<DurabilityTrial>) => {
  const index = trials.findIndex((trial) => trial.way === way);
  return trials.map((trial, i) => (i === index ? { ...trial, ...change } : trial));
};

test('of N followers the N - k that did not acknowledge have nothing', () => {
  expect([0, 1, 2, 3, 4, 5].map((quorum) => expectedLoss(quorum, 5))).toEqual([1, 0.8, 0.6, 0.4, 0.2, 0]);
  expect(expectedLoss(1, 2)).toBe(0.5);
});

test('the interval is Wilson’s, by hand for 4 of 20, and reaches its end where all or nothing was lost', () => {
  // p = 0.2, z = 1.95996, z² = 3.84146: centre (0.2 + z²/40) / (1 + z²/20) = 0.24834, half-width z √(0.2·0.8/20 + z²/1600) / (1 + z²/20) = 0.16768.
  const [low, high] = shareInterval({ hits: 4, trials: 20 });
  expect(low).toBeCloseTo(0.08066, 5);
  expect(high).toBeCloseTo(0.41602, 5);
  // Nothing of n: high is z² / (n + z²).
  expect(shareInterval({ hits: 0, trials: 20 })).toEqual([0, expect.closeTo(3.84146 / 23.84146, 5)]);
  expect(shareInterval({ hits: 20, trials: 20 })).toEqual([expect.closeTo(20 / 23.84146, 5), 1]);
  for (let n = 1; n < 500; n++) expect(shareInterval({ hits: n, trials: n })[1]).toBe(1);
});

describe('a row', () => {
  test('has latency of both ways, the model, and losses of each way beside what is expected', () => {
    expect(row(2, makeTrials(2))).toEqual({
      quorum: 2,
      writes: 40,
      avg_latency_ms: expect.closeTo(166.667 + 2 + 0.95, 2),
      ci95_ms: [expect.any(Number), expect.any(Number)],
      model_ms: expect.closeTo((500 * 2) / 6, 9),
      held_by: 2,
      alone: { trials: 20, lost: 12, share: 0.6, ci95: [expect.any(Number), expect.any(Number)], expected: 0.6, is_expected: true },
      safe: { trials: 20, lost: 0, refused: 0, share: 0, ci95: [0, expect.any(Number)], expected: 0, is_expected: true },
      verdict: 'ok',
      reasons: [],
    });
  });

  test('of quorum 0 is lost alone, and refused safely, which loses nothing', () => {
    expect(row(0, makeTrials(0))).toMatchObject({ alone: { lost: 20, share: 1 }, safe: { lost: 0, refused: 20 }, verdict: 'ok' });
  });

  test('in which a safe promotion lost one write is a violation that names it', () => {
    const { verdict, reasons } = row(3, first(makeTrials(3), 'safe', { fate: 'lost', promoted: 'n4', version: '7.9' }));
    expect([verdict, reasons]).toEqual(['violation', ['n4 was promoted safely and lost the acknowledged write 7.9 of "quorum-3-safe-0"']]);
  });

  test('in which a follower lost what all followers acknowledged is a violation, also alone', () => {
    expect(row(5, first(makeTrials(5), 'alone', { fate: 'lost' })).verdict).toBe('violation');
    expect(row(4, first(makeTrials(4), 'alone', { fate: 'lost' })).verdict).toBe('ok');
  });

  test('in which a leader came back without its own write is a violation', () => {
    const { reasons } = row(0, first(makeTrials(0), 'safe', { is_back: false }));
    expect(reasons).toEqual([expect.stringContaining('the leader lost its own acknowledged write 1.1')]);
  });

  test('cannot be trusted where more followers hold a write than were waited for', () => {
    const trials = makeTrials(1).map((trial) => ({ ...trial, held_by: ['n2', 'n3'] }));
    expect(row(1, trials)).toMatchObject({
      verdict: 'inconclusive',
      reasons: [expect.stringContaining('2.0 followers held a write on average, not 1')],
    });
  });

  test('says so where chance explains a loss badly, and is inconclusive where not at all', () => {
    const losing = (quorum: number, lost: number) =>
      row(
        quorum,
        makeTrials(quorum).map((trial) => (trial.way === 'alone' ? { ...trial, fate: trial.trial < lost ? 'lost' : 'kept' } : trial)),
      );
    // Expected 4 of 20: the 95 % interval of 9 of 20 begins at 0.258, that of 8 at 0.219, that of 7 at 0.181.
    expect(losing(4, 7).alone.is_expected).toBe(true);
    expect(losing(4, 9)).toMatchObject({ alone: { is_expected: false }, verdict: 'ok' });
    expect(losing(4, 16)).toMatchObject({ verdict: 'inconclusive', reasons: ['16 of 20 lost is far from the expected 20 %'] });
  });
});

describe('the verdict of the run', () => {
  const ended = { isInterrupted: false, error: null };
  const good = row(2, makeTrials(2));
  const bad = row(3, first(makeTrials(3), 'safe', { fate: 'lost' }));

  test('is ok, with what was seen', () => {
    expect(concludeDurability([good], ended)).toEqual({
      verdict: 'ok',
      why: 'none of 20 safe promotions lost an acknowledged write; alone, the 95 % interval of every quorum holds the expected (N − k)/N',
    });
  });

  test('is a violation whatever else happened', () => {
    for (const ending of [ended, { isInterrupted: true, error: null }, { isInterrupted: false, error: new Error('gone') }])
      expect(concludeDurability([good, bad], ending).verdict).toBe('violation');
  });

  test('is how it ended, else', () => {
    expect(concludeDurability([good], { isInterrupted: true, error: null }).verdict).toBe('interrupted');
    expect(concludeDurability([good], { isInterrupted: false, error: new Error('n3 is gone') })).toEqual({
      verdict: 'failed',
      why: 'n3 is gone',
    });
  });
});

describe('made again from its trials', () => {
  const ended = { isInterrupted: false, error: null };
  const run = () => makeDurabilityRun({ quorums: [5, 0, 2] });

  test('a run is what it was, in the order in which it ran', () => {
    const { result, trials } = run();
    expect(recomputeDurability(result, trials, ended)).toEqual(result);
    expect(recomputeDurability({ ...result, results: [] }, trials, ended)).toEqual(result);
  });

  test('figures follow from the trials, and rows without any stay as they were', () => {
    const { result, trials } = run();
    const bent = { ...result, results: result.results.map((each) => ({ ...each, writes: 7 })) };
    const { results } = recomputeDurability(
      bent,
      trials.filter(({ quorum }) => quorum !== 0),
      ended,
    );
    expect(results.map(({ quorum, writes }) => [quorum, writes])).toEqual([
      [5, 40],
      [0, 7],
      [2, 40],
    ]);
  });

  test('a loss that an older version let pass is a violation now', () => {
    const { result, trials } = run();
    const { verdict, why } = recomputeDurability(result, first([...trials], 'safe', { fate: 'lost', version: '7.9' }), ended);
    expect([verdict, why]).toEqual(['violation', expect.stringContaining('lost the acknowledged write 7.9')]);
  });

  test('each follower has the delay that was its own, whatever the leader’s was', () => {
    const { result, trials } = run();
    const of = (delay: string) => {
      const kept = { ...result, cluster: { ...result.cluster, delay }, results: [] };
      return recomputeDurability(kept, trials, ended).results.map(({ model_ms: model }) => model);
    };
    expect(of('10;n1=99;n2=40')).toEqual([40, 0, 10].map((ms) => expect.closeTo(ms, 6)));
    // Of delays that are not those of five followers nothing can be computed.
    expect(of('n2=5;n3=6')).toEqual([]);
    expect(of('soon')).toEqual([]);
  });
});
