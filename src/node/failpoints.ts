/**
 * Places at which a node can be told to die: `FAILPOINT=after-commit` ends it there as a power cut would the process, `after-commit:3` the third
 * time that it comes by (as gofail's points do for etcd). For tests of what a crash exactly there leaves behind; unset, each costs a comparison.
 *
 * Only what carries clients' records counts, so that heartbeats do not use a point up; of promises, every one.
 * Not here: disks that fail while the node lives (store/disk-fault.ts), which the same variable sets.
 */

/** In the order in which a write, the opening of an epoch, a rollback, and then a snapshot comes by; SPEC 2, 5 and 6. */
export const FAILPOINTS = {
  'before-commit': 'records are about to be handed to the store',
  'after-commit': 'they are durable, and nobody was told or sent them',
  'after-ack': 'a follower has acked some of them, on the leader',
  'before-reply': 'the quorum is there, and the client was not answered, on the leader',
  'after-reply': 'the answer to a PUT is with its socket, and nothing else was done since, on the leader',
  'before-promise': 'a promise, or the claim of an epoch, is about to be written',
  'after-promise': 'it is durable, and nobody was told',
  'after-gather': 'what another node held is durable here, and the epoch not claimed',
  'before-opening': 'the epoch is claimed, and its opening about to be stored',
  'after-opening': 'its opening is durable, and nobody was told',
  'before-rollback': 'rows that the lineage does not have are about to be kept elsewhere and replaced',
  'after-rollback': 'they are replaced, and the leader was not told',
  'after-part': 'a part of a snapshot is durable beside the data, and the leader was not told, on the follower',
  'before-swap': 'the last part of a snapshot is here, and the data as before, on the follower',
  'after-swap': 'the snapshot is the data, and the leader was not told, on the follower',
  'after-view': 'a part of a snapshot was read and not sent, on the leader',
} as const;
export type FailpointName = keyof typeof FAILPOINTS;

export interface Failpoint {
  readonly name: FailpointName;
  /** Dies the so-many-th time, from 1. */
  readonly pass: number;
}

export class Failpoints {
  readonly #wanted: Failpoint | null;
  #passes = 0;

  constructor(wanted: Failpoint | null) {
    this.#wanted = wanted;
  }

  /** Does not return if this is where the node is to die. */
  hit(name: FailpointName): void {
    if (this.#wanted?.name !== name) return;
    this.#passes += 1;
    // SIGKILL to oneself is delivered before the call returns: nothing is flushed, closed or answered.
    if (this.#passes === this.#wanted.pass) process.kill(process.pid, 'SIGKILL');
  }
}

/** `after-commit` or `after-commit:3`; null if the text is none. */
export function parseFailpoint(text: string): Failpoint | null {
  const [, name = '', pass = '1'] = /^([a-z-]+)(?::([1-9]\d{0,8}))?$/.exec(text) ?? [];
  return Object.hasOwn(FAILPOINTS, name) ? { name: name as FailpointName, pass: Number(pass) } : null;
}
