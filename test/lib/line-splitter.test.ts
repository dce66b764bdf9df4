import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../src/lib/line-splitter.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('lines are the same however the bytes are cut, and end at a line feed only', () => {
  const part = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', '\r', '\u2028', '\u2029', '\u{1F600}', '\n\n'));
  fc.assert(
    fc.property(fc.array(part), fc.integer({ min: 1, max: 7 }), (parts, size) => {
      const text = parts.join('').toWellFormed().replaceAll('\uFEFF', '');
      const bytes = bytesOf(text);
      const splitter = new LineSplitter({ isStrict: true });
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)));
      expect([...lines, splitter.end()]).toEqual(text.split('\n'));
    }),
  );
});

test('bytes that are no UTF-8 are refused where that is asked for, and replaced elsewhere', () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x0a, 0x62);
  expect(() => new LineSplitter({ isStrict: true }).push(bytes)).toThrow(TypeError);
  const lenient = new LineSplitter({ isStrict: false });
  expect([...lenient.push(bytes), lenient.end()]).toEqual(['a\uFFFD', 'b']);
});
