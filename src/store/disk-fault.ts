/**
 * A disk that fails on purpose, for tests and chaos: what SQLite reports of a full disk, or of a sync that failed, at the place where it would.
 *
 * The two are the extremes of what a failed commit may leave behind, which nobody can tell who was answered with an error. A write that fails leaves
 * nothing: the transaction is rolled back. A sync that fails leaves everything: the log holds the commit, and the next start finds it there.
 * Only commits that carry records count, so that positions do not use a fault up.
 */

export const DISK_FAULTS = {
  'fail-write': 'the disk is full: a commit cannot be written, and nothing of it is there (ENOSPC)',
  'fail-fsync': 'a commit is written, and its sync fails: it is there, and nobody may count on it (EIO)',
} as const;
export type DiskFaultName = keyof typeof DISK_FAULTS;

export interface DiskFault {
  readonly name: DiskFaultName;
  /** Which commit of records fails, from 1, counted since the fault was set. */
  readonly pass: number;
}

/** SQLite's own words and codes, as node:sqlite throws them: SQLITE_FULL, SQLITE_IOERR_FSYNC. */
const ERRORS = {
  'fail-write': { message: 'database or disk is full', errcode: 13 },
  'fail-fsync': { message: 'disk I/O error', errcode: 1034 },
} as const;

export class FaultyDisk {
  #fault: DiskFault | null;
  #passes = 0;

  constructor(fault: DiskFault | null) {
    this.#fault = fault;
  }

  set(fault: DiskFault | null): void {
    this.#fault = fault;
    this.#passes = 0;
  }

  /** Before a commit of `records` rows is written. */
  write(records: number): void {
    if (this.#fault === null || records === 0) return;
    this.#passes += 1;
    this.#failAt('fail-write');
  }

  /** After it was written, before it is told. */
  sync(records: number): void {
    if (this.#fault !== null && records > 0) this.#failAt('fail-fsync');
  }

  #failAt(name: DiskFaultName): void {
    if (this.#fault?.name !== name || this.#passes !== this.#fault.pass) return;
    const { message, errcode } = ERRORS[name];
    throw Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
  }
}

/** `fail-write` or `fail-write:3`; null if the text is none. */
export function parseDiskFault(text: string): DiskFault | null {
  const [, name = '', pass = '1'] = /^([a-z-]+)(?::([1-9]\d{0,8}))?$/.exec(text) ?? [];
  return Object.hasOwn(DISK_FAULTS, name) ? { name: name as DiskFaultName, pass: Number(pass) } : null;
}
