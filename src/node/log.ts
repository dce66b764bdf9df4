/** The node's log: pino, one JSON object a line on stdout. Never the token, never a value. */
import { destination, type Logger, pino } from 'pino';

export type Log = Logger;

/** `name` is asked for every line: a follower may be named late. */
export function openLog(name: () => string, level: string): Log {
  // Synchronous, so that the last words of a dying process are in the file.
  return pino(
    { level, base: {}, mixin: () => ({ node: name() }), timestamp: () => `,"time":"${new Date().toISOString()}"` },
    destination({ dest: 1, sync: true }),
  );
}
