/**
 * What a store fails with: the disk, the directory or the file is not as it must be.
 *
 * The message says what was expected, what was got and what to do, and is fit for people as it is; whoever answers a client wraps it
 * (`storage_failed` before a version was taken, indefinite after).
 */
export class StoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
  }
}

/** What went wrong below, in one phrase: SQLite's or the operating system's own words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errstr } = error as { errstr?: unknown };
  return typeof errstr === 'string' && errstr !== error.message ? `${error.message} (${errstr})` : error.message;
}
