import { expect, test } from 'vitest';
import { Absences } from '../../src/chaos/absences.ts';
import type { Fault } from '../../src/chaos/plan.ts';

const kill = (...nodes: string[]): Fault => ({ kind: 'kill', nodes });
const clock: Fault = { kind: 'clock', node: 'n3', offsetMs: 1_000, isStrobe: false };
const promote: Fault = { kind: 'promote', node: 'n3' };
const quorum: Fault = { kind: 'quorum', quorum: 1 };
const obstacle = (absences: Absences, fault: Fault, isClockOff = false) => absences.obstacleTo(fault, 'n1', isClockOff);

test('no more nodes are taken than may be away at once, and none twice', () => {
  const absences = new Absences(2);
  expect(obstacle(absences, kill('n2', 'n3', 'n4'))).toBe('left out: a majority would not be left');
  expect(obstacle(absences, kill('n2', 'n3'))).toBeNull();
  absences.take(['n2', 'n3']);
  expect(obstacle(absences, kill('n4'))).toBe('left out: a majority would not be left');
  expect(obstacle(absences, kill('n2'))).toBe('left out: n2 was not back yet');
  absences.give(['n2']);
  expect(obstacle(absences, kill('n4'))).toBeNull();
});

test('what a node has to answer waits until its process can be asked', () => {
  const absences = new Absences(2);
  absences.silence(['n3']);
  for (const fault of [clock, promote]) expect(obstacle(absences, fault)).toBe('left out: n3 was away');
  absences.restore(['n3']);
  for (const fault of [clock, promote]) expect(obstacle(absences, fault)).toBeNull();
  // A promotion would also end in the middle of a fault of that node; its clock may be turned meanwhile.
  absences.take(['n3']);
  expect([obstacle(absences, promote), obstacle(absences, clock)]).toEqual(['left out: n3 was away', null]);
});

test('one clock is off at a time', () => {
  expect(obstacle(new Absences(2), clock, true)).toBe('left out: another clock was off');
});

test('settings of the leader wait for it, as long as it is silent or its store failed', () => {
  const absences = new Absences(2);
  expect(obstacle(absences, quorum)).toBeNull();
  absences.breakStore(['n1']);
  expect(obstacle(absences, quorum)).toBe('left out: the leader was away');
  absences.restore(['n1']);
  expect(obstacle(absences, quorum)).toBeNull();
  absences.silence(['n1', 'n2']);
  expect(obstacle(absences, quorum)).toBe('left out: the leader was away');
  absences.restore(['n1']);
  expect(obstacle(absences, quorum)).toBeNull();
});
