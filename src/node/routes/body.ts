/** Bodies of admin calls, checked by the schemas of the API. */
import type { z } from 'zod';
import { jsonStart } from '../../lib/text.ts';
import type * as Schemas from '../../wire/api.ts';
import { KvctlError } from '../../wire/errors.ts';

/** Loaded with the first change: zod takes 10 MB, and most nodes of a cluster never need it. */
export function schemas(): Promise<typeof Schemas> {
  return import('../../wire/api.ts');
}

export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown, example: string): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.');
  throw new KvctlError(
    'bad_request',
    `expected a body like ${example}, got ${jsonStart(body)} (${where}: ${issue?.message ?? 'not as expected'})`,
  );
}
