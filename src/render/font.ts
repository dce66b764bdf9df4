/**
 * The one typeface of every picture, and how wide its text is.
 *
 * Slim images have no system fonts, so the files come from a pinned npm package and nothing else is ever loaded. The same files
 * measure the text while vega lays a chart out (instead of its guess of 0.8 em per character), so that what is laid out is what is
 * painted: labels neither overlap nor are clipped. Kerning is left out: it makes text narrower, never wider.
 *
 * Source: OpenType 1.9, tables head, hhea, hmtx and cmap (format 12, which covers all of Unicode).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** For SVG: the typeface by its name, then what a browser without it has at about the same width. */
export const FONT_FAMILY = 'DejaVu Sans Condensed, Verdana, Segoe UI, Arial, sans-serif';

/** The name under which the files themselves register: in OpenType, "Condensed" is a width of this family. */
export const REGISTERED_FAMILY = 'DejaVu Sans';

const require = createRequire(import.meta.url);

/** Absolute paths of the regular and the bold face. */
export const FONT_FILES = {
  regular: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'),
  bold: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf'),
} as const;

/** The cmap format that both files carry. */
const SEGMENTED_COVERAGE = 12;

type Face = keyof typeof FONT_FILES;

const faces = new Map<Face, FontMetrics>();

/** Width in px of one line of text at this size, in the face that is painted for the weight (CSS: bold from 600 on). */
export function textWidth(text: string, sizePx: number, weight: number | string | undefined): number {
  const face: Face = weight === 'bold' || Number(weight) >= 600 ? 'bold' : 'regular';
  let metrics = faces.get(face);
  if (metrics === undefined) {
    metrics = new FontMetrics(readFileSync(FONT_FILES[face]));
    faces.set(face, metrics);
  }
  return metrics.widthEm(text) * sizePx;
}

/** Reads the advance widths of a TrueType file. Only ever given our own two files: a file that is not what it should be throws. */
class FontMetrics {
  readonly #view: DataView;
  readonly #unitsPerEm: number;
  readonly #advances: number;
  readonly #advanceCount: number;
  readonly #glyphs: (codePoint: number) => number;

  constructor(file: Uint8Array) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const tables = tableOffsets(view);
    this.#view = view;
    this.#unitsPerEm = view.getUint16(offsetOf(tables, 'head') + 18);
    this.#advanceCount = view.getUint16(offsetOf(tables, 'hhea') + 34);
    this.#advances = offsetOf(tables, 'hmtx');
    this.#glyphs = glyphLookup(view, offsetOf(tables, 'cmap'));
  }

  widthEm(text: string): number {
    let units = 0;
    for (const character of text) {
      const glyph = this.#glyphs(character.codePointAt(0) ?? 0);
      // Glyphs past the last entry all have its advance.
      units += this.#view.getUint16(this.#advances + 4 * Math.min(glyph, this.#advanceCount - 1));
    }
    return units / this.#unitsPerEm;
  }
}

function tableOffsets(view: DataView): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  for (let i = 0; i < view.getUint16(4); i++) {
    const at = 12 + 16 * i;
    const tag = String.fromCharCode(...[0, 1, 2, 3].map((byte) => view.getUint8(at + byte)));
    offsets.set(tag, view.getUint32(at + 8));
  }
  return offsets;
}

function offsetOf(tables: ReadonlyMap<string, number>, tag: string): number {
  const offset = tables.get(tag);
  if (offset === undefined) throw new Error(`the font file has no table ${tag}`);
  return offset;
}

/** From code point to glyph index; 0, the box that stands for a missing glyph, where the font has none. */
function glyphLookup(view: DataView, cmap: number): (codePoint: number) => number {
  for (let i = 0; i < view.getUint16(cmap + 2); i++) {
    const table = cmap + view.getUint32(cmap + 4 + 8 * i + 4);
    if (view.getUint16(table) === SEGMENTED_COVERAGE) return (codePoint) => glyphOf(view, table, codePoint);
  }
  throw new Error('the font file has no character map of format 12');
}

/** Binary search in the map's groups of consecutive code points. */
function glyphOf(view: DataView, table: number, codePoint: number): number {
  let low = 0;
  let high = view.getUint32(table + 12) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const group = table + 16 + 12 * middle;
    const first = view.getUint32(group);
    if (codePoint < first) high = middle - 1;
    else if (codePoint > view.getUint32(group + 4)) low = middle + 1;
    else return view.getUint32(group + 8) + codePoint - first;
  }
  return 0;
}
