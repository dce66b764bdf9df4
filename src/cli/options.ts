/**
 * How the text of options and arguments becomes typed values: one parser per kind of value, and the same sentence for the
 * same mistake everywhere. A parser answers lib's Result; commander gets to know only what it needs to.
 */
import { InvalidArgumentError, Option } from 'commander';
import { fail, ok, type Result } from '../lib/result.ts';
import { parseDuration } from '../lib/units.ts';

export type Parse<T> = (text: string) => Result<T>;

/** An option whose text is parsed by `parse`; a mistake ends with exit code 2 and says what was expected. */
export function option<T>(flags: string, description: string, parse: Parse<T>): Option {
  return new Option(flags, description).argParser(parsedBy(parse));
}

/** The same for `command.argument(name, description, parsedBy(parse))`. */
export function parsedBy<T>(parse: Parse<T>): (text: string) => T {
  return (text) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new InvalidArgumentError(parsed.message);
    return parsed.value;
  };
}

/** `500ms`, `30s`, `2m` to milliseconds. */
export function duration(text: string): Result<number> {
  const parsed = parseDuration(text);
  return parsed.ok ? ok(parsed.ms) : parsed;
}

/** A whole number in [min, max]. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Parse<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? ok(value) : fail(`expected a whole number ${range}, got ${JSON.stringify(text)}`);
  };
}

/** A share, [0, 1]. */
export function share(text: string): Result<number> {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  return value <= 1 ? ok(value) : fail(`expected a share from 0 to 1, like 0.1, got ${JSON.stringify(text)}`);
}

/** The text that follows a verb's options in its help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
