// What a chaos run amounts to, and its exit code.
import { expect, test } from 'vitest';
import type { Deed } from '../../../src/chaos/deed.ts';
import { chaosExitCode, chaosResult, type Ending, type Found } from '../../../src/cli/chaos/result.ts';
import type { Judgement, JudgeRow } from '../../../src/judge/judgement.ts';
import { parityRow } from '../../support/parity-row.ts';

const KILL: Deed = {
  kind: 'kill',
  text: 'kill n2',
  nodes: ['n2'],
  of_leader: false,
  planned_ms: 400,
  began_ms: 401,
  ended_ms: 900,
  took_effect: true,
  effect: 'n2 running → stopped',
};
const KEPT: JudgeRow = {
  judge: 'acknowledged-writes',
  verdict: 'ok',
  why: '',
  keys: { ok: 1, violation: 0, unknown: 0, not_applicable: 0 },
};
const JUDGEMENT: Judgement = {
  verdict: 'ok',
  why: 'every key is linearizable',
  ops: 9,
  keys: 1,
  judges: [KEPT],
  violations: [],
  undecided: [],
  time_unit: 'ns',
};
const FOUND: Found = {
  seed: 1,
  for_ms: 1_000,
  target: 'local',
  followers: 2,
  write_quorum: 1,
  delay: '0-20',
  clients: 1,
  keys: 1,
  rate: 10,
  deeds: [KILL],
  parity: [parityRow()],
  settle_ms: 1,
  local_reads: { reads: 1, violations: [] },
  judgement: JUDGEMENT,
};
const DONE: Ending = { isInterrupted: false, error: null };

function ended(found: Partial<Found>, ending: Ending = DONE): [verdict: string, exitCode: number, why: string] {
  const result = chaosResult({ ...FOUND, ...found }, [], ['kill', 'pause'], ending);
  return [result.verdict, chaosExitCode(result, ending), result.why];
}

test('all is well only if the judges say so, the replicas are equal, and every kind of fault that was planned took effect', () => {
  expect(ended({})).toEqual(['ok', 0, expect.stringMatching(/^1 faults? took effect, no answer was wrong/)]);
  expect(ended({ judgement: { ...JUDGEMENT, verdict: 'unknown', why: 'not decided' } })).toEqual(['unknown', 5, 'not decided']);
  const unread: JudgeRow = { ...KEPT, verdict: 'not_applicable', why: 'nothing was read after the last write' };
  expect(ended({ judgement: { ...JUDGEMENT, judges: [unread] } })).toEqual([
    'unknown',
    5,
    expect.stringContaining('nothing was read after'),
  ]);
  expect(ended({ parity: [parityRow({ status: 'lag' })] })).toEqual(['failed', 1, expect.stringContaining('n2 did not become equal')]);
  const idle: Deed = { ...KILL, kind: 'pause', took_effect: false };
  expect(ended({ deeds: [KILL, idle] })).toEqual(['failed', 1, expect.stringContaining('the nemesis did nothing: of pause')]);
  expect(ended({ deeds: [] })).toEqual(['failed', 1, expect.stringContaining('the nemesis did nothing')]);
});

test('a lie outweighs everything else, except that nobody knows after an interrupt', () => {
  const failed = { isInterrupted: false, error: { message: 'n3 did not come back', exitCode: 4 } };
  const lie: Partial<Found> = { judgement: { ...JUDGEMENT, verdict: 'violation', why: 'in violation of zones' } };
  expect(ended(lie, failed)).toEqual(['violation', 3, 'in violation of zones']);
  expect(ended({ parity: [parityRow({ status: 'mismatch' })] })[1]).toBe(3);
  expect(ended({ local_reads: { reads: 1, violations: ['n2 showed a'] } })[1]).toBe(3);
  expect(ended({}, failed)).toEqual(['failed', 4, 'n3 did not come back']);
  expect(ended(lie, { isInterrupted: true, error: null })[1]).toBe(105);
});

test('operations are counted by outcome, failures by code, faults by kind', () => {
  const answered = [
    { operation: 'write', atMs: 0, latencyMs: 1, outcome: 'ok', error: null },
    { operation: 'write', atMs: 1, latencyMs: 1, outcome: 'info', error: 'quorum_not_met' },
    { operation: 'read', atMs: 2, latencyMs: 1, outcome: 'fail', error: 'not_open' },
  ] as const;
  const { operations, faults } = chaosResult({ ...FOUND, deeds: [KILL, { ...KILL, of_leader: true }] }, answered, ['kill', 'pause'], DONE);
  expect(operations).toEqual([
    { operation: 'write', ok: 1, fail: 0, info: 1, errors: { quorum_not_met: 1 } },
    { operation: 'delete', ok: 0, fail: 0, info: 0, errors: {} },
    { operation: 'read', ok: 0, fail: 1, info: 0, errors: { not_open: 1 } },
    { operation: 'linearizable read', ok: 0, fail: 0, info: 0, errors: {} },
    { operation: 'local read', ok: 0, fail: 0, info: 0, errors: {} },
  ]);
  expect(faults).toEqual([
    { kind: 'kill', planned: 2, took_effect: 2, of_leader: 1 },
    { kind: 'pause', planned: 0, took_effect: 0, of_leader: 0 },
  ]);
});
