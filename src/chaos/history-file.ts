/**
 * Where clients write down what they do: a line before each request leaves, a line after its answer is read, on one monotonic clock.
 * Written at once and in place, so that a run that dies loses at most the last line.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Action, formatEvent } from '../judge/event.ts';

/** What the operation was about; the completion says the same again. */
export interface Invocation {
  readonly process: number | string;
  readonly f: Action;
  readonly key: string;
  /** Of a write. */
  readonly value?: string;
}

export type Completion =
  | { readonly type: 'ok'; readonly value?: unknown; readonly version?: string; readonly node: string }
  | { readonly type: 'fail' | 'info'; readonly error: string };

export class HistoryFile {
  readonly #file: number;
  readonly #clock: () => number;
  #index = 0;

  /** `clock` counts nanoseconds. Throws what the file system throws. */
  constructor(path: string, clock: () => number) {
    this.#file = openSync(path, 'a');
    this.#clock = clock;
  }

  invoke(invocation: Invocation): void {
    this.#append(formatEvent({ index: this.#index, time: this.#clock(), type: 'invoke', ...invocation }));
  }

  complete({ process, f, key }: Invocation, completion: Completion): void {
    this.#append(formatEvent({ index: this.#index, time: this.#clock(), process, f, key, ...completion }));
  }

  /** What was done to the cluster: drawn beside the operations, never judged. */
  mark(kind: string, text: string): void {
    this.#append(
      `${JSON.stringify({ index: this.#index, time: this.#clock(), process: 'nemesis', type: 'info', f: kind, value: text })}\n`,
    );
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(line: string): void {
    writeSync(this.#file, line);
    this.#index += 1;
  }
}

/** Nanoseconds since now; exact up to a hundred days. */
export function startClock(): () => number {
  const origin = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - origin);
}
