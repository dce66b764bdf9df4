import { describe, expect, test } from 'vitest';
import { judgeAcknowledgedWrites, judgeDefiniteErrors } from '../../src/judge/acknowledged.ts';
import { compareVersions } from '../../src/judge/age.ts';
import { type Operation, parseHistory } from '../../src/judge/history.ts';
import { judgeLinearizability } from '../../src/judge/linearizability.ts';
import { judgeMonotonicReads, judgeReadYourWrites } from '../../src/judge/sessions.ts';
import { Prng } from '../../src/lib/prng.ts';
import { randomHistory } from './histories.ts';

type Line = readonly [process: number, type: string, f: string, value?: unknown, more?: object];

function history(...lines: readonly Line[]): readonly Operation[] {
  const parsed = parseHistory(
    lines.map(([process, type, f, value, more]) => JSON.stringify({ process, type, f, key: 'k', value, ...more })),
  );
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value.operations;
}

/** One after the other. */
const write = (process: number, value: number, version?: string): readonly Line[] => [
  [process, 'invoke', 'write', value],
  [process, 'ok', 'write', value, { version }],
];
const read = (process: number, value: number | null, version?: string): readonly Line[] => [
  [process, 'invoke', 'read'],
  [process, 'ok', 'read', value, { version }],
];
const remove = (process: number): readonly Line[] => [
  [process, 'invoke', 'delete'],
  [process, 'ok', 'delete'],
];

const lines = (found: { readonly before: Operation; readonly read: Operation } | null) =>
  found === null ? null : [found.before.line, found.read.line];

describe('read your writes', () => {
  test.each<[string, readonly Line[], number[] | null]>([
    ['an older value after the own write', [...write(1, 5), ...write(2, 6), ...read(2, 5)], [3, 5]],
    ['nothing after the own write', [...write(1, 5), ...read(1, null)], [1, 3]],
    ['an older version after the own write', [...write(1, 5, '1.9'), ...write(2, 6, '1.10'), ...read(2, 5, '1.9')], [3, 5]],
    ['a newer version with a value of the same', [...write(1, 5, '1.9'), ...write(1, 5, '2.1'), ...read(1, 5, '2.1')], null],
    ['the own write', [...write(1, 5), ...read(1, 5)], null],
    ["somebody else's newer write", [...write(1, 5), ...write(2, 6), ...read(1, 6)], null],
    ['an older value for somebody else', [...write(1, 5), ...write(2, 6), ...read(3, 5)], null],
    ['nothing, after it may have been deleted', [...write(1, 5), [2, 'invoke', 'delete'], ...read(1, null)], null],
    [
      'an older value, which somebody may have written again',
      [...write(1, 5), ...write(2, 6), [3, 'invoke', 'write', 5], ...read(2, 5)],
      null,
    ],
    ['nothing, after it was deleted and written again', [...write(1, 5), ...remove(2), ...write(1, 6), ...read(1, null)], [5, 7]],
  ])('%s', (_name, events, expected) => {
    expect(lines(judgeReadYourWrites(history(...events)))).toEqual(expected);
  });
});

describe('monotonic reads', () => {
  test.each<[string, readonly Line[], number[] | null]>([
    ['new, then old', [...write(1, 5), ...write(1, 6), ...read(2, 6), ...read(2, 5)], [5, 7]],
    ['old, then new', [...write(1, 5), ...write(1, 6), ...read(2, 5), ...read(2, 6)], null],
    ['new, then old, by two clients', [...write(1, 5), ...write(1, 6), ...read(2, 6), ...read(3, 5)], null],
    ['a higher version, then a lower one', [...read(2, 6, '2.1'), ...read(2, 5, '1.99')], [1, 3]],
    ['new, then nothing', [...write(1, 5), ...read(2, 5), ...read(2, null)], [3, 5]],
    [
      'new, something older in between, then that again',
      [...write(1, 5), ...write(1, 6), ...read(2, 6), ...read(2, 6), ...read(2, 5)],
      [5, 9],
    ],
    [
      'two values of writes that ran side by side',
      [[1, 'invoke', 'write', 5], [3, 'invoke', 'write', 6], [1, 'ok', 'write'], [3, 'ok', 'write'], ...read(2, 6), ...read(2, 5)],
      null,
    ],
    ['a value that nobody wrote', [...write(1, 5), ...read(2, 5), ...read(2, 9)], null],
  ])('%s', (_name, events, expected) => {
    expect(lines(judgeMonotonicReads(history(...events)))).toEqual(expected);
  });
});

describe('acknowledged writes', () => {
  test.each<[string, readonly Line[], unknown]>([
    ['an older value in the end', [...write(1, 5), ...write(1, 6), ...read(2, 5)], { verdict: 'violation' }],
    ['the newest in the end', [...write(1, 5), ...write(1, 6), ...read(2, 6)], { verdict: 'ok' }],
    [
      'an older version in the end, though the values are the same',
      [...write(1, 5, '1.1'), ...write(1, 5, '1.2'), ...read(2, 5, '1.1')],
      { verdict: 'violation' },
    ],
    ['an older value before the end', [...write(1, 5), ...write(1, 6), ...read(2, 5), ...write(1, 7), ...read(2, 7)], { verdict: 'ok' }],
    [
      'one of two replicas has the older value in the end',
      [...write(1, 5), ...write(1, 6), ...read(2, 6), ...read(2, 5)],
      { verdict: 'violation' },
    ],
    ['a write that may still happen', [...write(1, 5), ...write(1, 6), [3, 'invoke', 'write', 5], ...read(2, 5)], { verdict: 'ok' }],
    [
      'nothing was read in the end',
      [...read(2, null), ...write(1, 5)],
      { verdict: 'not_applicable', why: 'nothing was read after the last write' },
    ],
    ['nothing was acknowledged', [...read(2, null)], { verdict: 'not_applicable', why: 'no write was acknowledged' }],
  ])('%s', (_name, events, expected) => {
    expect(judgeAcknowledgedWrites(history(...events))).toMatchObject(expected as object);
  });
});

describe('definite errors', () => {
  const failed = (f: string, value: unknown): readonly Line[] => [
    [1, 'invoke', f, value],
    [1, 'fail', f, value, { error: 'not_leader' }],
  ];
  test.each<[string, readonly Line[], number[] | null]>([
    ['a failed write is read', [...failed('write', 5), ...read(2, 5)], [1, 3]],
    ['a failed write is found by a cas', [...failed('write', 5), [2, 'invoke', 'cas', [5, 6]], [2, 'ok', 'cas']], [1, 3]],
    ['what a failed cas would have written is read', [...failed('cas', [4, 5]), ...read(2, 5)], [1, 3]],
    ['a failed write that was tried again', [...failed('write', 5), ...write(1, 5), ...read(2, 5)], null],
    ['a failed write that is not read', [...failed('write', 5), ...read(2, null)], null],
    ['a failed delete and an absent key', [...failed('delete', null), ...read(2, null)], null],
  ])('%s', (_name, events, expected) => {
    const found = judgeDefiniteErrors(history(...events));
    expect(found === null ? null : [found.write.line, found.observer.line]).toEqual(expected);
  });
});

test('what is linearizable breaks none of these', () => {
  const random = new Prng(11);
  for (let i = 0; i < 2000; i++) {
    const shape = { operations: 20, clients: 3, reads: 0.5, cas: 0.1, deletes: 0.1, unknown: 0.2, wrong: i % 2 === 0 ? 0 : 0.1, values: 4 };
    const operations = randomHistory(shape, random);
    if (judgeLinearizability(operations).verdict !== 'ok') continue;
    expect(judgeReadYourWrites(operations)).toBeNull();
    expect(judgeMonotonicReads(operations)).toBeNull();
    expect(judgeAcknowledgedWrites(operations).verdict).not.toBe('violation');
    expect(judgeDefiniteErrors(operations)).toBeNull();
  }
});

test.each<[string | null, string | null, number | null]>([
  ['1.9', '1.10', -1],
  ['2.1', '1.99', 1],
  ['3', '3.0', 0],
  ['18446744073709551616', '18446744073709551617', -1],
  ['1.x', '1.2', null],
  [null, '1.2', null],
])('version %s against %s is %s', (a, b, expected) => {
  expect(compareVersions(a, b)).toBe(expected);
});
