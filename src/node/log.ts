/** The node's log: pino, one JSON object a line on stdout. Never the token, never a value. */
import { destination, type Logger, pino } from 'pino';

export type Log = Logger;

export function openLog(nodeId: string, level: string): Log {
  // Synchronous, so that the last words of a dying process are in the file.
  return pino(
    { level, base: { node: nodeId }, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    destination({ dest: 1, sync: true }),
  );
}
