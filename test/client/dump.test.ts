import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDump } from '../../src/client/dump.ts';

const header = { node: 'n1', lineage: null, epoch: 1, head: '1.3', watermark: '1.3', purge_floor: '0.0', digest: 'd' };

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('a dump means the same however the network cuts it', async () => {
  const rows = fc.uniqueArray(
    fc.record({ key: fc.string({ unit: 'grapheme', minLength: 1 }), value: fc.option(fc.jsonValue(), { nil: undefined }) }),
    {
      selector: (row) => row.key,
    },
  );
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 7 }), async (items, size) => {
      const lines = items.map(({ key, value }, index) =>
        JSON.stringify({ key, ...(value === undefined ? {} : { value }), version: `2.${index}` }),
      );
      const document = [JSON.stringify({ ...header, count: items.length }), ...lines].map((line) => `${line}\n`).join('');
      const dump = await parseDump(cut(document, size));
      expect([...dump.rows]).toEqual(
        items.map(({ key, value }, index) => [
          key,
          { value: value === undefined ? null : JSON.stringify(value), version: { epoch: 2, seq: index } },
        ]),
      );
    }),
  );
});

test('a line in an order that nodes do not write is understood too', async () => {
  const document = `${JSON.stringify({ ...header, count: 1 })}\n{"version":"1.1","value":{ "a": 1 },"key":"k"}\n`;
  expect((await parseDump(cut(document, 64))).rows.get('k')?.value).toBe('{"a":1}');
});

test.each([
  ['', 'an empty answer'],
  ['<html>\n', 'a dump with the line "<html>"'],
  [`${JSON.stringify({ ...header, count: 0 })}\n{"key":1}\n`, 'a dump with the line "{\\"key\\":1}"'],
])('the document %j is refused as %s', async (document, message) => {
  await expect(parseDump(cut(document, 64))).rejects.toThrow(message);
});
