/**
 * One write, sent again with its `Idempotency-Key` while nobody knows what became of it: a lost answer is asked for, and nothing is written twice.
 *
 * For a person's single writes. A benchmark measures what one request does, and a history records it: they neither retry nor send a key.
 * Invariant: once an attempt ended in doubt, no later refusal is believed to speak of that attempt.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { WriteAnswer } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { WriteOptions } from './kv-client.ts';

export interface RetriedWrite extends WriteOptions {
  readonly idempotencyKey: string;
}

/** Nothing is sent again later after the first request, unless the write's own timeout says otherwise: what a node waits by itself. */
const WINDOW_MS = 5_000;
/** Doubling, so a leader that was started again (about a second) is met by the fourth or fifth. */
const FIRST_PAUSE_MS = 100;
const MAX_RETRIES = 5;

/**
 * @param attempt sends the write with these options, once
 * @param onRetry hears why it is sent again
 * Throws what ended it; of several attempts, the last that left the write in doubt, unless its key belongs to another write.
 */
export async function retriedWrite(
  options: RetriedWrite,
  attempt: (options: RetriedWrite) => Promise<WriteAnswer>,
  onRetry: (why: KvctlError) => void = () => {},
): Promise<WriteAnswer> {
  const startedAt = performance.now();
  const windowMs = options.timeoutMs ?? WINDOW_MS;
  let left = options;
  let doubt: KvctlError | null = null;
  for (let retries = 0; ; retries += 1) {
    try {
      return await attempt(left);
    } catch (thrown) {
      if (!(thrown instanceof KvctlError) || thrown.code === 'idempotency_mismatch') throw thrown;
      if (!thrown.definite) doubt = thrown;
      if (doubt === null) throw thrown;
      const pauseMs = FIRST_PAUSE_MS * 2 ** retries;
      const isOver = retries === MAX_RETRIES || performance.now() + pauseMs - startedAt >= windowMs;
      if (isOver || isFinal(thrown)) throw inDoubt(doubt, options.idempotencyKey);
      onRetry(thrown);
      await pause(pauseMs);
      if (options.timeoutMs !== undefined)
        left = { ...options, timeoutMs: Math.max(1, Math.round(startedAt + windowMs - performance.now())) };
    }
  }
}

/** The node waited as long as it was asked to, and says where the write stands; or another program answered, and will do so again. */
function isFinal({ code, detail }: KvctlError): boolean {
  return code === 'quorum_not_met' || (code === 'unreachable' && detail.status !== undefined);
}

function inDoubt(error: KvctlError, idempotencyKey: string): KvctlError {
  const advice = `To ask again without writing twice: the same command with --idempotency-key ${idempotencyKey}`;
  return new KvctlError(error.code, `${error.message}\n${advice}`, { ...error.detail, idempotency_key: idempotencyKey }, error);
}
