/** Failures of the file system as one line that says what was expected, what was got and what to do. */
import { KvctlError } from '../wire/errors.ts';

/** What people have to do, by the operating system's own code. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: choose another with --out DIR, or change its permissions',
  EPERM: 'operation not permitted: choose another with --out DIR',
  EROFS: 'a read-only file system: choose another with --out DIR',
  ENOSPC: 'no space left on the device: free some, or choose another with --out DIR',
  EDQUOT: 'the disk quota is used up: free some, or choose another with --out DIR',
  ENOTDIR: 'a part of this path is a file: choose another with --out DIR',
  EEXIST: 'something of this name exists already: choose another with --out DIR',
  ENOENT: 'it cannot be made there: choose another with --out DIR',
};

/** An `io` error for the results that were to be kept at `path`. One that is an `io` error already stays as it is. */
export function ioError(path: string, cause: unknown): KvctlError {
  if (cause instanceof KvctlError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const got = code === undefined ? `${message}; choose another with --out DIR` : (ADVICE[code] ?? `${message} (${code})`);
  return new KvctlError('io', `expected a place to keep the results at ${path}, got ${got}`, { path, code: code ?? null }, cause);
}
