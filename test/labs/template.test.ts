import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PLACEHOLDERS, type Placeholder, type Template } from '../../src/labs/dialect.ts';
import { type Bindings, matchTemplate, placeholdersOf, renderTemplate, renderText } from '../../src/labs/template.ts';

const PARSED = JSON.parse('{"__proto__": 1, "a": {"constructor": [null, "x"]}}') as unknown;

describe('rendering', () => {
  const values = { key: 'k', value: { deep: [1, null] }, acks: 3, role: 'leader', leader: null, message: 'no "good"' };

  test.each<[Template, string]>([
    ['{value}', '{"deep":[1,null]}'],
    ['{leader}', 'null'],
    ['plain', '"plain"'],
    ['', '""'],
    [1.5, '1.5'],
    [null, 'null'],
    [{ key: '{key}', ok: true, n: [1, '{acks}'] }, '{"key":"k","ok":true,"n":[1,3]}'],
    ['key {key} not found', '"key k not found"'],
    ['{message}!', '"no \\"good\\"!"'],
    ['got {acks} as {role}: {value}', '"got 3 as leader: {\\"deep\\":[1,null]}"'],
    [{ '{key}': '{key}' }, '{"{key}":"k"}'],
    ['{nobody} {Key} { key }', '"{nobody} {Key} { key }"'],
    [[], '[]'],
    [{}, '{}'],
    [{ 'a"b': { c: [] } }, '{"a\\"b":{"c":[]}}'],
  ])('%j becomes %s', (template, text) => {
    expect(renderTemplate(template, values)).toBe(text);
  });

  test('a value called __proto__ is data', () => {
    expect(renderTemplate({ v: '{value}' }, { value: PARSED })).toBe('{"v":{"__proto__":1,"a":{"constructor":[null,"x"]}}}');
    expect(renderTemplate(JSON.parse('{"__proto__": "{key}"}') as Template, values)).toBe('{"__proto__":"k"}');
  });

  test('what a placeholder stands for is not read as a template again', () => {
    expect(renderTemplate('{key} {value}', { key: '{value}', value: '$&' })).toBe('"{value} $&"');
    expect(renderText('{key}', { key: '$& {key}' }, (text) => text)).toBe('$& {key}');
  });

  test('a placeholder that stands for nothing is a broken invariant', () => {
    expect(() => renderTemplate('{key}', {})).toThrow('{key}');
    expect(() => renderText('/{key}', {}, encodeURIComponent)).toThrow('{key}');
  });
});

describe('matching', () => {
  test.each<[Template, unknown, Bindings]>([
    ['{value}', { any: 1 }, { value: { any: 1 } }],
    [{ key: '{key}' }, { key: 'k', more: 1 }, { key: 'k' }],
    ['key {key} not found', 'key a key b not found', { key: 'a key b' }],
    ['key {key} not found', 'key  not found', { key: '' }],
    ['{acks} of {required}', '1 of 3', { acks: '1', required: '3' }],
    ['{acks} of {required}!', '1 of 3 of 4!', { acks: '1', required: '3 of 4' }],
    ['{key}{value}', 'ab', { key: '', value: 'ab' }],
    [{ a: '{acks}', b: 'got {acks}' }, { a: 2, b: 'got 2' }, { acks: 2 }],
    [{ b: 'got {acks}', a: '{acks}' }, { a: 2, b: 'got 2' }, { acks: 2 }],
    [[1, '{key}'], [1, 'k'], { key: 'k' }],
    [{ v: '{value}' }, { v: null }, { value: null }],
    [{ a: { b: true } }, { a: { b: true, c: 1 } }, {}],
  ])('%j takes %j', (template, value, bindings) => {
    expect(matchTemplate(template, value)).toEqual({ ok: true, value: bindings });
  });

  test.each<[Template, unknown, string]>([
    [{ key: '{key}' }, {}, 'expected the member key, got {}'],
    [{ a: { b: '{key}' } }, { a: { c: 1 } }, 'expected the member a.b, got {"c":1}'],
    [{ a: { b: 'x' } }, { a: { b: 'y' } }, 'expected a.b to be "x", got "y"'],
    [{ a: [true, '{key}'] }, { a: [false, 'k'] }, 'expected a[0] to be true, got false'],
    [{ a: ['{key}'] }, { a: ['k', 'l'] }, 'expected a to be a list of 1, got ["k","l"]'],
    [{ a: 1 }, [1], 'expected a JSON object, got [1]'],
    [{ a: 1 }, null, 'expected a JSON object, got null'],
    [{ a: 1 }, undefined, 'expected a JSON object, got nothing'],
    ['key {key} not found', 'key k found', 'expected a string like "key {key} not found", got "key k found"'],
    ['key {key} not found', 3, 'expected a string like "key {key} not found", got 3'],
    [{ a: '{key}', b: '{key}' }, { a: 'x', b: 'y' }, 'expected b to be "x", as {key} is elsewhere, got "y"'],
    [{ constructor: '{key}' }, {}, 'expected the member constructor, got {}'],
    [1, '1', 'expected 1, got "1"'],
  ])('%j refuses %j', (template, value, message) => {
    expect(matchTemplate(template, value)).toEqual({ ok: false, message });
  });

  test('a stranger’s long text costs linear time', () => {
    const text = `${'a'.repeat(2_000_000)}`;
    expect(matchTemplate('{key}ab{value}ab{message}ab', text).ok).toBe(false);
  });
});

// Words of templates are of other letters than what placeholders stand for inside of them: that is where text can be told apart.
const name = fc.constantFrom<Placeholder>(...PLACEHOLDERS);
const words = fc.string({ unit: fc.constantFrom('X', 'Y', ' ', '"', '{', '}', '\n', 'é'), maxLength: 6 });
const mixed = fc
  .tuple(
    words,
    fc.array(
      fc.tuple(
        name,
        words.filter((text) => text !== ''),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([first, rest]) => `${first || 'X'}${rest.map(([each, text]) => `{${each}}${text}`).join('')}`);
const template = fc.letrec<{ template: Template }>((tie) => ({
  template: fc.oneof(
    { maxDepth: 3 },
    name.map((each) => `{${each}}`),
    mixed,
    words,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('template'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(words, fc.constantFrom('__proto__', 'constructor', 'key')), tie('template'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).template;
const plain = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '0', '_'), maxLength: 8 });
const values = fc.record(
  Object.fromEntries(PLACEHOLDERS.map((each) => [each, plain])) as Record<Placeholder, typeof plain>,
) satisfies fc.Arbitrary<Bindings>;

test('what was rendered matches and gives back the same', () => {
  fc.assert(
    fc.property(template, values, (shape, given) => {
      const found = matchTemplate(shape, JSON.parse(renderTemplate(shape, given)));
      const wanted = Object.fromEntries([...placeholdersOf(shape)].map((each) => [each, given[each]]));
      expect(found).toEqual({ ok: true, value: wanted });
    }),
  );
});

test('a value of any JSON comes back whole', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.parse(JSON.stringify(value)) as unknown;
      const shape = { list: ['{value}'], member: '{value}' };
      expect(matchTemplate(shape, JSON.parse(renderTemplate(shape, { value: json })))).toEqual({ ok: true, value: { value: json } });
    }),
  );
});
