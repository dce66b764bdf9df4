/** All the files that the report of a scenario's run consists of, as text. Whoever keeps them paints `allCharts(charts)` first. */
import { toCsv } from '../../lib/csv.ts';
import { filesOf, type ReportFile } from '../bundle.ts';
import type { Pictures } from '../html-parts.ts';
import type { RunReportInput } from '../input.ts';
import { allCharts, type RunCharts } from './charts.ts';
import { runRows } from './csv.ts';
import { runHtml } from './html.ts';
import { runMarkdown } from './markdown.ts';

/** As for a benchmark. `charts` are those of this input. */
export function runReportFiles(input: RunReportInput, charts: RunCharts, pictures: Pictures): readonly ReportFile[] {
  const texts = { csv: toCsv(runRows(input.result)), md: runMarkdown(input, charts), html: runHtml(input, charts, pictures) };
  return filesOf({ document: input.result, charts: allCharts(charts), ...texts }, pictures);
}
