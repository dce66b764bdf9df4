/**
 * A version as one number that orders exactly as compareVersions does, so that what is keyed and compared by version stays small and quick.
 * A seq alone names nothing: it occurs in every epoch that went on from the same head.
 */
import type { Version } from '../core/version.ts';

/** 0: never written. Exact for epochs below 2^21 and seqs below 2^32, more than any simulation has. */
export type Ordinal = number;

const SEQS = 2 ** 32;

export function ordinalOf({ epoch, seq }: Version): Ordinal {
  return epoch * SEQS + seq;
}

export function versionOf(ordinal: Ordinal): Version {
  return { epoch: Math.floor(ordinal / SEQS), seq: ordinal % SEQS };
}

/** `epoch.seq`, or `nothing`. */
export function sayOrdinal(ordinal: Ordinal): string {
  const { epoch, seq } = versionOf(ordinal);
  return ordinal === 0 ? 'nothing' : `${epoch}.${seq}`;
}
