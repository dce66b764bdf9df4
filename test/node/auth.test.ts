import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { authorizer, needsToken } from '../../src/node/auth.ts';
import { KvctlError } from '../../src/wire/errors.ts';

const TOKEN = 'correct-horse-battery';
const request = (authorization?: string) => ({ headers: authorization === undefined ? {} : { authorization } }) as IncomingMessage;

function codeOf(authorization?: string): string {
  try {
    authorizer(TOKEN)(request(authorization));
    return 'welcome';
  } catch (error) {
    return error instanceof KvctlError ? error.code : String(error);
  }
}

describe('the cluster token', () => {
  test('opens', () => {
    expect(codeOf(`Bearer ${TOKEN}`)).toBe('welcome');
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    TOKEN,
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}x`,
    `Bearer x${TOKEN}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer  ${TOKEN}`,
    `Bearer ${TOKEN} `,
    `Bearer ${TOKEN}, Bearer ${TOKEN}`,
    `Bearer ${'x'.repeat(100_000)}`,
    'Bearer ÿÿÿ',
  ])('is asked for: %j is refused', (authorization) => {
    expect(codeOf(authorization)).toBe('unauthorized');
  });

  test('is not in the refusal', () => {
    expect(() => authorizer(TOKEN)(request('Bearer other'))).toThrow(
      /^expected the cluster token as "Authorization: Bearer …" .*got another token$/,
    );
    expect(() => authorizer(TOKEN)(request())).toThrow(/got no Authorization header$/);
  });

  test('is not asked for where there is none', () => {
    expect(() => authorizer(null)(request())).not.toThrow();
  });
});

test.each([
  ['/replicate', true],
  ['/replicate/', true],
  ['/internal/look', true],
  ['/internal', true],
  ['/internal/nothing', true],
  ['/admin', true],
  ['/admin/quorum', true],
  ['/adminx', false],
  ['/replicated', false],
  ['/kv/admin', false],
  ['/kv//admin/quorum', false],
  ['/Admin/quorum', false],
  ['/', false],
  ['/status', false],
  ['/dump', false],
])('%s is behind the token: %s', (path, isBehind) => {
  expect(needsToken(path)).toBe(isBehind);
});
