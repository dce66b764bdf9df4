/** What the README says in tables and commands is what the code does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../../src/cli/verbs.ts';
import { API_ERRORS } from '../../src/wire/errors.ts';

const README = new URL('../../README.md', import.meta.url);
const OPEN = '<!-- errors: made from src/wire/errors.ts by `npm run test:update` -->\n';
const CLOSE = '<!-- /errors -->';

function errorTable(): string {
  const rows = Object.entries(API_ERRORS).map(
    ([code, { status, definite, when }]) => `| \`${code}\` | ${status} | ${definite ? 'definite' : '**indefinite**'} | ${when} |`,
  );
  return ['| error | status | | when |', '|---|---|---|---|', ...rows, ''].join('\n');
}

describe('the README', () => {
  it('lists every error of the registry, with its status and whether it is definite', () => {
    const text = readFileSync(README, 'utf8');
    const [before, rest] = text.split(OPEN) as [string, string];
    const after = rest.slice(rest.indexOf(CLOSE));
    const made = before + OPEN + errorTable() + after;
    if (process.env.KVCTL_UPDATE_GOLDEN === '1') writeFileSync(README, made);
    else expect(text).toBe(made);
  });

  it('names every verb that the command line has', () => {
    const text = readFileSync(README, 'utf8');
    for (const verb of Object.keys(VERBS)) expect(text, `the verb ${verb}`).toMatch(new RegExp(`\\b${verb}\\b`));
  });
});
