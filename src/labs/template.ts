/**
 * Templates read and written: a value becomes JSON text by a template, and JSON is matched against one, which gives back what its
 * placeholders stood for.
 *
 * Not here: requests and answers as a whole (call.ts). Nothing is parsed or checked but the spelling: that a key is a string of at most so
 * many bytes is the reader's business.
 * Invariant: what was rendered matches, and gives back the same values; text inside of a longer string only as text, and only where
 * the template's own words do not occur in it.
 */
import { assert } from '../lib/assert.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { jsonStart } from '../lib/text.ts';
import { PLACEHOLDERS, type Placeholder, type Template } from './dialect.ts';

/** What the placeholders stand for, as parsed JSON. */
export type Bindings = { readonly [name in Placeholder]?: unknown };

/** The same as JSON text, for who has it as text already. */
export type Texts = { readonly [name in Placeholder]?: string };

/** JSON text in pieces: as it stands, or what a placeholder stands for, as a value of its own or as text inside of a string. */
export type Piece = string | { readonly name: Placeholder; readonly isWhole: boolean };

const PLACEHOLDER = new RegExp(`\\{(${PLACEHOLDERS.join('|')})\\}`, 'g');

/** The template as JSON text with holes, to be rendered more than once, or piece by piece. Neighbouring text is one piece. */
export function piecesOf(template: Template): readonly Piece[] {
  const pieces: Piece[] = [];
  const add = (piece: Piece) => {
    const last = pieces.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') pieces[pieces.length - 1] = last + piece;
    else pieces.push(piece);
  };
  const walk = (part: Template) => {
    if (typeof part === 'string') {
      for (const piece of stringPieces(part)) add(piece);
    } else if (typeof part !== 'object' || part === null) {
      add(JSON.stringify(part));
    } else if (isList(part)) {
      add('[');
      part.forEach((each, index) => {
        if (index > 0) add(',');
        walk(each);
      });
      add(']');
    } else {
      add('{');
      Object.entries(part).forEach(([name, each], index) => {
        add(`${index > 0 ? ',' : ''}${JSON.stringify(name)}:`);
        walk(each);
      });
      add('}');
    }
  };
  walk(template);
  return pieces;
}

/** JSON text. A placeholder that stands for nothing is a broken invariant: who renders knows the template. */
export function renderPieces(pieces: readonly Piece[], texts: Texts): string {
  let json = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      json += piece;
      continue;
    }
    const text = texts[piece.name];
    assert(text !== undefined, `the template asks for {${piece.name}}, which stands for nothing here`);
    json += piece.isWhole ? text : inside(asText(JSON.parse(text)));
  }
  return json;
}

/** JSON text of the template with these values in it. */
export function renderTemplate(template: Template, values: Bindings): string {
  const texts = Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]);
  return renderPieces(piecesOf(template), Object.fromEntries(texts) as Texts);
}

/** The text of a string that has placeholders in it, such as a segment of a path; `encode` is for what they stand for. */
export function renderText(template: string, values: Bindings, encode: (text: string) => string): string {
  return template.replace(PLACEHOLDER, (_, name: Placeholder) => {
    assert(values[name] !== undefined, `the template asks for {${name}}, which stands for nothing here`);
    return encode(asText(values[name]));
  });
}

/**
 * What the placeholders stand for in a value of parsed JSON, or where it is not what the template says. Members that the template does
 * not name may be there. A placeholder that occurs twice stands for the same.
 */
export function matchTemplate(template: Template, value: unknown): Result<Bindings> {
  const found: { [name in Placeholder]?: unknown } = {};
  const mismatch = matchPart(template, value, '', found);
  return mismatch === null ? ok(found) : fail(mismatch);
}

/** Every placeholder of the template, each once. */
export function placeholdersOf(template: Template): ReadonlySet<Placeholder> {
  return new Set(piecesOf(template).flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name])));
}

type Found = { [name in Placeholder]?: unknown };

function matchPart(template: Template, value: unknown, at: string, found: Found): string | null {
  if (typeof template === 'string') return matchString(template, value, at, found);
  if (typeof template !== 'object' || template === null) return value === template ? null : differs(at, jsonStart(template), value);
  if (isList(template)) {
    if (!Array.isArray(value) || value.length !== template.length) return differs(at, `a list of ${template.length}`, value);
    return firstOf(template.map((each, index) => () => matchPart(each, value[index], `${at}[${index}]`, found)));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return differs(at, 'a JSON object', value);
  return firstOf(
    Object.entries(template).map(([name, each]) => () => {
      const place = at === '' ? name : `${at}.${name}`;
      if (!Object.hasOwn(value, name)) return `expected the member ${place}, got ${jsonStart(value)}`;
      return matchPart(each, (value as Readonly<Record<string, unknown>>)[name], place, found);
    }),
  );
}

function matchString(template: string, value: unknown, at: string, found: Found): string | null {
  const pieces = textPieces(template);
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined && typeof first !== 'string') return bind(first.name, value, at, found, true);
  if (!pieces.some((piece) => typeof piece !== 'string')) return value === template ? null : differs(at, jsonStart(template), value);
  if (typeof value !== 'string') return differs(at, `a string like ${jsonStart(template)}`, value);
  return matchText(pieces, value, at, found);
}

/**
 * The template's own words are looked for from left to right, each as early as it can be, the last one at the end: linear in the text, whatever
 * a stranger sends.
 */
function matchText(pieces: readonly Piece[], text: string, at: string, found: Found): string | null {
  const template = pieces.map((piece) => (typeof piece === 'string' ? piece : `{${piece.name}}`)).join('');
  const wanted = () => differs(at, `a string like ${jsonStart(template)}`, text);
  let position = 0;
  let open: Placeholder | null = null;
  for (const [index, piece] of pieces.entries()) {
    if (typeof piece !== 'string') {
      // Two in a row: nothing tells where the first ends, so it stands for nothing.
      const mismatch = open === null ? null : bind(open, '', at, found, false);
      if (mismatch !== null) return mismatch;
      open = piece.name;
      continue;
    }
    const isLast = index === pieces.length - 1;
    const begins = open === null ? position : isLast ? text.length - piece.length : text.indexOf(piece, position);
    if (begins < position || !text.startsWith(piece, begins)) return wanted();
    if (isLast && begins + piece.length !== text.length) return wanted();
    const mismatch = open === null ? null : bind(open, text.slice(position, begins), at, found, false);
    if (mismatch !== null) return mismatch;
    open = null;
    position = begins + piece.length;
  }
  return open === null ? null : bind(open, text.slice(position), at, found, false);
}

function bind(name: Placeholder, value: unknown, at: string, found: Found, isWhole: boolean): string | null {
  const known = found[name];
  if (known !== undefined && !isSame(known, value)) return differs(at, `${jsonStart(known)}, as {${name}} is elsewhere`, value);
  if (isWhole || known === undefined) found[name] = value;
  return null;
}

function isSame(a: unknown, b: unknown): boolean {
  try {
    return asText(a) === asText(b);
  } catch {
    // Nested deeper than the stack: it parses, and cannot be written.
    return false;
  }
}

/** The first complaint; what comes after it is not looked at. */
function firstOf(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const complaint = check();
    if (complaint !== null) return complaint;
  }
  return null;
}

/** A string of a template as JSON text with holes. */
function stringPieces(template: string): readonly Piece[] {
  const pieces = textPieces(template);
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined && typeof first !== 'string') return [{ name: first.name, isWhole: true }];
  return ['"', ...pieces.map((piece) => (typeof piece === 'string' ? inside(piece) : piece)), '"'];
}

/** A string of a template as text with holes. */
function textPieces(template: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  for (const found of template.matchAll(PLACEHOLDER)) {
    if (found.index > position) pieces.push(template.slice(position, found.index));
    pieces.push({ name: found[1] as Placeholder, isWhole: false });
    position = found.index + found[0].length;
  }
  if (position < template.length || pieces.length === 0) pieces.push(template.slice(position));
  return pieces;
}

/** What stands between the quotes of a JSON string. */
function inside(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A string as it is, anything else as JSON. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function isList(template: Template): template is readonly Template[] {
  return Array.isArray(template);
}

function differs(at: string, expected: string, got: unknown): string {
  return `expected ${at === '' ? '' : `${at} to be `}${expected}, got ${jsonStart(got)}`;
}
