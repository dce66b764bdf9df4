/** What the writing data verbs share: their options, in the same words, and how an answer is told. */
import { type Command, Option } from 'commander';
import type { WriteAnswer } from '../wire/api.ts';
import { duration, integer, option } from './options.ts';

export interface WriteVerbOptions {
  readonly node: string;
  readonly quorum?: number;
  /** ms. */
  readonly timeout?: number;
}

export function addWriteOptions(command: Command): Command {
  return command
    .addOption(new Option('--node <node>', 'write to this node; only the leader takes writes').default('leader'))
    .addOption(option('--quorum <k>', "follower acks that this write needs, instead of the cluster's", integer(0)))
    .addOption(option('--timeout <duration>', 'wait so long for the quorum, like 500ms or 2s', duration));
}

/** `version 1.7 on n1 and 4 followers (3 needed)`. */
export function durability(answer: WriteAnswer): string {
  const followers = answer.follower_acks === 1 ? '1 follower' : `${answer.follower_acks} followers`;
  return `version ${answer.version} on ${answer.node} and ${followers} (${answer.required} needed)`;
}
