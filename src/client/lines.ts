/** NDJSON answers, read as they stream in. */
import type { z } from 'zod';
import { LineSplitter } from '../lib/line-splitter.ts';

/** Without empty ones. Throws a TypeError where it is no UTF-8. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const lines = new LineSplitter({ isStrict: true });
  for await (const piece of pieces) yield* lines.push(piece).filter((line) => line !== '');
  const rest = lines.end();
  if (rest.trim() !== '') yield rest;
}

/** Throws an Error that says what was got instead; `what` is what it is a line of. */
export function parseLine<T>(line: string, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    throw new Error(`${what} with the line ${JSON.stringify(line.slice(0, 80))}`, { cause: error });
  }
}
