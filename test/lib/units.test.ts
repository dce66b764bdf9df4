import { expect, test } from 'vitest';
import { formatMs, parseDuration } from '../../src/lib/units.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  [' 0s ', 0],
])('"%s" is %d ms', (text, ms) => {
  expect(parseDuration(text)).toEqual({ ok: true, ms });
});

test.each(['', '30', 's', '-5s', '5 s', '1e3s', '5 minutes', 'Infinitys'])('"%s" is no duration', (text) => {
  expect(parseDuration(text)).toEqual({ ok: false, message: expect.stringContaining(`got ${JSON.stringify(text)}`) });
});

test('people read three digits in the unit that suits the size', () => {
  expect([0, 0.4236, 0.9999, 1.234, 12.34, 99.96, 123.4, 999.4].map(formatMs)).toEqual([
    '0.000 ms',
    '0.424 ms',
    '1.00 ms',
    '1.23 ms',
    '12.3 ms',
    '100 ms',
    '123 ms',
    '999 ms',
  ]);
  expect([999.5, 1234, 59_940, 59_960, 125_000, -5, Number.NaN].map(formatMs)).toEqual([
    '1.00 s',
    '1.23 s',
    '59.9 s',
    '1 min',
    '2 min 5 s',
    '-5.00 ms',
    'n/a',
  ]);
});
