/**
 * Broken invariants throw, in production too: going on with a broken state would turn a loud bug into a silent one.
 * Not for untrusted input: that is parsed once, at the gateway, into a typed value or a message (result.ts).
 */

/** Throws unless the condition holds. The message says what should have been true. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The default branch of a switch over a union: the type checker refuses it as soon as a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable case ${JSON.stringify(value)}`);
}

class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
