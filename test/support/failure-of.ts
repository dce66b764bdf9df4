import { KvctlError } from '../../src/wire/errors.ts';

/** The error that the call must end with; anything else that it throws is thrown on. */
export async function failureOf(call: Promise<unknown>): Promise<KvctlError> {
  const error = await call.then(
    () => new Error('expected the call to fail, but it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof KvctlError) return error;
  throw error;
}
