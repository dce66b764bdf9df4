/** Texts that are compared with a file, which `npm run test:update` writes anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '#entry';

/** `file` is relative to the package. */
export function expectGolden(file: string, text: string): void {
  const path = join(packageRoot, file);
  if (process.env.KVCTL_UPDATE_GOLDEN === '1') writeFileSync(path, text);
  else expect(text).toBe(readFileSync(path, 'utf8'));
}
