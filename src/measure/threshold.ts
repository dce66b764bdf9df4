/**
 * Thresholds: what a run has to show to pass. The grammar is k6's (`p(95)<900`, `rate>=10`: a figure, a comparison, a value),
 * with arithmetic on both sides, because a figure is often to be judged against another one: `abs(mean-model)<50`.
 *
 *   threshold  = expression ("<" | "<=" | ">" | ">=" | "==" | "!=") expression, or word ("==" | "!=") word
 *   expression = term { ("+" | "-") term };  term = factor { ("*" | "/") factor }
 *   factor     = number | figure | figure "(" number ")" | "abs" "(" expression ")" | "(" expression ")" | "-" factor
 *
 * Not here: where figures come from (figures.ts). Invariant: a figure that does not exist (no sample, no model) meets no threshold, `!=`
 * included: what was not measured has not passed.
 * Source: thresholds of k6, https://grafana.com/docs/k6/latest/using-k6/thresholds/
 */
import { unreachable } from '../lib/assert.ts';
import { fail, ok, type Result } from '../lib/result.ts';

export interface Threshold {
  /** As it was written. */
  readonly text: string;
  readonly left: Expression;
  readonly comparison: Comparison;
  readonly right: Expression;
}

export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'figure'; readonly name: string; readonly argument: number | null }
  | { readonly kind: 'abs'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: '+' | '-' | '*' | '/'; readonly left: Expression; readonly right: Expression };

/** The figures that a kind of thing has. */
export interface Vocabulary {
  /** Numbers by name, e.g. `mean`. */
  readonly numbers: readonly string[];
  /** Numbers that take an argument, e.g. `p(95)`. */
  readonly functions: readonly string[];
  /** Words by name, e.g. `parity`, and what each may be. */
  readonly words: Readonly<Record<string, readonly string[]>>;
}

/** The value of a figure, by name and argument; null if there is none. */
export type Lookup = (name: string, argument: number | null) => number | string | null;

export interface Judgement {
  /** What the left side was: the figure, or the expression's value. null: one of the two sides does not exist. */
  readonly got: number | string | null;
  readonly isMet: boolean;
}

/** Refuses with a sentence what is no threshold over this vocabulary. */
export function parseThreshold(text: string, vocabulary: Vocabulary): Result<Threshold> {
  try {
    return ok(new Parser(text, vocabulary).threshold());
  } catch (error) {
    if (error instanceof Mistake) return fail(`${error.message}, got ${JSON.stringify(text.slice(0, MAX_LENGTH))}`);
    throw error;
  }
}

export function judge(threshold: Threshold, lookup: Lookup): Judgement {
  const got = evaluate(threshold.left, lookup);
  const wanted = evaluate(threshold.right, lookup);
  if (got === null || wanted === null) return { got: null, isMet: false };
  return { got, isMet: compare(got, threshold.comparison, wanted) };
}

/** Names, for messages: `mean, p(95), …`. */
export function describeVocabulary({ numbers, functions, words }: Vocabulary): string {
  return [...numbers, ...functions.map((name) => `${name}(…)`), ...Object.keys(words)].join(', ');
}

function evaluate(expression: Expression, lookup: Lookup): number | string | null {
  switch (expression.kind) {
    case 'number':
    case 'word':
      return expression.value;
    case 'figure':
      return lookup(expression.name, expression.argument);
    case 'abs': {
      const value = evaluate(expression.of, lookup);
      return typeof value === 'number' ? Math.abs(value) : null;
    }
    case 'binary': {
      const left = evaluate(expression.left, lookup);
      const right = evaluate(expression.right, lookup);
      if (typeof left !== 'number' || typeof right !== 'number') return null;
      const result = calculate(left, expression.operator, right);
      return Number.isFinite(result) ? result : null;
    }
    default:
      return unreachable(expression);
  }
}

function calculate(left: number, operator: '+' | '-' | '*' | '/', right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      return unreachable(operator);
  }
}

function compare(got: number | string, comparison: Comparison, wanted: number | string): boolean {
  switch (comparison) {
    case '<':
      return got < wanted;
    case '<=':
      return got <= wanted;
    case '>':
      return got > wanted;
    case '>=':
      return got >= wanted;
    case '==':
      return got === wanted;
    case '!=':
      return got !== wanted;
    default:
      return unreachable(comparison);
  }
}

class Mistake extends Error {}

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z_0-9]*)|(<=|>=|==|!=|[-<>+*/()]))/y;
const COMPARISONS: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
/** Deeper nesting, or a longer text, is no threshold that anybody means. */
const MAX_DEPTH = 20;
const MAX_LENGTH = 500;

class Parser {
  readonly #text: string;
  readonly #vocabulary: Vocabulary;
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string, vocabulary: Vocabulary) {
    this.#text = text;
    this.#vocabulary = vocabulary;
    this.#tokens = tokensOf(text);
  }

  threshold(): Threshold {
    const [first = ''] = this.#tokens;
    const word = this.#words(first);
    if (word !== null) this.#at += 1;
    const left: Expression = word === null ? this.#expression() : { kind: 'figure', name: first, argument: null };
    const comparison = this.#next();
    if (!COMPARISONS.includes(comparison)) {
      throw new Mistake(`expected a comparison (${COMPARISONS.join(' ')}) after the figure, as in p(95)<900`);
    }
    const right = word === null ? this.#expression() : this.#word(comparison, word);
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new Mistake(`expected nothing after the threshold, got ${JSON.stringify(rest)}`);
    return { text: this.#text.trim(), left, comparison: comparison as Comparison, right };
  }

  #word(comparison: string, allowed: readonly string[]): Expression {
    const value = this.#next();
    if (comparison !== '==' && comparison !== '!=') throw new Mistake('expected == or != before a word');
    if (!allowed.includes(value)) throw new Mistake(`expected one of ${allowed.join(', ')}`);
    return { kind: 'word', value };
  }

  #expression(): Expression {
    let left = this.#term();
    for (let operator = this.#peek(); operator === '+' || operator === '-'; operator = this.#peek()) {
      this.#at += 1;
      left = { kind: 'binary', operator, left, right: this.#term() };
    }
    return left;
  }

  #term(): Expression {
    let left = this.#factor();
    for (let operator = this.#peek(); operator === '*' || operator === '/'; operator = this.#peek()) {
      this.#at += 1;
      left = { kind: 'binary', operator, left, right: this.#factor() };
    }
    return left;
  }

  #factor(): Expression {
    if (++this.#depth > MAX_DEPTH) throw new Mistake(`expected at most ${MAX_DEPTH} levels of nesting`);
    try {
      return this.#unnested(this.#next());
    } finally {
      this.#depth -= 1;
    }
  }

  #unnested(token: string): Expression {
    if (/^\d/.test(token)) return { kind: 'number', value: Number(token) };
    if (token === '-') return { kind: 'binary', operator: '-', left: { kind: 'number', value: 0 }, right: this.#factor() };
    if (token === '(') return this.#inBrackets();
    if (token === 'abs') {
      this.#expect('(');
      return { kind: 'abs', of: this.#inBrackets() };
    }
    return this.#figure(token);
  }

  #inBrackets(): Expression {
    const inner = this.#expression();
    this.#expect(')');
    return inner;
  }

  #figure(name: string): Expression {
    const { numbers, functions } = this.#vocabulary;
    if (functions.includes(name)) {
      this.#expect('(');
      const argument = Number(this.#next());
      if (!(argument > 0 && argument <= 100)) throw new Mistake(`expected ${name}(…) of a number above 0 and up to 100`);
      this.#expect(')');
      return { kind: 'figure', name, argument };
    }
    if (numbers.includes(name)) return { kind: 'figure', name, argument: null };
    const words = this.#words(name);
    if (words !== null) throw new Mistake(`expected ${name} alone on the left, as in ${name}==${words[0]}, because it is a word`);
    throw new Mistake(`expected a figure among ${describeVocabulary(this.#vocabulary)}`);
  }

  #words(name: string): readonly string[] | null {
    return Object.hasOwn(this.#vocabulary.words, name) ? (this.#vocabulary.words[name] ?? null) : null;
  }

  #expect(token: string): void {
    if (this.#next() !== token) throw new Mistake(`expected ${JSON.stringify(token)}`);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Mistake('expected a threshold like p(95)<900 or parity==match');
    this.#at += 1;
    return token;
  }
}

function tokensOf(text: string): string[] {
  if (text.length > MAX_LENGTH) throw new Mistake(`expected a threshold of at most ${MAX_LENGTH} characters`);
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (match === null) throw new Mistake(`expected a threshold like p(95)<900, but cannot read ${JSON.stringify(trimmed.slice(at))}`);
    tokens.push(match[1] ?? match[2] ?? (match[3] as string));
  }
  return tokens;
}
