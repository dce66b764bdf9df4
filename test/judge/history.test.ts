import { describe, expect, test } from 'vitest';
import { formatEvent, type HistoryEvent } from '../../src/judge/event.ts';
import { type History, type Operation, operationsByKey, parseHistory } from '../../src/judge/history.ts';

type Loose = Partial<Record<keyof HistoryEvent, unknown>>;

function parse(...events: (Loose | string)[]): History {
  const parsed = parseHistory(events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const WRITE = { process: 1, type: 'invoke', f: 'write', key: 'a', value: 5 };
const WRITTEN = { process: 1, type: 'ok', f: 'write', key: 'a' };
const READ = { process: 2, type: 'invoke', f: 'read', key: 'a' };
const SEEN = { process: 2, type: 'ok', f: 'read', key: 'a', value: 5 };
const CAS = { process: 3, type: 'invoke', f: 'cas', key: 'a', value: [5, 6] };

describe('events become operations', () => {
  test('each invoke with its completion, in the order of their calls, and values as numbers', () => {
    const { operations, values, hasTimes } = parse(WRITE, READ, SEEN, { ...WRITTEN, version: '1.7', node: 'n1' });
    expect(hasTimes).toBe(false);
    expect(operations).toEqual([
      {
        process: '1',
        f: 'write',
        key: 'a',
        outcome: 'ok',
        value: 1,
        from: 0,
        call: 0,
        end: 3,
        calledAt: 1,
        endedAt: 4,
        line: 1,
        endLine: 4,
        version: '1.7',
        node: 'n1',
        error: null,
      },
      expect.objectContaining({ f: 'read', outcome: 'ok', value: 1, call: 1, end: 2 }),
    ]);
    expect(values.textOf(1)).toBe('5');
  });

  test('an info and an invoke without completion have no end, and keep the value of the invoke', () => {
    const { operations } = parse({ ...CAS, process: 4 }, CAS, { ...CAS, type: 'info', value: null, error: 'timeout' });
    for (const operation of operations)
      expect(operation).toMatchObject({ outcome: 'info', value: 1, from: 2, end: Number.POSITIVE_INFINITY });
    expect(operations.map(({ endLine, error }) => [endLine, error])).toEqual([
      [null, null],
      [3, 'timeout'],
    ]);
  });

  test('times order the moments, whatever order the lines have', () => {
    const { operations } = parse({ ...WRITE, time: 50 }, { ...WRITTEN, time: 60 }, { ...READ, time: 10 }, { ...SEEN, time: 20 });
    expect(momentsOf(operations)).toEqual([
      ['read', 0, 1],
      ['write', 2, 3],
    ]);
  });

  test('at the same time calls come before ends, so that a coarse clock makes operations concurrent', () => {
    const { operations } = parse({ ...WRITE, time: 1 }, { ...WRITTEN, time: 2 }, { ...READ, time: 2 }, { ...SEEN, time: 2 });
    expect(momentsOf(operations)).toEqual([
      ['write', 0, 2],
      ['read', 1, 3],
    ]);
  });

  test('without times the order is that of index, and without index that of the lines', () => {
    const { operations } = parse({ ...WRITE, index: 7 }, { ...WRITTEN, index: 9 }, { ...READ, index: 3 }, { ...SEEN, index: 5 });
    expect(operations.map(({ f, calledAt }) => [f, calledAt])).toEqual([
      ['read', 3],
      ['write', 7],
    ]);
  });

  test('values are the same if their JSON is, whatever the order of members; null is absent', () => {
    const value = (json: unknown, process: number) => ({ ...WRITE, process, value: json });
    const { operations } = parse(value({ a: 1, b: [2] }, 1), value({ b: [2], a: 1 }, 2), value('5', 3), value(5, 4), value(null, 5));
    expect(operations.map((operation) => operation.value)).toEqual([1, 1, 2, 3, 0]);
  });

  test('what the nemesis did is kept beside the operations', () => {
    const { marks, operations } = parse({ ...READ, time: 3 }, {
      process: 'nemesis',
      time: 4,
      type: 'info',
      f: 'kill',
      value: ['n3'],
    } as Loose);
    expect(operations).toHaveLength(1);
    expect(marks).toEqual([{ time: 4, text: 'kill ["n3"]' }]);
  });

  test('a client may be a text, which is another one than the number', () => {
    const { operations } = parse({ ...READ, process: '2' }, READ, { ...READ, process: 'c' });
    expect(operations.map(({ process }) => process)).toEqual(['"2"', '2', 'c']);
  });

  test('keys are apart', () => {
    const byKey = operationsByKey(parse(WRITE, { ...READ, key: '__proto__' }));
    expect([...byKey].map(([key, operations]) => [key, operations.length])).toEqual([
      ['a', 1],
      ['__proto__', 1],
    ]);
  });

  test('empty lines and members of others are passed over', () => {
    expect(parse('', { ...WRITE, mode: 'committed' } as Loose, '  ').operations).toHaveLength(1);
  });
});

function momentsOf(operations: readonly Operation[]): unknown[] {
  return operations.map(({ f, call, end }) => [f, call, end]);
}

describe('a file that is no history is refused with its line, what was expected, and what was got', () => {
  test.each<[string, (Loose | string)[], string]>([
    ['no JSON', [WRITE, '{"index":'], 'line 2: expected an event as JSON, got "{\\"index\\":"'],
    ['no object', ['7'], 'line 1: expected an event as a JSON object, got 7'],
    ['no client', [{ ...WRITE, process: null }], 'line 1: expected process: a number or a text; got null'],
    ['another type', [{ ...WRITE, type: 'done' }], 'line 1: expected type: invoke, ok, fail, info; got "done"'],
    ['another action', [{ ...WRITE, f: 'append' }], 'line 1: expected f: read, write, cas, delete; got "append"'],
    ['no key', [{ ...WRITE, key: 3 }], 'line 1: expected key: a text; got 3'],
    ['a time that is none', [{ ...WRITE, time: '3' }], 'line 1: expected time: a number; got "3"'],
    ['a version that is no text', [WRITE, { ...WRITTEN, version: 3 }], 'line 2: expected version: a text; got 3'],
    ['a write of nothing', [{ ...WRITE, value: undefined }], 'line 1: expected value: what the write wrote; got none'],
    [
      'a read of nothing',
      [READ, { ...SEEN, value: undefined }],
      'line 2: expected value: what the read returned (null: the key is absent); got none',
    ],
    ['half a cas', [{ ...CAS, value: [5] }], 'line 1: expected value: the [from, to] of a cas; got [5]'],
    [
      'a number that JSON rounds',
      ['{"process":1,"type":"invoke","f":"write","key":"a","value":9007199254740993}'],
      'line 1: expected integers up to 2^53 - 1',
    ],
    [
      'a value that is infinite',
      ['{"process":1,"type":"invoke","f":"write","key":"a","value":1e999}'],
      'line 1: expected integers up to 2^53 - 1',
    ],
    ['times that are missing', [{ ...WRITE, time: 1 }, WRITTEN], 'line 2: expected a time, as the lines before have one, got none'],
    ['times that come late', [WRITE, { ...WRITTEN, time: 1 }], 'line 2: expected no time, because the lines before have none, got one'],
    [
      'two invokes',
      [WRITE, { ...READ, process: 1 }],
      'line 2: expected process 1 to complete its write of line 1 first, got another invoke',
    ],
    ['a completion of nothing', [WRITTEN], 'line 1: expected an invoke by process 1 before its ok, got none that is still open'],
    ['two completions', [WRITE, WRITTEN, WRITTEN], 'line 3: expected an invoke by process 1 before its ok, got none that is still open'],
    [
      'the completion of something else',
      [WRITE, { ...SEEN, process: 1 }],
      'line 2: expected the completion of the write of line 1 by process 1, got that of a read',
    ],
    ['the completion for another key', [WRITE, { ...WRITTEN, key: 'b' }], 'line 2: expected the key of line 1, "a", got "b"'],
    [
      'another value than the invoke’s',
      [WRITE, { ...WRITTEN, value: 6 }],
      'line 2: expected the value of the invoke in line 1 again, or none, got 6',
    ],
    [
      'an end before its call',
      [
        { ...WRITE, time: 5 },
        { ...WRITTEN, time: 4 },
      ],
      'line 2: expected a time of at least 5, that of the invoke in line 1, got 4',
    ],
  ])('%s', (_name, events, message) => {
    const parsed = parseHistory(events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))));
    expect(parsed.ok ? 'a history' : parsed.message).toContain(message);
  });

  test('a value nested deeper than the stack', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const parsed = parseHistory([`{"process":1,"type":"invoke","f":"write","key":"a","value":${deep}}`]);
    expect(parsed).toEqual({ ok: false, message: 'line 1: expected a value, got one that is nested too deeply' });
  });
});

test('what is formatted is read back', () => {
  const events: HistoryEvent[] = [
    { index: 0, time: 10, process: 3, type: 'invoke', f: 'cas', key: 'a\nb', value: [null, { x: '"' }] },
    { index: 1, time: 20, process: 3, type: 'ok', f: 'cas', key: 'a\nb', version: '2.5', node: 'n2' },
  ];
  const text = events.map(formatEvent).join('');
  expect(text.split('\n')).toHaveLength(3);
  expect(
    text
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line)),
  ).toEqual(events);
  expect(parse(...text.split('\n')).operations[0]).toMatchObject({ outcome: 'ok', from: 0, value: 1, key: 'a\nb', version: '2.5' });
});
