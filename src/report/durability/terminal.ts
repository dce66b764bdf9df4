/** Loss against the quorum, drawn with characters; the latency that each quorum costs stands at the right. */
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { drawLines, type TerminalChartOptions } from '../terminal-chart.ts';
import { ms, percent } from '../wording.ts';
import { measuredRows } from './words.ts';

export function durabilityTerminalChart(result: DurabilityResult, options: TerminalChartOptions): string {
  const lines = measuredRows(result).map(({ quorum, alone, avg_latency_ms }) => ({
    label: `quorum ${quorum}`,
    value: alone.share === null ? null : alone.share * 100,
    interval: alone.ci95 === null ? null : ([alone.ci95[0] * 100, alone.ci95[1] * 100] as const),
    model: alone.expected * 100,
    figures: `${alone.share === null ? '-' : percent(alone.share)} at ${ms(avg_latency_ms)}`,
  }));
  return drawLines({ title: 'lost alone, %', names: { value: 'measured', model: 'expected' }, lines, top: 100 }, options);
}
