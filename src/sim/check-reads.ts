/**
 * Linearizability of one register per key, by the versions that the core itself gives: the rule of tagged registers (Lynch, Distributed Algorithms, lemma 13.16).
 *
 * If versions order all writes of a key, and every read names the version that it saw, a history is linearizable if and only if no operation that ended before
 * another began has a higher version than it (the same is allowed if the later one is a read), and no read saw a write that had not begun.
 * Stricter than that in one thing: a write that nobody heard of must fit in by its version too, because a version is taken when a write begins.
 * Not a judge of values: second-opinion.ts lays the same history before src/judge, which knows of no versions.
 */
import type { Ms } from '../lib/units.ts';

/** Versions are compared by `order`, any number that grows with them; 0: the key was never written. */
export interface RegisterOp {
  readonly id: number;
  readonly f: 'write' | 'read';
  readonly key: string;
  readonly order: number;
  readonly startedAt: Ms;
  /** Infinity: nobody heard how it ended, and it may take effect at any time. */
  readonly endedAt: Ms;
}

export interface RegisterMistake {
  readonly key: string;
  readonly message: string;
}

/** The first contradiction, or null. O(n log n). */
export function checkReads(ops: readonly RegisterOp[]): RegisterMistake | null {
  const byKey = new Map<string, RegisterOp[]>();
  for (const op of ops) {
    const list = byKey.get(op.key);
    if (list === undefined) byKey.set(op.key, [op]);
    else list.push(op);
  }
  for (const [key, list] of byKey) {
    const message = checkKey(list);
    if (message !== null) return { key, message };
  }
  return null;
}

function checkKey(ops: readonly RegisterOp[]): string | null {
  const writes = new Map<number, RegisterOp>();
  for (const op of ops) {
    if (op.f !== 'write') continue;
    const other = writes.get(op.order);
    if (other !== undefined) return `writes ${other.id} and ${op.id} have the same version (${op.order})`;
    writes.set(op.order, op);
  }
  const byStart = ops.toSorted((a, b) => a.startedAt - b.startedAt || a.id - b.id);
  const byEnd = ops.filter((op) => op.endedAt !== Number.POSITIVE_INFINITY).sort((a, b) => a.endedAt - b.endedAt || a.id - b.id);
  let ended = 0;
  let newest: RegisterOp | null = null;
  for (const op of byStart) {
    for (let next = byEnd[ended]; next !== undefined && next.endedAt < op.startedAt; next = byEnd[++ended])
      if (newest === null || next.order > newest.order) newest = next;
    if (newest !== null && (newest.order > op.order || (newest.order === op.order && op.f === 'write')))
      return `${say(op)} began after ${say(newest)} had ended`;
    if (op.f === 'write' || op.order === 0) continue;
    const source = writes.get(op.order);
    if (source === undefined) return `${say(op)}, which nobody wrote`;
    if (source.startedAt > op.endedAt) return `${say(op)} had ended before ${say(source)} began`;
  }
  return null;
}

function say({ f, id, order }: RegisterOp): string {
  return f === 'write' ? `write ${id} of version ${order}` : `read ${id}, which saw version ${order}`;
}
