/**
 * Values: any JSON value, parsed once, at the leader; its JSON.stringify text is what is stored, replicated, compared and returned.
 */
import { KvctlError } from './errors.ts';

/** The `value` of a write's body as the text to store. */
export function valueText(body: string, maxBytes: number): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new KvctlError(
      'bad_request',
      `expected a JSON body like {"value": 1}, got ${JSON.stringify(body.slice(0, 80))} (${(cause as Error).message})`,
      {},
      cause,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || !Object.hasOwn(parsed, 'value')) {
    throw new KvctlError('bad_request', `expected a JSON object with the member "value", got ${JSON.stringify(body.slice(0, 80))}`);
  }
  return storedText((parsed as { value: unknown }).value, maxBytes);
}

/** A value's JSON text as it is stored. Throws `bad_request`, or `too_large` for more than `maxBytes` of text. */
export function storedText(value: unknown, maxBytes: number): string {
  const text = stringify(value);
  const bytes = text.length * 3 <= maxBytes ? text.length : Buffer.byteLength(text);
  if (bytes > maxBytes)
    throw new KvctlError('too_large', `expected a value of at most ${maxBytes} bytes of JSON, got ${bytes}`, {
      bytes,
      max_bytes: maxBytes,
    });
  return text;
}

function stringify(value: unknown): string {
  try {
    // Only numbers, alone or inside of something, can be infinite.
    const mayHoldNumbers = typeof value === 'number' || (typeof value === 'object' && value !== null);
    return JSON.stringify(value, mayHoldNumbers ? refuseInfinite : undefined);
  } catch (cause) {
    if (cause instanceof KvctlError) throw cause;
    throw new KvctlError('bad_request', 'expected a value nested less deeply, got one that is too deep to be written as text', {}, cause);
  }
}

/** JSON has no infinity: the parser makes one of 1e400, and stringify would silently make null of that. */
function refuseInfinite(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new KvctlError('bad_request', 'expected numbers that a double can hold (below about 1.8e308), got one that becomes infinite');
  }
  return value;
}
