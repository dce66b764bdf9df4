/** Whether and how text is coloured. Colour is the only thing that NO_COLOR takes away. */
import { styleText } from 'node:util';

export type ColorMode = 'auto' | 'always' | 'never';
export type Style = Parameters<typeof styleText>[0];
/** Wraps text in a style, or answers it as it is. */
export type Paint = (style: Style, text: string) => string;

/**
 * The option wins, then NO_COLOR (https://no-color.org: set and not empty), then FORCE_COLOR (0 and false mean no), and
 * without a word from anybody a terminal that can has colour.
 */
export function wantsColor(mode: ColorMode, isTty: boolean, env: NodeJS.ProcessEnv): boolean {
  if (mode !== 'auto') return mode === 'always';
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
  return isTty && env['TERM'] !== 'dumb';
}

export function painter(hasColor: boolean): Paint {
  return hasColor ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
