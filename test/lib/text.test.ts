import { describe, expect, test } from 'vitest';
import { displayWidth, jsonStart, visible } from '../../src/lib/text.ts';

describe('text from outside', () => {
  test.each([
    ['a\tb\r\n', 'a\\tb\\r\\n'],
    ['\u001b[2J', '\\u001b[2J'],
    ['\u0000\u007f\u009b', '\\u0000\\u007f\\u009b'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    ['äöü 日本 👩‍👩‍👧', 'äöü 日本 👩‍👩‍👧'],
  ])('%j is shown as %s', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test('may keep what it is allowed', () => {
    expect(visible('a\n\tb\u0007', /[\n\t]/)).toBe('a\n\tb\\u0007');
  });
});

describe('the width of', () => {
  test.each([
    ['nothing', '', 0],
    ['ASCII', 'n1 -', 4],
    ['colours', '\u001b[31mred\u001b[39m', 3],
    ['accents, also combining ones', 'é e\u0301', 3],
    ['Han, kana and Hangul', '日本かナ한', 10],
    ['half-width kana', 'ｶﾅ', 2],
    ['full-width letters', 'Ａ', 2],
    ['emoji, also of several code points', '🙂👩‍👩‍👧', 4],
    ['a sign that a selector makes an emoji', '❤️', 2],
    ['the same sign without it', '❤', 1],
    ['an ellipsis and an arrow', '… →', 3],
  ])('%s', (_name, text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('the beginning of a value', () => {
  test.each([
    [{ a: [1, null] }, '{"a":[1,null]}'],
    ['"', '"\\""'],
    [undefined, 'nothing'],
    ['x'.repeat(200), `"${'x'.repeat(119)}…`],
  ])('%j', (value, text) => {
    expect(jsonStart(value)).toBe(text);
  });

  test('is told of what is nested deeper than the stack, too', () => {
    expect(jsonStart(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).toContain('too deeply');
  });
});
