/** Query parameters of a call: known ones only, each once. A misspelt parameter that is ignored would be a wrong answer. */
import { KvctlError } from './errors.ts';

/** The parameters by name, percent-decoded; those not given are undefined. */
export function parseQuery<Name extends string>(query: string, known: readonly Name[]): { readonly [name in Name]?: string } {
  const found: { [name in Name]?: string } = Object.create(null);
  if (query === '') return found;
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals)) as Name;
    if (!known.includes(name))
      throw new KvctlError(
        'bad_request',
        `expected ${known.length === 0 ? 'nothing' : `only ${known.join(', ')}`} in the query, got ${JSON.stringify(name)}`,
      );
    if (found[name] !== undefined) throw new KvctlError('bad_request', `expected ${name} once in the query, got it twice`);
    found[name] = decode(equals === -1 ? '' : part.slice(equals + 1));
  }
  return found;
}

/** An integer from `min` to `max` out of a query parameter. */
export function integerParameter(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new KvctlError('bad_request', `expected ${name} to be an integer from ${min} to ${max}, got ${JSON.stringify(text)}`);
  return value;
}

function decode(text: string): string {
  // A parser hands raw bytes over as Latin-1; taken as they are they would be another text than the one that was meant.
  if (/[^\x20-\x7e]/.test(text))
    throw new KvctlError('bad_request', `expected a percent-encoded query, got raw bytes in ${JSON.stringify(text.slice(0, 80))}`);
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new KvctlError('bad_request', `expected a percent-encoded query, got ${JSON.stringify(text.slice(0, 80))}`, {}, cause);
  }
}
