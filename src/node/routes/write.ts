/** What `PUT` and `DELETE /kv/:key` share: options, errors, timing. */
import type { WriteFailure, WriteSuccess } from '../../core/message.ts';
import { KvctlError } from '../../wire/errors.ts';
import { integerParameter, parseQuery } from '../../wire/query.ts';

export const MAX_TIMEOUT_MS = 600_000;

export interface WriteOptions {
  readonly need: number | null;
  readonly timeoutMs: number | null;
}

const NO_OPTIONS: WriteOptions = { need: null, timeoutMs: null };

export function parseWriteOptions(query: string): WriteOptions {
  if (query === '') return NO_OPTIONS;
  const { quorum, timeout_ms: timeout } = parseQuery(query, ['quorum', 'timeout_ms']);
  if (quorum !== undefined && !/^\d{1,6}$/.test(quorum)) {
    throw new KvctlError(
      'invalid_quorum',
      `expected quorum to be an integer from 0 to the number of followers, got ${JSON.stringify(quorum)}`,
      { got: quorum },
    );
  }
  return {
    need: quorum === undefined ? null : Number(quorum),
    timeoutMs: timeout === undefined ? null : integerParameter('timeout_ms', timeout, 1, MAX_TIMEOUT_MS),
  };
}

/** The detail of a quorum that was not met repeats the message: it is then what lab 2 answers, whose calls kvctl's own are a superset of. */
export function writeError({ code, message, detail }: WriteFailure): KvctlError {
  return new KvctlError(code, message, code === 'quorum_not_met' ? { message, ...detail } : detail);
}

/** The standard header: ms with three decimals, since admission. */
export function serverTiming({ storeMs, quorumMs, floorMs }: WriteSuccess): string {
  return `store;dur=${storeMs.toFixed(3)}, quorum;dur=${quorumMs.toFixed(3)}, floor;dur=${floorMs.toFixed(3)}`;
}
