/**
 * The write quorum in the words of real databases: which setting makes them wait for k copies besides the primary's own.
 * Sources: the manuals of PostgreSQL 18 (synchronous_standby_names), MySQL 8.4 (semisynchronous replication), Redis 8 (WAIT,
 * WAITAOF), MongoDB 8 (write concern), Apache Kafka 4 (min.insync.replicas).
 */

export interface Equivalent {
  readonly system: string;
  /** What to set or call for quorum k of N followers. */
  readonly setting: string;
  /** Where it differs from what kvctl does. */
  readonly note: string;
}

/** For quorum k of N followers, 0 <= k <= N, N >= 0. Two of the five count the primary: they say k + 1. */
export function equivalentsOf(k: number, followers: number): readonly Equivalent[] {
  return k === 0 ? asynchronous() : semiSynchronous(k, followers);
}

function semiSynchronous(k: number, followers: number): Equivalent[] {
  const standbys = Array.from({ length: followers }, (_, i) => `s${i + 1}`).join(', ');
  return [
    {
      system: 'PostgreSQL',
      setting: `synchronous_standby_names = 'ANY ${k} (${standbys})'`,
      note: 'with synchronous_commit = on; a commit without enough standbys waits without end',
    },
    {
      system: 'MySQL',
      setting: `rpl_semi_sync_source_wait_for_replica_count = ${k}`,
      note: 'after rpl_semi_sync_source_timeout (10 s) it falls back to asynchronous; kvctl never does',
    },
    {
      system: 'Redis',
      setting: `WAIT ${k} timeout`,
      note: 'per connection, after the write; replicas hold it in memory, WAITAOF waits for their disks',
    },
    {
      system: 'MongoDB',
      setting: `writeConcern: { w: ${k + 1}, j: true }`,
      note: 'w counts the primary; a wtimeout leaves the write in place',
    },
    {
      system: 'Kafka',
      setting: `acks=all, min.insync.replicas=${k + 1}`,
      note: 'counts the leader, and is a lower bound: acks=all waits for every replica that is in sync',
    },
  ];
}

function asynchronous(): Equivalent[] {
  return [
    { system: 'PostgreSQL', setting: 'synchronous_commit = local', note: 'waits for the primary’s own disk only' },
    { system: 'MySQL', setting: 'asynchronous replication', note: 'the default, without the semisynchronous plugin' },
    { system: 'Redis', setting: 'a write without WAIT', note: 'the default' },
    { system: 'MongoDB', setting: 'writeConcern: { w: 1, j: true }', note: 'the primary’s journal only' },
    { system: 'Kafka', setting: 'acks=1', note: 'the leader alone; it does not wait for its disk either' },
  ];
}

/** The short forms for a sentence: `PostgreSQL ANY 3, MySQL wait_for_replica_count=3, …`. */
export function equivalentPhrases(k: number): readonly string[] {
  if (k === 0) return asynchronous().map(({ system, setting }) => (system === 'MySQL' ? `MySQL ${setting}` : `${system}: ${setting}`));
  return [
    `PostgreSQL ANY ${k} (…)`,
    `MySQL rpl_semi_sync_source_wait_for_replica_count=${k}`,
    `Redis WAIT ${k}`,
    `MongoDB w: ${k + 1}`,
    `Kafka acks=all with min.insync.replicas=${k + 1}`,
  ];
}
