/**
 * The rule for reads at followers, which may be stale and may show what is not committed yet: what they show was written, by a write that
 * had begun before the read ended and that did not fail for certain. Pure.
 */
import { type HistoryEvent, parseEvent } from '../judge/event.ts';
import { fail, ok, type Result } from '../lib/result.ts';

export interface LocalReads {
  /** That were answered. */
  readonly reads: number;
  /** In sentences. */
  readonly violations: readonly string[];
}

interface Written {
  readonly invokedAt: number;
  failed: boolean;
}

/** Of each, the lines. */
export function judgeLocalReads(history: Iterable<string>, localHistory: Iterable<string>): Result<LocalReads> {
  const written = new Map<string, Written>();
  const pending = new Map<string, Written>();
  for (const event of eventsOf(history)) {
    if (!event.ok) return event;
    const { type, f, key, value, process, time = 0 } = event.value;
    if (f !== 'write') continue;
    if (type === 'invoke') {
      const write = { invokedAt: time, failed: false };
      written.set(nameOf(key, value), write);
      pending.set(`${process}`, write);
    } else if (type === 'fail') {
      const write = pending.get(`${process}`);
      if (write !== undefined) write.failed = true;
    }
  }
  const violations: string[] = [];
  let reads = 0;
  for (const event of eventsOf(localHistory)) {
    if (!event.ok) return event;
    const { type, key, value, node = 'a follower', version = '?', time = 0 } = event.value;
    if (type !== 'ok') continue;
    reads += 1;
    if (value === null) continue;
    const write = written.get(nameOf(key, value));
    const seen = `${node} showed ${key} = ${JSON.stringify(value)} at version ${version}`;
    if (write === undefined) violations.push(`${seen}, which nobody wrote`);
    else if (write.failed) violations.push(`${seen}, which had failed for certain`);
    else if (write.invokedAt > time) violations.push(`${seen}, before anybody wrote it`);
  }
  return ok({ reads, violations });
}

function* eventsOf(lines: Iterable<string>): Generator<Result<HistoryEvent>> {
  let number = 0;
  for (const line of lines) {
    number += 1;
    if (line === '') continue;
    const parsed = parseEvent(line);
    if (!parsed.ok) yield fail(`line ${number}: ${parsed.message}`);
    else if (parsed.value.kind === 'event') yield ok(parsed.value.event);
  }
}

function nameOf(key: string, value: unknown): string {
  return JSON.stringify([key, value]);
}
