/** What one outage showed, as the checks judge it: data only. How it is caused: outage.ts. */
import type { Ms } from '../lib/units.ts';
import type { Reading, Reply } from './api.ts';
import type { Mismatch } from './subject.ts';
import type { Peer } from './target.ts';

export interface Outage {
  /** What could not be done, so that everything after it is missing; null if all was. */
  readonly trouble: string | null;
  readonly stopped: readonly Peer[];
  /** Writes while the quorum could be met; null if with this quorum nobody may be away. */
  readonly met: Attempt | null;
  /** Writes while it could not. */
  readonly unmet: Attempt | null;
  /** Keys of the unmet writes, as the leader and the followers that stayed show them in the end. */
  readonly doubtful: readonly DoubtfulKey[];
  /** What those who were away lacked when they had been given time. */
  readonly return: Return | null;
}

export interface Attempt {
  /** null: nobody told. */
  readonly quorum: number | null;
  /** Followers that were up. */
  readonly alive: number;
  readonly replies: readonly Reply[];
}

export interface DoubtfulKey {
  readonly key: string;
  /** Before the write; null: nothing. */
  readonly before: unknown;
  readonly tried: unknown;
  readonly reply: Reply;
  /** What the leader showed right after it had answered. */
  readonly rightAfter: Reading;
  /** When everything had settled: of the leader, and of the followers that stayed up. */
  readonly atLeader: Reading;
  readonly atFollowers: readonly { readonly peer: Peer; readonly reading: Reading }[];
}

export interface Return {
  /** How long it took until the last of them had everything, from the start command on; null if they never had. */
  readonly tookMs: Ms | null;
  readonly waitedMs: Ms;
  /** Of what was written while they were away. */
  readonly missed: readonly Mismatch[];
  /** Of what they had had before. */
  readonly forgotten: readonly Mismatch[];
  /** Of what was deleted while they were away. */
  readonly undeleted: readonly Mismatch[];
  readonly deletes: readonly Reply[];
  /** How many keys there were of each kind. */
  readonly counts: { readonly missed: number; readonly kept: number; readonly deleted: number };
  /** What was still lacking after one more write, and whether that write itself arrived; null if nothing was lacking before. */
  readonly afterNextWrite: { readonly missed: readonly Mismatch[]; readonly arrived: boolean } | null;
}
