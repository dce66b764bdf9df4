import { expect, test } from 'vitest';
import { parseOrigin } from '../../src/lib/origin.ts';

test.each([
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
  ['http://127.0.0.1:8000/', 'http://127.0.0.1:8000'],
  ['https://kv.example.com', 'https://kv.example.com'],
  ['http://[::1]:8000', 'http://[::1]:8000'],
  ['HTTP://LocalHost:80', 'http://localhost'],
])('%s is the address of a server', (text, value) => {
  expect(parseOrigin(text)).toEqual({ ok: true, value });
});

test.each([
  [''],
  ['ftp://127.0.0.1'],
  ['http://127.0.0.1:8000/status'],
  ['http://127.0.0.1:8000/?a=b'],
  ['http://user:word@127.0.0.1:8000'],
  ['http://'],
  ['http://127.0.0.1:99999'],
])('%j is none', (text) => {
  expect(parseOrigin(text)).toEqual({ ok: false, message: `expected an address like http://127.0.0.1:8000, got ${JSON.stringify(text)}` });
});

test.each(['127.0.0.1:8000', 'localhost', 'kv-1.example.com:80/'])('%s gets the advice to say http', (text) => {
  expect(parseOrigin(text)).toMatchObject({ ok: false, message: expect.stringMatching(`: try http://${text}$`) });
});
