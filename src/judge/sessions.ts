/**
 * What one client may expect of a key even where replicas lag: after its own acknowledged write it reads that or something newer (read
 * your writes), and after a read it reads nothing older (monotonic reads).
 *
 * A necessary condition only: a violation is certain, and what is not certain passes. Where versions are recorded they decide, else
 * real time does (age.ts).
 * Source: Terry et al., "Session guarantees for weakly consistent replicated data" (1994).
 */
import { Ages, compareVersions } from './age.ts';
import type { Operation } from './history.ts';
import { isProducer } from './model.ts';

export interface Regression {
  /** What the session had written or read before. */
  readonly before: Operation;
  /** What it read then, which is older. */
  readonly read: Operation;
}

/** `operations` are all of one key, in the order of their calls. Null: no client read back in time. */
export function judgeReadYourWrites(operations: readonly Operation[]): Regression | null {
  const ages = new Ages(operations);
  return firstRegression(operations, ages, (operation) => (isOwnWrite(operation) ? operation.call : null));
}

export function judgeMonotonicReads(operations: readonly Operation[]): Regression | null {
  const ages = new Ages(operations);
  return firstRegression(operations, ages, (operation) => (isRead(operation) ? ages.begun(operation.value) : null));
}

function isOwnWrite(operation: Operation): boolean {
  return operation.outcome === 'ok' && isProducer(operation);
}

function isRead({ f, outcome }: Operation): boolean {
  return f === 'read' && outcome === 'ok';
}

/** Since when, at the earliest, there can be what the session knows by this operation; null: it tells nothing. */
type Knowledge = (operation: Operation) => number | null;

/**
 * Of what a session knows the newest by version and the newest by real time are enough: what anything older would accuse, one of them
 * accuses too.
 */
function firstRegression(operations: readonly Operation[], ages: Ages, knowledge: Knowledge): Regression | null {
  for (const session of Map.groupBy(operations, ({ process }) => process).values()) {
    let byVersion: Operation | null = null;
    let byTime: { readonly operation: Operation; readonly since: number } | null = null;
    for (const operation of session) {
      if (isRead(operation)) {
        const compared = compareVersions(operation.version, byVersion?.version ?? null);
        if (compared !== null && compared < 0) return { before: byVersion as Operation, read: operation };
        if (compared === null && byTime !== null && ages.isBefore(operation.value, byTime.since)) {
          return { before: byTime.operation, read: operation };
        }
      }
      const since = knowledge(operation);
      if (since === null) continue;
      if (byTime === null || since > byTime.since) byTime = { operation, since };
      const isNewer = (compareVersions(operation.version, byVersion?.version ?? '0') ?? 0) > 0;
      if (isNewer) byVersion = operation;
    }
  }
  return null;
}
