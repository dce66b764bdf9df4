/**
 * Two promises about single writes. An acknowledged write is not lost: a read after all is over shows it or something newer, whichever
 * replica answers. A write that was refused for certain did not happen: what only such writes would have written is never read.
 *
 * Both are necessary conditions; a violation is certain. Losing is judged by final reads alone: those that were called after the last
 * write of their key had ended. A history without such reads shows nothing, which is not the same as a pass.
 */
import { Ages, compareVersions } from './age.ts';
import type { Operation } from './history.ts';
import { demandOf, isProducer, isRefusal } from './model.ts';
import type { Value } from './values.ts';

export type AcknowledgedVerdict =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'violation'; readonly write: Operation; readonly read: Operation }
  | { readonly verdict: 'not_applicable'; readonly why: string };

/** `operations` are all of one key. */
export function judgeAcknowledgedWrites(operations: readonly Operation[]): AcknowledgedVerdict {
  const acknowledged = operations.filter((operation) => isProducer(operation) && operation.outcome === 'ok');
  if (acknowledged.length === 0) return { verdict: 'not_applicable', why: 'no write was acknowledged' };
  const over = operations.filter(({ f }) => f !== 'read').reduce((latest, each) => Math.max(latest, overAt(each)), 0);
  const finals = operations.filter(({ f, outcome, call }) => f === 'read' && outcome === 'ok' && call > over);
  if (finals.length === 0) return { verdict: 'not_applicable', why: 'nothing was read after the last write' };
  const ages = new Ages(operations);
  for (const read of finals) {
    const write = acknowledged.findLast((each) => isOlder(ages, read, each));
    if (write !== undefined) return { verdict: 'violation', write, read };
  }
  return { verdict: 'ok' };
}

/** Who will never hear of a write cannot wait for its end. */
function overAt({ end, call }: Operation): number {
  return Number.isFinite(end) ? end : call;
}

function isOlder(ages: Ages, read: Operation, write: Operation): boolean {
  const compared = compareVersions(read.version, write.version);
  return compared === null ? ages.isBefore(read.value, write.call) : compared < 0;
}

export interface Resurrection {
  readonly write: Operation;
  /** A read that returned its value, or a cas that found it. */
  readonly observer: Operation;
}

/** `operations` are all of one key. Null: nothing that failed was seen. */
export function judgeDefiniteErrors(operations: readonly Operation[]): Resurrection | null {
  const possible = new Set<Value>(operations.filter(isProducer).map(({ value }) => value));
  const failed = new Map<Value, Operation>();
  for (const operation of operations) {
    if (operation.f !== 'read' && operation.f !== 'delete' && operation.outcome === 'fail') failed.set(operation.value, operation);
  }
  for (const observer of operations) {
    const seen = observer.outcome === 'ok' || isRefusal(observer) ? demandOf(observer) : null;
    const write = seen === null || possible.has(seen) ? undefined : failed.get(seen);
    if (write !== undefined) return { write, observer };
  }
  return null;
}
