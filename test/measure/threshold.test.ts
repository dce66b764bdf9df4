import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeVocabulary, judge, type Lookup, parseThreshold, type Vocabulary } from '../../src/measure/threshold.ts';

const VOCABULARY: Vocabulary = {
  numbers: ['mean', 'failed', 'n', 'model'],
  functions: ['p'],
  words: { parity: ['match', 'lag', 'mismatch'], verdict: ['ok', 'inconclusive'] },
};

const FIGURES: Readonly<Record<string, number | string | null>> = { mean: 90, failed: 0, n: 100, model: 80, parity: 'lag', verdict: 'ok' };
const lookup: Lookup = (name, argument) => (name === 'p' ? argument : (FIGURES[name] ?? null));

function threshold(text: string) {
  const parsed = parseThreshold(text, VOCABULARY);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const judged = (text: string, figures: Lookup = lookup) => judge(threshold(text), figures);

describe('a threshold compares', () => {
  test.each<[string, number | string, boolean]>([
    ['mean<100', 90, true],
    ['mean<90', 90, false],
    ['mean<=90', 90, true],
    ['mean>90', 90, false],
    ['mean>=90', 90, true],
    ['mean==90', 90, true],
    ['mean!=90', 90, false],
    ['failed==0', 0, true],
    ['p(95)<900', 95, true],
    ['p(99.9)==99.9', 99.9, true],
    ['p(100)==100', 100, true],
    ['  mean  <  100  ', 90, true],
    ['100>mean', 100, true],
    ['mean<model', 90, false],
    ['abs(mean-model)<50', 10, true],
    ['abs(model-mean)==10', 10, true],
    ['mean-2*model<0', -70, true],
    ['(mean-2)*model==7040', 7040, true],
    ['mean-10-80==0', 0, true],
    ['model/2/2==20', 20, true],
    ['model/(2/2)==80', 80, true],
    ['-mean+100==10', 10, true],
    ['--mean==90', 90, true],
    ['2--3==5', 5, true],
    ['-2*3==-6', -6, true],
    ['failed/n<=0.01', 0, true],
    ['0.1+0.2==0.3', 0.1 + 0.2, false],
    ['abs(-abs(-3))==3', 3, true],
    ['parity==lag', 'lag', true],
    ['parity==match', 'lag', false],
    ['parity!=match', 'lag', true],
    [' verdict == ok ', 'ok', true],
  ])('%s', (text, got, isMet) => {
    expect(judged(text)).toEqual({ got, isMet });
    expect(threshold(text).text).toBe(text.trim());
  });
});

describe('what does not exist meets nothing', () => {
  const nothing: Lookup = () => null;

  test.each(['<', '<=', '>', '>=', '==', '!='])('mean%s90', (comparison) => {
    expect(judged(`mean${comparison}90`, nothing)).toEqual({ got: null, isMet: false });
    expect(judged(`90${comparison}mean`, nothing)).toEqual({ got: null, isMet: false });
    expect(judged(`p(95)${comparison}p(95)`, nothing)).toEqual({ got: null, isMet: false });
  });

  test.each(['parity==match', 'parity!=match', 'abs(mean)<1', '0*mean==0', 'mean-mean==0', '-mean<1', '(mean)!=1'])('%s', (text) => {
    expect(judged(text, nothing)).toEqual({ got: null, isMet: false });
  });

  test('one side without a figure is not the other side that failed', () => {
    const noModel: Lookup = (name) => (name === 'mean' ? 90 : null);
    expect(judged('mean<100', noModel)).toEqual({ got: 90, isMet: true });
    expect(judged('mean<100+model', noModel)).toEqual({ got: null, isMet: false });
  });

  test.each(['1/failed>0', '1/failed<0', '1/failed!=0', '-1/failed<0', 'failed/failed==0', '1/(1/failed)==0'])(
    '%s: nothing is divided by zero',
    (text) => {
      expect(judged(text)).toEqual({ got: null, isMet: false });
    },
  );

  test('a word where a number is compared, because the vocabulary was wrong', () => {
    expect(judged('abs(mean)<1', () => 'ok')).toEqual({ got: null, isMet: false });
    expect(judged('mean+1<1', () => 'ok')).toEqual({ got: null, isMet: false });
  });
});

describe('what is no threshold is refused with what was expected', () => {
  const FIGURE = 'expected a figure among mean, failed, n, model, p(…), parity, verdict';
  const COMPARISON = 'expected a comparison (< <= > >= == !=) after the figure, as in p(95)<900';
  const SHAPE = 'expected a threshold like p(95)<900 or parity==match';

  test.each([
    ['', SHAPE],
    ['   ', SHAPE],
    ['mean', SHAPE],
    ['mean<', SHAPE],
    ['mean+', SHAPE],
    ['<90', FIGURE],
    ['mean=90', 'expected a threshold like p(95)<900, but cannot read "=90"'],
    ['mean<90ms', 'expected nothing after the threshold, got "ms"'],
    ['mean<90 n<3', 'expected nothing after the threshold, got "n"'],
    ['mean<90<100', 'expected nothing after the threshold, got "<"'],
    ['mean<1e3', 'expected nothing after the threshold, got "e3"'],
    ['mean<.5', 'expected a threshold like p(95)<900, but cannot read ".5"'],
    ['mean 90', COMPARISON],
    ['mean)<90', COMPARISON],
    ['avg<90', FIGURE],
    ['constructor<90', FIGURE],
    ['__proto__==match', FIGURE],
    ['Mean<90', FIGURE],
    ['mean<fast', FIGURE],
    ['p<90', 'expected "("'],
    ['p(95<90', 'expected ")"'],
    ['p()<90', 'expected p(…) of a number above 0 and up to 100'],
    ['p(0)<90', 'expected p(…) of a number above 0 and up to 100'],
    ['p(100.1)<90', 'expected p(…) of a number above 0 and up to 100'],
    ['p(-5)<90', 'expected p(…) of a number above 0 and up to 100'],
    ['p(mean)<90', 'expected p(…) of a number above 0 and up to 100'],
    ['mean(95)<90', COMPARISON],
    ['abs mean<90', 'expected "("'],
    ['abs(mean<90', 'expected ")"'],
    ['(mean<90', 'expected ")"'],
    ['parity==fine', 'expected one of match, lag, mismatch'],
    ['parity<match', 'expected == or != before a word'],
    ['parity', SHAPE],
    ['parity==match lag', 'expected nothing after the threshold, got "lag"'],
    ['parity+1==2', COMPARISON],
    ['(parity)==match', 'expected parity alone on the left, as in parity==match, because it is a word'],
    ['mean!=parity', 'expected parity alone on the left, as in parity==match, because it is a word'],
    ['abs(verdict)<1', 'expected verdict alone on the left, as in verdict==ok, because it is a word'],
    ['mean<90; n<3', 'expected a threshold like p(95)<900, but cannot read "; n<3"'],
  ])('%j', (text, expected) => {
    expect(parseThreshold(text, VOCABULARY)).toEqual({ ok: false, message: `${expected}, got ${JSON.stringify(text)}` });
  });

  test('nesting and length have an end', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}mean${')'.repeat(depth)}<1`;
    expect(parseThreshold(nested(19), VOCABULARY).ok).toBe(true);
    expect(parseThreshold(nested(20), VOCABULARY)).toMatchObject({
      message: expect.stringMatching(/^expected at most 20 levels of nesting/),
    });
    expect(parseThreshold(`${'-'.repeat(100)}mean<1`, VOCABULARY).ok).toBe(false);
    const long = `mean${'+1'.repeat(1e6)}<1`;
    expect(parseThreshold(long, VOCABULARY)).toMatchObject({
      message: expect.stringMatching(/^expected a threshold of at most 500 characters, got .{500,520}$/s),
    });
  });

  test('nothing throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'mean',
      'p',
      'abs',
      'parity',
      'match',
      '(',
      ')',
      '<',
      '==',
      '!=',
      '+',
      '-',
      '*',
      '/',
      '1',
      '95',
      '.',
      ' ',
      '=',
      '\u0000',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (words) => {
        const text = words.join('');
        const parsed = parseThreshold(text, VOCABULARY);
        if (parsed.ok) expect(judge(parsed.value, lookup).isMet).toBeTypeOf('boolean');
        else expect(parsed.message.startsWith('expected ')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a vocabulary names all that it has', () => {
  expect(describeVocabulary(VOCABULARY)).toBe('mean, failed, n, model, p(…), parity, verdict');
});

// Precedence and arithmetic as JavaScript has them: its engine is the judge. Divisors are above 0, because there the two part ways.
const divisor = fc.constantFrom('mean', 'n', 'p(50)', '4', '0.5');
const expression = fc.letrec<Record<'any' | 'operand', string>>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('mean', 'failed', 'n', 'model', 'p(50)', 'p(99.9)'),
    fc.integer({ min: 0, max: 1000 }).map(String),
    fc.constantFrom('0.25', '12.5'),
    tie('any').map((inner) => `(${inner})`),
    tie('any').map((inner) => `abs(${inner})`),
    tie('operand').map((inner) => `- ${inner}`),
  ),
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('operand'),
    fc.tuple(tie('any'), fc.constantFrom('+', '-', '*'), tie('any')).map(([a, operator, b]) => `${a} ${operator} ${b}`),
    fc.tuple(tie('any'), divisor).map(([a, b]) => `${a} / ${b}`),
  ),
})).any;

test('expressions mean what they mean in JavaScript', () => {
  const figures = { mean: 12.5, failed: 0, n: 100, model: 11 };
  const context = { ...figures, p: (argument: number) => argument * 3, abs: Math.abs };
  const found: Lookup = (name, argument) => (name === 'p' ? (argument as number) * 3 : (figures[name as keyof typeof figures] ?? null));
  const comparisons = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
  const texts = fc.tuple(expression, comparisons, expression).filter(([a, , b]) => a.length + b.length < 400);
  let judgedTexts = 0;
  fc.assert(
    fc.property(texts, ([left, comparison, right]) => {
      const text = `${left} ${comparison} ${right}`;
      const parsed = parseThreshold(text, VOCABULARY);
      // Deeper than 20 levels is no threshold.
      if (!parsed.ok && parsed.message.includes('levels of nesting')) return;
      const [got, isMet] = runInNewContext(`[${left}, ${left} ${comparison} ${right}]`, context) as [number, boolean];
      const judgement = judge(threshold(text), found);
      // -0 is 0.
      expect({ got: Number(judgement.got) + 0, isMet: judgement.isMet }, text).toEqual({ got: got + 0, isMet });
      judgedTexts += 1;
    }),
    { numRuns: 500 },
  );
  expect(judgedTexts).toBeGreaterThan(200);
});
