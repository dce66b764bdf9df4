/** What figures depend on besides what was asked for. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, type as systemName, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '#entry';

export function environmentOf(): Record<string, string> {
  return {
    kvctl: versionOf(),
    node: process.version,
    system: `${systemName()} ${release()} ${process.arch}`,
    processors: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

function versionOf(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}
