/**
 * What a node breaks in itself when it is told to (`POST /admin/faults`, there with FAULT_INJECTION=on only): its wall clock, its disk.
 * Whether it did is not taken from the call's success, but from what the node shows afterwards.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KvClient } from '../client/kv-client.ts';
import { KvctlError } from '../wire/errors.ts';
import type { NodeAddress } from './cluster.ts';

/** A clock that is to be off by an hour may be off by this much more or less: the call takes its time. */
const TOLERANCE_MS = 60_000;
const POLL_MS = 20;

/** Sets the clock; answers whether the node's own time of day then is off by as much. */
export async function setClock(client: KvClient, { url }: NodeAddress, offsetMs: number): Promise<boolean> {
  const { wall_clock_ms: shown } = await client.setFaults(url, { clock_offset_ms: offsetMs });
  return Math.abs(shown - Date.now() - offsetMs) < TOLERANCE_MS;
}

/** Waits until the node says of itself that its store failed, and answers with what; null: not until then. */
export async function seenStorageFailure(
  client: KvClient,
  { id, url }: NodeAddress,
  isOver: () => boolean,
  signal: AbortSignal,
): Promise<string | null> {
  for (;;) {
    const error = await client.health(url).catch((thrown: unknown) => thrown);
    if (error instanceof KvctlError && error.code === 'storage_failed') {
      return `${id} is unhealthy: ${/got "(.*?)"/.exec(error.message)?.[1] ?? error.message}`;
    }
    if (isOver()) return null;
    await delay(POLL_MS, undefined, { signal });
  }
}
