/** What a node makes of its environment. */
import type { Environment } from '../../src/labs/recognise.ts';
import { type NodeConfig, parseEnvironment } from '../../src/node/config.ts';

/** Throws where there are mistakes. */
export function configOf(env: Environment): NodeConfig {
  const parsed = parseEnvironment(env);
  if ('mistakes' in parsed) throw new Error(parsed.mistakes.join('\n'));
  return parsed.config;
}

export function mistakesOf(env: Environment): readonly string[] {
  const parsed = parseEnvironment(env);
  return 'mistakes' in parsed ? parsed.mistakes : [];
}
