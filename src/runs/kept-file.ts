/**
 * One file of a run folder read and checked: a document, or a record per line.
 *
 * Not here: which files make a run (kept.ts) and what is in them (schema.ts, durability-schema.ts).
 * Invariant: what is returned is what kvctl writes; anything else is an `io` error that names file and place. A file that is missing is
 * null, or has no records.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { KvctlError } from '../wire/errors.ts';

/** null if there is no such file. */
export async function readDocument<T>(dir: string, file: string, schema: z.ZodType<T>): Promise<T | null> {
  const value = await readJson(dir, file);
  return value === null ? null : checkDocument(dir, file, value, schema);
}

/** null if there is no such file. */
export async function readJson(dir: string, file: string): Promise<object | null> {
  const path = join(dir, file);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw broken(path, `expected to read ${path}, got ${error.message}`, error);
  });
  if (text === null) return null;
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null) return value;
  throw broken(path, `expected a JSON document in ${path}, got ${text === '' ? 'an empty file' : 'text that is none'}`);
}

export function checkDocument<T>(dir: string, file: string, value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = join(dir, file);
  throw broken(
    path,
    `expected ${path} as kvctl writes it, got another document: ${firstIssue(parsed.error)}. Was it edited, or is it of another version?`,
  );
}

/** Path and complaint of the first thing that is wrong. */
function firstIssue({ issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return 'something is wrong';
  const where = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `${where.replace(/^\./, '') || 'the whole'}: ${issue.message}`;
}

/** Records of one file by row, in their order. */
export async function readRows<T extends { readonly row: string }>(
  dir: string,
  file: string,
  schema: z.ZodType<T>,
  remarks: string[],
): Promise<ReadonlyMap<string, readonly T[]>> {
  const rows = new Map<string, T[]>();
  await readRecords(dir, file, schema, remarks, (record) => {
    const group = rows.get(record.row);
    if (group === undefined) rows.set(record.row, [record]);
    else group.push(record);
  });
  return rows;
}

/** One record per line. A last line that does not parse is torn, because the writer died within it; any other is a mistake. */
export async function readRecords<T>(
  dir: string,
  file: string,
  schema: z.ZodType<T>,
  remarks: string[],
  keep: (record: T) => void,
): Promise<void> {
  const path = join(dir, file);
  let number = 0;
  let torn: number | null = null;
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw broken(path, `expected to read ${path}, got ${error.message}`, error);
  });
  if (handle === null) return;
  try {
    for await (const line of handle.readLines({ autoClose: false })) {
      number += 1;
      if (line === '') continue;
      if (torn !== null) throw broken(path, `expected one JSON document per line in ${path}, got something else in line ${torn}`);
      const value = parseJson(line);
      if (value === undefined) torn = number;
      else keep(checkDocument(dir, `${file}, line ${number},`, value, schema));
    }
  } finally {
    await handle.close();
  }
  if (torn !== null) remarks.push(`the last line of ${file} is torn and left out: the run died while it was written`);
}

/** undefined: it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function broken(path: string, message: string, cause?: unknown): KvctlError {
  return new KvctlError('io', message, { path }, cause);
}
