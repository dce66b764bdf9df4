/** Text from outside (keys, values, log lines) made fit for a terminal. */

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Control characters, line separators and marks that turn the writing direction become visible escapes, so that a key can
 * neither drive the terminal nor break a table. `allowed` matches the characters to leave, none by default.
 */
export function visible(text: string, allowed: RegExp = /(?!)/): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
    allowed.test(character) ? character : (SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of
const COLOR = /\u001b\[[\d;]*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is a range of those too
const ASCII = /^[\u0000-\u007f]*$/;
const WIDE =
  /^(?![\uff61-\uffdc])(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|.\ufe0f)/u;

/** Columns that a terminal gives to the text: 2 for each wide character (Unicode TR11) and emoji, 0 for colours. */
export function displayWidth(text: string): number {
  const shown = text.replace(COLOR, '');
  if (ASCII.test(shown)) return shown.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(shown)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The text in one line: every run of white space is one space. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

/** The beginning of a value as JSON, for messages, at most `maxLength` characters and a mark. Total, whatever came out of a parser. */
export function jsonStart(value: unknown, maxLength = 120): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? 'nothing';
  } catch {
    // Nested deeper than the stack: it parses, and cannot be written.
    return 'something that is nested too deeply to be shown';
  }
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** Files that people write are a few KB; with many more keys than that a YAML parser's search for keys that are there twice takes minutes. */
export const MAX_YAML_CHARACTERS = 128 * 1024;
