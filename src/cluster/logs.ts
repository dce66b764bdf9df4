/**
 * The nodes' log files: their last lines, and what is appended afterwards.
 * Following polls the sizes: a handful of files, and file watching misses appends on some file systems.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type LogLine, parseLogLine } from './log-lines.ts';
import type { NodeState } from './state.ts';

/** A log file of the state file; all that is needed to read it. */
export type LogSource = Pick<NodeState, 'id' | 'log'>;

const POLL_MS = 100;
const CHUNK_BYTES = 64 * 1024;

/** The last `count` lines, oldest first, and the size at which they end; nothing if there is no file. */
export function tailLog(source: LogSource, count: number): { lines: LogLine[]; size: number } {
  const file = openLog(source.log);
  if (file === null) return { lines: [], size: 0 };
  try {
    const size = fstatSync(file).size;
    let start = size;
    let tail = Buffer.alloc(0);
    // One newline more than lines, because the last line ends with one, too.
    while (start > 0 && countNewlines(tail) <= count) {
      const length = Math.min(CHUNK_BYTES, start);
      start -= length;
      tail = Buffer.concat([readAt(file, start, length), tail]);
    }
    const lines = splitLines(tail.toString('utf8'));
    const wanted = count === 0 ? [] : lines.slice(-count);
    return { lines: wanted.map((text) => parseLogLine(source.id, text)), size };
  } finally {
    closeSync(file);
  }
}

/** What is appended after `fromSize` (per node id), as whole lines, until aborted; a file that shrank is read from its start. */
export async function followLogs(
  sources: readonly LogSource[],
  fromSize: ReadonlyMap<string, number>,
  onLines: (lines: LogLine[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const positions = sources.map((source) => ({ source, size: fromSize.get(source.id) ?? 0, rest: Buffer.alloc(0) }));
  while (!signal.aborted) {
    for (const position of positions) {
      const lines = readAppended(position);
      if (lines.length > 0) onLines(lines);
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function readAppended(position: { source: LogSource; size: number; rest: Buffer }): LogLine[] {
  const file = openLog(position.source.log);
  if (file === null) return [];
  try {
    const { size } = fstatSync(file);
    if (size < position.size) position.size = 0;
    if (size === position.size) return [];
    const text = Buffer.concat([position.rest, readAt(file, position.size, size - position.size)]);
    position.size = size;
    // Bytes, not characters, are kept back: half a character must wait for its other half.
    const end = text.lastIndexOf(0x0a) + 1;
    position.rest = Buffer.from(text.subarray(end));
    return splitLines(text.subarray(0, end).toString('utf8')).map((line) => parseLogLine(position.source.id, line));
  } finally {
    closeSync(file);
  }
}

function openLog(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
}

function countNewlines(buffer: Buffer): number {
  let count = 0;
  for (const byte of buffer) if (byte === 0x0a) count += 1;
  return count;
}

function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
