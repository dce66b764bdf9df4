/** docs/failures.md and the numbers in the titles of the tests say the same. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '#entry';

const COUNT = 56;

/** Rows of the table: the files that it names, none where it gives a reason. */
const rows = new Map(
  [...readFileSync(join(packageRoot, 'docs', 'failures.md'), 'utf8').matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)].map(
    ([, number, , shown = '']) => [Number(number), [...shown.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file as string)] as const,
  ),
);

/** The numbers in a file's titles; of a play, whose title is its first line, in that. */
function numbersIn(file: string): Set<number> {
  const text = readFileSync(join(packageRoot, file), 'utf8');
  const titles = file.endsWith('.txt') ? (text.split('\n')[0] ?? '') : text;
  return new Set([...titles.matchAll(/\(failures? ([\d, ]+)\)/g)].flatMap(([, list = '']) => list.split(', ').map(Number)));
}

const titled = readdirSync(join(packageRoot, 'test'), { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => /\.test\.ts$|testdata\/[^/]+\.txt$/.test(file) && file !== 'test/docs/failures.test.ts');

test('every failure has a row, and every row has tests or a reason', () => {
  const known = [...rows.keys()].sort((a, b) => a - b);
  expect(known).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
});

test('a file that the table names exists and has a title with that number', () => {
  const named = [...rows].flatMap(([number, files]) => files.map((file) => ({ number, file })));
  const empty = named.filter(({ number, file }) => !existsSync(join(packageRoot, file)) || !numbersIn(file).has(number));
  expect(empty).toEqual([]);
});

test('a number in a title is in the table, with that file', () => {
  const lost = titled.flatMap((file) =>
    [...numbersIn(file)].flatMap((number) => (rows.get(number)?.includes(file) ? [] : [{ number, file }])),
  );
  expect(lost).toEqual([]);
});
