/**
 * Ctrl-C and SIGTERM for one run of the command line. A verb without anything to put back is ended at once; one with
 * (`isGraceful`) is told by the signal, and ended at once by the next interrupt.
 */
import { EXIT } from './exit.ts';

/**
 * Under `npx` and `npm run` one Ctrl-C arrives twice, from the terminal and forwarded by npm. Two within this time are one;
 * nobody means to force within it.
 */
const SAME_KEYSTROKE_MS = 500;

export class Interrupts {
  /** The first interrupt aborts `signal` and leaves the rest to the verb. */
  isGraceful = false;
  readonly #controller = new AbortController();
  readonly #announce: (text: string) => void;
  #firstAtMs: number | null = null;

  constructor(announce: (text: string) => void) {
    this.#announce = announce;
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => this.#onInterrupt());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isInterrupted(): boolean {
    return this.#firstAtMs !== null;
  }

  /** Nobody reads the result any more: whoever writes without end shall stop, and it is no interrupt. */
  stopWriting(): void {
    this.#controller.abort();
  }

  #onInterrupt(): void {
    const nowMs = performance.now();
    if (!this.isGraceful || (this.#firstAtMs !== null && nowMs - this.#firstAtMs > SAME_KEYSTROKE_MS)) process.exit(EXIT.interrupted);
    if (this.#firstAtMs !== null) return;
    this.#firstAtMs = nowMs;
    this.#announce('interrupted: putting everything back (once more to leave it as it is)');
    this.#controller.abort();
  }
}
