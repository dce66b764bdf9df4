import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseHistory } from '../../src/judge/history.ts';
import { judgeHistory } from '../../src/judge/judge.ts';
import type { Judgement, JudgeName } from '../../src/judge/judgement.ts';
import { Prng } from '../../src/lib/prng.ts';
import { historyOf, randomHistory } from './histories.ts';

const DATA = new URL('testdata/', import.meta.url);

function judge(file: string): Judgement {
  const parsed = parseHistory(readFileSync(new URL(`${file}.ndjson`, DATA), 'utf8').split('\n'));
  if (!parsed.ok) throw new Error(parsed.message);
  return judgeHistory(parsed.value);
}

const brokenIn = ({ judges }: Judgement): JudgeName[] => judges.filter(({ verdict }) => verdict === 'violation').map((row) => row.judge);

/** The files NAME-ok and NAME-bad; who finds the bad one, and why. The good one is what looks like it and is none. */
const PAIRS: readonly (readonly [what: string, name: string, broken: readonly JudgeName[], why: string])[] = [
  [
    'a stale read: the old value after the new one was acknowledged; or while it was not',
    'stale-read',
    ['linearizability', 'zones', 'acknowledged-writes'],
    'the register held 1 from line 2 to line 5 at least, and in between 2 for a moment (lines 3 to 4)',
  ],
  [
    'a write that was acknowledged is gone in the end; or was overwritten by one that ran beside it',
    'lost-write',
    ['linearizability', 'zones', 'acknowledged-writes'],
    'the register held 1 from line 2 to line 5 at least, and in between 2 for a moment (lines 3 to 4)',
  ],
  [
    'a read shows what a definite error had refused; or does not',
    'failed-write',
    ['linearizability', 'zones', 'definite-errors'],
    '2 was read (line 5), and only the write of line 3, which failed, would have written it',
  ],
  [
    'a value is back after its deletion was seen; or was read before the deletion took effect',
    'deleted',
    ['linearizability', 'acknowledged-writes'],
    'the register held 1 from line 2 to line 7 at least, and in between null for a moment (lines 3 to 4)',
  ],
  [
    'two reads during a write go from new to old; or from old to new',
    'two-reads',
    ['linearizability', 'zones', 'monotonic-reads'],
    'the register held null from the beginning to line 4 at least, and in between 1 for a moment (lines 2 to 3)',
  ],
  [
    'two cas of the same value both succeed; or one is refused',
    'two-cas',
    ['linearizability'],
    'however they are ordered, for example write 1, cas 1 → 2: cas 1 → 3 (line 4) cannot have happened before it ended',
  ],
  [
    'a cas is refused though the value was there all the time; or failed otherwise',
    'refused-cas',
    ['linearizability'],
    'however they are ordered, for example write 1: cas 1 → 2 (refused) (line 3) cannot have happened before it ended',
  ],
  [
    'a write that nobody knows of is seen and then gone; or is seen late',
    'late-write',
    ['linearizability', 'zones', 'monotonic-reads'],
    'the register held 1 from line 2 to line 7 at least, and in between 2 for a moment (lines 5 to 6)',
  ],
  [
    'a write that nobody knows of takes effect twice; or once',
    'twice',
    ['linearizability', 'zones'],
    'the register held 2 from line 6 to line 9 at least, and in between 1 for a moment (lines 7 to 8)',
  ],
  [
    'a write is seen before it is called; or never completes and is seen',
    'unfinished',
    ['linearizability', 'zones'],
    '2 was read (line 3) before its write was called (line 5)',
  ],
  [
    'a client does not find its own write; or finds it on another node',
    'own-write',
    ['linearizability', 'zones', 'read-your-writes', 'acknowledged-writes'],
    'the register held null from the beginning to line 3 at least, and in between 1 for a moment (lines 1 to 2)',
  ],
  ['a value that nobody wrote; or that somebody did', 'phantom', ['linearizability', 'zones'], '7 was read (line 2), and nothing wrote it'],
  [
    'two readers see two histories of two writes; or one',
    'split-brain',
    ['linearizability', 'zones'],
    'the register held 1 from line 3 to line 9 at least, and 2 from line 4 to line 11 at least: it cannot have held both',
  ],
  [
    'one of two keys is stale; or both are right, each for itself',
    'two-keys',
    ['linearizability', 'zones', 'acknowledged-writes'],
    'the register held 1 from line 4 to line 9 at least, and in between 2 for a moment (lines 5 to 7)',
  ],
];

describe('of each pair of histories one is a violation, the other only looks like it', () => {
  test.each(PAIRS)('%s', (_what, name, broken, why) => {
    const bad = judge(`${name}-bad`);
    expect({ broken: brokenIn(bad), why: bad.violations[0]?.why }).toEqual({ broken, why });
    expect(bad.verdict).toBe('violation');
    expect(judge(`${name}-ok`)).toMatchObject({ verdict: 'ok', violations: [], undecided: [] });
  });

  test('and every file is in the table', () => {
    const names = PAIRS.flatMap(([, name]) => [`${name}-bad.ndjson`, `${name}-ok.ndjson`]);
    expect(readdirSync(DATA).sort()).toEqual(names.sort());
  });
});

describe('a judgement', () => {
  const random = new Prng(3);
  const keys = ['a', 'b', 'c'].map((key) => randomHistory({ operations: 300, clients: 5, reads: 0.5, cas: 0.2, values: 9 }, random, key));
  const hard = randomHistory({ operations: 4000, clients: 60, reads: 0.3, cas: 0.3, unknown: 0.3, wrong: 0.01, values: 4 }, random, 'hard');

  test('counts operations and keys, and has a row per judge', () => {
    const judgement = judgeHistory(historyOf(keys.flat()));
    expect(judgement).toMatchObject({ verdict: 'ok', why: 'every key is linearizable', ops: 900, keys: 3, time_unit: 'position' });
    expect(judgement.judges.map(({ judge: name, verdict }) => [name, verdict])).toEqual([
      ['linearizability', 'ok'],
      ['zones', 'not_applicable'],
      ['read-your-writes', 'ok'],
      ['monotonic-reads', 'ok'],
      ['acknowledged-writes', expect.any(String)],
      ['definite-errors', 'ok'],
    ]);
  });

  test('is unknown where time runs out for one key, which it names, and the other keys are judged', () => {
    const judgement = judgeHistory(historyOf([...keys.flat(), ...hard]), { shouldStop: () => true });
    expect(judgement.verdict).toBe('unknown');
    expect(judgement.why).toMatch(/^linearizability of 1 of the keys is not decided: not decided in the time given \(\d+ steps/);
    expect(judgement.undecided.map(({ judge: name, key }) => [name, key])).toEqual([['linearizability', 'hard']]);
    expect(judgement.judges[0]?.keys).toEqual({ ok: 3, violation: 0, unknown: 1, not_applicable: 0 });
  });

  test('is ok if zones decide what the search could not', () => {
    const simple = randomHistory({ operations: 5000, clients: 5, reads: 0.5 }, random);
    expect(judgeHistory(historyOf(simple), { shouldStop: () => true }).verdict).toBe('ok');
    expect(judgeHistory(historyOf(simple), { shouldStop: () => true, only: ['linearizability'] }).verdict).toBe('unknown');
  });

  test('is unknown of an empty history, and of one in which nothing was read', () => {
    expect(judgeHistory(historyOf([]))).toMatchObject({ verdict: 'unknown', why: 'the history is empty' });
    const blind = randomHistory({ operations: 30, clients: 3, reads: 0 }, random);
    expect(judgeHistory(historyOf(blind))).toMatchObject({ verdict: 'unknown', why: 'nothing was read, so nothing could be found' });
  });

  test('asks only the judges that were named', () => {
    const judgement = judgeHistory(historyOf(keys.flat()), { only: ['monotonic-reads', 'zones'] });
    expect(judgement.judges.map((row) => row.judge)).toEqual(['zones', 'monotonic-reads']);
    // Zones cannot judge a cas, and were the only ones asked.
    expect(judgement).toMatchObject({ verdict: 'unknown', why: 'linearizability of 3 of the keys is not decided: there is a cas' });
  });
});
