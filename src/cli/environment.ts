/** What figures depend on besides what was asked for. */
import { availableParallelism, cpus, release, type as systemName, totalmem } from 'node:os';
import { readVersion } from './version.ts';

export function environmentOf(): Record<string, string> {
  return {
    kvctl: readVersion(),
    node: process.version,
    system: `${systemName()} ${release()} ${process.arch}`,
    processors: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}
