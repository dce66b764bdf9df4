/**
 * SVG to PNG, in this process and on a thread of its own, with the one typeface of font.ts and never with the system's fonts:
 * the same bytes on every machine. Importing this module loads a native library: import it lazily.
 */
import { renderAsync } from '@resvg/resvg-js';
import { FONT_FILES, REGISTERED_FAMILY } from './font.ts';

interface PngOptions {
  /** Pixels per SVG unit; 2 is sharp on paper and on dense screens. */
  readonly scale?: number;
}

/** The picture on white. Deterministic. */
export async function renderPng(svg: string, { scale = 2 }: PngOptions = {}): Promise<Uint8Array> {
  const image = await renderAsync(svg, {
    background: 'white',
    fitTo: { mode: 'zoom', value: scale },
    font: {
      loadSystemFonts: false,
      fontFiles: Object.values(FONT_FILES),
      defaultFontFamily: REGISTERED_FAMILY,
      sansSerifFamily: REGISTERED_FAMILY,
    },
  });
  return image.asPng();
}
