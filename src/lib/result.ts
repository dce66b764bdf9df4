/**
 * The outcome of parsing something untrusted: a value, or one sentence for the person who wrote it.
 * Not for broken invariants (assert.ts), nor for failures of operations (KvctlError in wire).
 */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** `message` says what was expected and what was got. */
export function fail(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
