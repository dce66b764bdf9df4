/**
 * Versions order everything that this system ever compares.
 *
 * Invariant: a version is compared epoch first, then seq; nothing is ever compared by seq alone across epochs.
 * `seq` grows by one per accepted write and goes on across epochs, so the opening of epoch e at head (e', s) gives the
 * virtual version (e, s): above every older version, below the first write of the new epoch, (e, s+1).
 */
export interface Version {
  /** Leadership generation, an integer >= 0; 0 only in ZERO. */
  readonly epoch: number;
  /** Number of the accepted write, an integer >= 0. */
  readonly seq: number;
}

/** Below every version that a write can have. */
export const ZERO: Version = { epoch: 0, seq: 0 };

/** Negative, zero or positive as `a` is older than, the same as, or newer than `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

export function isNewer(a: Version, b: Version): boolean {
  return compareVersions(a, b) > 0;
}

export function maxVersion(a: Version, b: Version): Version {
  return isNewer(b, a) ? b : a;
}

export function minVersion(a: Version, b: Version): Version {
  return isNewer(a, b) ? b : a;
}

/** `epoch.seq`, the form that clients see. */
export function formatVersion(version: Version): string {
  return `${version.epoch}.${version.seq}`;
}

/** The version that `epoch.seq` names, or null if the text is none. */
export function parseVersion(text: string): Version | null {
  const match = /^(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})$/.exec(text);
  if (match === null) return null;
  const version = { epoch: Number(match[1]), seq: Number(match[2]) };
  return Number.isSafeInteger(version.epoch) && Number.isSafeInteger(version.seq) ? version : null;
}
