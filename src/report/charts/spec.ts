/** The shape of a picture before it is drawn: a vega-lite 6 specification as plain JSON with its data inside. */
export type ChartSpec = Readonly<Record<string, unknown>>;

export const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

/** A picture with what is needed to show it. */
export interface Chart {
  /** File name without extension. */
  readonly name: string;
  /** What the picture shows, for whoever does not see it: one or two sentences with the figures that matter. */
  readonly alt: string;
  readonly spec: ChartSpec;
}

/** A part of a picture: everything but its size and `$schema`. */
export interface Panel {
  readonly title: string;
  /** One line each. */
  readonly subtitle: readonly string[];
  readonly alt: string;
  /** The layers for a plot of this size in px, title excluded. */
  readonly draw: (width: number, height: number) => ChartSpec;
}
