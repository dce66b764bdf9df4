import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { playScript } from '../support/core-script.ts';

const TESTDATA = fileURLToPath(new URL('testdata/', import.meta.url));

test.each(readdirSync(TESTDATA).filter((name) => name.endsWith('.txt')))('%s happens as it is written', (name) => {
  const path = `${TESTDATA}${name}`;
  const written = readFileSync(path, 'utf8');
  const happened = playScript(written);
  if (process.env.KVCTL_UPDATE_GOLDEN === '1') writeFileSync(path, happened);
  else expect(happened).toBe(written);
});
