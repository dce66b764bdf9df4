import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { playScript } from '../support/core-script.ts';

const TESTDATA = fileURLToPath(new URL('testdata/', import.meta.url));

/** With the line that says what it is about. */
const PLAYS = readdirSync(TESTDATA)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => [name, readFileSync(`${TESTDATA}${name}`, 'utf8').split('\n')[0]?.replace(/^# /, '')] as const);

test.each(PLAYS)('%s happens as it is written: %s', (name) => {
  const path = `${TESTDATA}${name}`;
  const written = readFileSync(path, 'utf8');
  const happened = playScript(written);
  if (process.env.KVCTL_UPDATE_GOLDEN === '1') writeFileSync(path, happened);
  else expect(happened).toBe(written);
});
