// The rule for reads at followers: stale is allowed, invented is not.
import { expect, test } from 'vitest';
import { judgeLocalReads } from '../../src/chaos/local-reads.ts';
import { formatEvent, type HistoryEvent } from '../../src/judge/event.ts';

function lines(...events: readonly Partial<HistoryEvent>[]): string[] {
  return events.map((event) => formatEvent({ process: 0, key: 'a', f: 'write', type: 'invoke', time: 0, ...event }));
}

function write(process: number, value: string, time: number, type: 'ok' | 'fail' | 'info'): Partial<HistoryEvent>[] {
  return [
    { process, value, time },
    { process, type, time: time + 5 },
  ];
}

function read(value: string | null, time: number): Partial<HistoryEvent>[] {
  const about = { process: 9, f: 'read', node: 'n2' } as const;
  return [
    { ...about, time: time - 1 },
    { ...about, type: 'ok', value, version: '1.7', time },
  ];
}

const HISTORY = lines(
  ...write(0, 'old', 0, 'ok'),
  ...write(1, 'maybe', 20, 'info'),
  ...write(2, 'refused', 40, 'fail'),
  ...write(0, 'new', 60, 'ok'),
);

test('what is old, absent, or of a write that may have happened is shown rightly', () => {
  const local = lines(...read('new', 100), ...read('old', 110), ...read(null, 120), ...read('maybe', 130));
  expect(judgeLocalReads(HISTORY, local)).toEqual({ ok: true, value: { reads: 4, violations: [] } });
});

test('what failed for certain, what nobody wrote, and what is yet to be written is a violation', () => {
  const local = lines(...read('refused', 100), ...read('strange', 110), ...read('new', 50));
  expect(judgeLocalReads(HISTORY, local)).toEqual({
    ok: true,
    value: {
      reads: 3,
      violations: [
        'n2 showed a = "refused" at version 1.7, which had failed for certain',
        'n2 showed a = "strange" at version 1.7, which nobody wrote',
        'n2 showed a = "new" at version 1.7, before anybody wrote it',
      ],
    },
  });
});

test('a line that is no event is refused with its number', () => {
  expect(judgeLocalReads(['{}'], [])).toMatchObject({ ok: false, message: expect.stringContaining('line 1: expected') });
});
