/**
 * A register, sequentially: what each operation needs and does, as pure functions of the value that the register holds.
 *
 * An operation is *required* if it certainly happened, *optional* if nobody knows (an info, or no completion), and else not there: a read
 * without an answer says nothing, and what failed did not happen, except a cas that failed without an error, which saw that the value was
 * not what it expected.
 */
import type { Operation } from './history.ts';
import type { Value } from './values.ts';

/** What `step` answers if the operation cannot have happened in this state. */
export const IMPOSSIBLE = -1;

/** The register after the operation took effect. An optional cas that finds another value does nothing. */
export function step(state: Value, operation: Operation): Value {
  const { f, outcome, value, from } = operation;
  switch (f) {
    case 'read':
      return state === value ? state : IMPOSSIBLE;
    case 'write':
    case 'delete':
      return value;
    case 'cas':
      if (outcome === 'fail') return state === from ? IMPOSSIBLE : state;
      if (state === from) return value;
      return outcome === 'ok' ? IMPOSSIBLE : state;
  }
}

export function isRequired(operation: Operation): boolean {
  return operation.outcome === 'ok' || isRefusal(operation);
}

export function isOptional({ f, outcome }: Operation): boolean {
  return outcome === 'info' && f !== 'read';
}

/** A cas that looked and found another value than it expected. */
export function isRefusal({ f, outcome, error }: Operation): boolean {
  return f === 'cas' && outcome === 'fail' && error === null;
}

/** True if it changes nothing: a read, or a refusal. */
export function isObservation(operation: Operation): boolean {
  return operation.f === 'read' || isRefusal(operation);
}

/** True if it happened, or may have, and then left `operation.value` behind. */
export function isProducer({ f, outcome }: Operation): boolean {
  return f !== 'read' && outcome !== 'fail';
}

/** What must have been there for it to take effect; null if anything will do. */
export function demandOf({ f, outcome, value, from }: Operation): Value | null {
  if (f === 'read') return outcome === 'ok' ? value : null;
  return f === 'cas' && outcome !== 'fail' ? from : null;
}
