import { expect, test } from 'vitest';
import { onGrid, Schedule } from '../../src/sim/schedule.ts';

test('events happen by their time, and those of one time in the order in which they were asked for', () => {
  const schedule = new Schedule();
  const seen: string[] = [];
  schedule.push(5, () => seen.push('c'));
  schedule.push(1, () => {
    seen.push('a');
    schedule.push(0, () => seen.push('late is now'));
    schedule.push(5, () => seen.push('d'));
  });
  schedule.push(1, () => seen.push('b'));
  while (schedule.next());
  expect(seen).toEqual(['a', 'b', 'late is now', 'c', 'd']);
  expect(schedule.now).toBe(5);
});

test('no event is early, and none is later than a microsecond', () => {
  for (const at of [0, 0.1, 1 / 3, 17.123456789, 1e6 + 0.7]) {
    expect(onGrid(at)).toBeGreaterThanOrEqual(at);
    expect(onGrid(at) - at).toBeLessThan(0.001);
  }
});
