/** What the writing data verbs share: their options, in the same words, and how an answer is told. */
import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { WriteOptions } from '../client/kv-client.ts';
import { retriedWrite } from '../client/retried-write.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import type { WriteAnswer } from '../wire/api.ts';
import { isIdempotencyKey, MAX_IDEMPOTENCY_KEY } from '../wire/idempotency.ts';
import type { Context } from './context.ts';
import { duration, integer, option } from './options.ts';

export interface WriteVerbOptions {
  readonly node: string;
  readonly quorum?: number;
  /** ms. */
  readonly timeout?: number;
  readonly idempotencyKey?: string;
}

export function addWriteOptions(command: Command): Command {
  return command
    .addOption(new Option('--node <node>', 'write to this node; only the leader takes writes').default('leader'))
    .addOption(option('--quorum <k>', "follower acks that this write needs, instead of the cluster's", integer(0)))
    .addOption(option('--timeout <duration>', 'wait so long for the quorum, like 500ms or 2s', duration))
    .addOption(option('--idempotency-key <key>', 'of a write that is sent again: it is written once (default: a new one)', idempotencyKey));
}

/** Sends the write, and sends it again while nobody knows what became of it. */
export function writeOnce(
  { out }: Context,
  { quorum, timeout, idempotencyKey = randomUUID() }: WriteVerbOptions,
  attempt: (options: WriteOptions) => Promise<WriteAnswer>,
): Promise<WriteAnswer> {
  const options = { quorum, timeoutMs: timeout, idempotencyKey };
  return retriedWrite(options, attempt, ({ code }) => out.note(`${code}: sending the write again, with the same Idempotency-Key`));
}

function idempotencyKey(text: string): Result<string> {
  if (isIdempotencyKey(text)) return ok(text);
  return fail(`expected 1 to ${MAX_IDEMPOTENCY_KEY} visible characters of ASCII, got ${JSON.stringify(text.slice(0, 40))}`);
}

/** `version 1.7 on n1 and 4 followers (3 needed)`. */
export function durability(answer: WriteAnswer): string {
  const followers = answer.follower_acks === 1 ? '1 follower' : `${answer.follower_acks} followers`;
  return `version ${answer.version} on ${answer.node} and ${followers} (${answer.required} needed)`;
}
