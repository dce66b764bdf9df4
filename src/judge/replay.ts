/**
 * Operations as the events that other judges read: in the order of their moments, with processes as numbers. Who does not know what became of
 * an operation never comes back there, so a client goes on under a new number after such a one.
 */
import type { Operation } from './history.ts';

export interface Replayed {
  readonly process: number;
  /** `end`: see the operation's outcome; those that may still happen have none. */
  readonly moment: 'call' | 'end';
  readonly operation: Operation;
}

/** `firstProcess`: the first number. */
export function replay(operations: readonly Operation[], firstProcess = 0): Replayed[] {
  const calls = operations.map((operation) => ({ at: operation.call, moment: 'call' as const, operation }));
  const ends = operations
    .filter(({ end }) => Number.isFinite(end))
    .map((operation) => ({ at: operation.end, moment: 'end' as const, operation }));
  const numbers = new Map<string, number>();
  let next = firstProcess;
  return [...calls, ...ends]
    .sort((a, b) => a.at - b.at)
    .map(({ moment, operation }) => {
      const process = numbers.get(operation.process) ?? next++;
      if (Number.isFinite(operation.end)) numbers.set(operation.process, process);
      else numbers.delete(operation.process);
      return { process, moment, operation };
    });
}
