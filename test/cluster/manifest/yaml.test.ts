import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { renderYaml } from '../../../src/cluster/manifest/yaml.ts';

test('a text stays a text for readers of YAML 1.1 and 1.2, whatever it looks like', () => {
  const texts = [
    'yes',
    'off',
    'null',
    '~',
    '',
    '3',
    '0x1f',
    '0o17',
    '017',
    '1e3',
    '1_000',
    '12:30',
    '2026-01-02',
    '.inf',
    '- a',
    'a: b',
    '#',
    '<<',
    '=',
    '1234e567',
    'a\nb\n',
  ];
  const rendered = renderYaml([], [{ texts, map: Object.fromEntries(texts.map((text) => [text, text])) }]);
  for (const version of ['1.1', '1.2'] as const) {
    expect(parse(rendered, { version })).toEqual({ texts, map: Object.fromEntries(texts.map((text) => [text, text])) });
  }
});

test('long lines are not folded, and what occurs twice is written twice', () => {
  const shared = { text: 'word '.repeat(100).trim() };
  const rendered = renderYaml([], [{ a: shared, b: shared }]);
  expect(rendered.split('\n')).toHaveLength(6);
  expect(rendered).not.toMatch(/[&*]a/);
});

test('the comment stands before the first document', () => {
  const rendered = renderYaml(['what it is', '', 'what to do'], [{ a: 1 }, { b: 2 }]);
  expect(rendered).toBe('# what it is\n#\n# what to do\n---\na: 1\n---\nb: 2\n');
  expect(parseAllDocuments(rendered).map((document) => document.toJS())).toEqual([{ a: 1 }, { b: 2 }]);
});
