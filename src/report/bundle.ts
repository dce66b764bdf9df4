/**
 * All the files that the report of a benchmark consists of, as text, for whoever keeps them (runs) and paints the pictures (render):
 *
 *   const painted = new Map<string, string>();
 *   for (const { name, spec } of chartsOf(input)) painted.set(name, await renderSvg(spec));
 *   for (const { file, text } of reportFiles(input, painted)) await run.write(file, text);
 */

import { toCsv } from '../lib/csv.ts';
import { charts } from './charts/all.ts';
import type { Chart } from './charts/spec.ts';
import { flatRows } from './csv.ts';
import { factsOf } from './facts.ts';
import { reportHtml } from './html.ts';
import type { Pictures } from './html-parts.ts';
import type { ReportInput } from './input.ts';
import { summaryMarkdown } from './markdown.ts';

export interface ReportFile {
  /** Relative to the run folder. */
  readonly file: string;
  readonly text: string;
}

/** The pictures to paint; the first is the overview. */
export function chartsOf({ result, shapes }: ReportInput): readonly Chart[] {
  return charts(factsOf(result), shapes);
}

/** Everything but PNGs: summary.json|csv|md, charts/*.vl.json, charts/*.svg for the pictures given, report.html. */
export function reportFiles(input: ReportInput, pictures: Pictures): readonly ReportFile[] {
  const texts = { csv: toCsv(flatRows(input.result)), md: summaryMarkdown(input), html: reportHtml(input, pictures) };
  return filesOf({ document: input.result, charts: chartsOf(input), ...texts }, pictures);
}

interface ReportParts {
  readonly document: object;
  readonly csv: string;
  readonly md: string;
  readonly html: string;
  readonly charts: readonly Chart[];
}

/** The same files for every kind of run. */
export function filesOf({ document, csv, md, html, charts }: ReportParts, pictures: Pictures): readonly ReportFile[] {
  return [
    { file: 'summary.json', text: json(document) },
    { file: 'summary.csv', text: csv },
    { file: 'summary.md', text: md },
    ...charts.map(({ name, spec }) => ({ file: `charts/${name}.vl.json`, text: json(spec) })),
    ...[...pictures].map(([name, svg]) => ({ file: `charts/${name}.svg`, text: svg })),
    { file: 'report.html', text: html },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
