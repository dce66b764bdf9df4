/**
 * A chart specification to SVG, in this process: no browser, no canvas, no network and no files.
 * Importing this module loads vega (about 0.3 s): import it lazily.
 *
 * Invariant: equal specifications give equal bytes. Text is measured with the font that paints it (font.ts).
 */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ChartSpec } from '../report/charts/spec.ts';
import { FONT_FAMILY, textWidth } from './font.ts';

/** What vega hands over when it wants to know the width of a text mark; of its many fields these four matter. */
interface MeasuredItem {
  readonly fontSize?: number;
  readonly fontWeight?: number | string;
  /** px after which the text is cut with an ellipsis; 0 or absent: never. */
  readonly limit?: number;
}

// vega exports this object so that hosts without a canvas can measure text themselves; its typings leave it out.
const { textMetrics } = vega as unknown as { textMetrics: { width: (item: MeasuredItem, text: unknown) => number } };
textMetrics.width = (item, text) => {
  const width = textWidth(String(text ?? '').trim(), item.fontSize ?? 11, item.fontWeight);
  return item.limit !== undefined && item.limit > 0 ? Math.min(width, item.limit) : width;
};

/** Charts wait for each other: see draw(). */
let previous: Promise<unknown> = Promise.resolve();

/**
 * The picture as one SVG element. `onWarning` hears what vega-lite and vega have to say about the specification;
 * what they cannot draw at all rejects.
 */
export function renderSvg(spec: ChartSpec, onWarning: (message: string) => void = () => {}): Promise<string> {
  const drawn = previous.then(() => draw(spec, onWarning));
  previous = drawn.catch(() => {});
  return drawn;
}

async function draw(spec: ChartSpec, onWarning: (message: string) => void): Promise<string> {
  const logger = warningLogger(onWarning);
  const loader = new ClosedLoader();
  const compiled = compile(spec as unknown as TopLevelSpec, { logger, config: { font: FONT_FAMILY } });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', loader, logger });
  try {
    // The ids of clip paths are counted per process. Counting from zero makes equal charts equal, as long as no two draw at once.
    vega.resetSVGDefIds();
    const svg = await view.toSVG();
    // Vega itself only warns of data that it could not load, and draws without them.
    if (loader.refused !== null) throw new Error(`a chart must carry its data, but this one asks for ${loader.refused}`);
    return svg;
  } finally {
    view.finalize();
  }
}

/** Charts carry their data: whatever asks for a file or an address is a mistake, not a request. */
class ClosedLoader implements vega.Loader {
  /** The first address that was asked for. */
  refused: string | null = null;
  readonly options = {};

  load(uri: string): Promise<string> {
    return this.#refuse(uri);
  }

  sanitize(uri: string): Promise<{ href: string }> {
    return this.#refuse(uri);
  }

  http(uri: string): Promise<string> {
    return this.#refuse(uri);
  }

  file(filename: string): Promise<string> {
    return this.#refuse(filename);
  }

  #refuse(address: string): Promise<never> {
    this.refused ??= address;
    return Promise.reject(new Error('charts load nothing'));
  }
}

/** Vega calls these without their object, so they must not need one. */
function warningLogger(onWarning: (message: string) => void): vega.LoggerInterface {
  const logger: vega.LoggerInterface = {
    level: ((value?: number) => (value === undefined ? vega.Warn : logger)) as vega.LoggerInterface['level'],
    error: (...messages: readonly unknown[]) => {
      throw new Error(messages.join(' '));
    },
    warn: (...messages: readonly unknown[]) => {
      onWarning(messages.join(' '));
      return logger;
    },
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}
