/**
 * Values as small numbers, so that a judge compares integers. Two values are the same if they are the same JSON, whatever the order of
 * their members.
 *
 * Invariant: ABSENT, a register that was never written or was deleted, is what reading null means; a written null is the same state.
 */
import { fail, ok, type Result } from '../lib/result.ts';

export type Value = number;

export const ABSENT: Value = 0;

export class Values {
  readonly #texts: string[] = ['null'];
  readonly #numbers = new Map<string, Value>([['null', ABSENT]]);

  /** Fails for what JSON's numbers cannot tell apart. */
  intern(value: unknown): Result<Value> {
    let text: string;
    try {
      text = canonical(value);
    } catch (error) {
      return fail(error instanceof RangeError ? 'expected a value, got one that is nested too deeply' : (error as Error).message);
    }
    const known = this.#numbers.get(text);
    if (known !== undefined) return ok(known);
    const number = this.#texts.length;
    this.#texts.push(text);
    this.#numbers.set(text, number);
    return ok(number);
  }

  /** As JSON. */
  textOf(value: Value): string {
    return this.#texts[value] as string;
  }
}

function canonical(value: unknown): string {
  if (typeof value === 'number' && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))) {
    throw new Error(`expected integers up to 2^53 - 1, because greater ones are not told apart, got ${value}: write it as a text`);
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
