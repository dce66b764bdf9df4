/** What one run tells of the quorums that were not in force, beside what the runs at those quorums measured. */
import { middleRun } from '../explain/counterfactual.ts';
import type { Facts } from '../facts.ts';
import { ms } from '../wording.ts';
import { fromZero, quorumAxis } from './axes.ts';
import { counterfactualFinding } from './findings.ts';
import { endLabels, lines, pointLabels, type Series } from './series.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, workloadText } from './theme.ts';

interface Cost {
  /** Quorum. */
  readonly x: number;
  readonly ms: number;
}

/** Null without a trace. */
export function counterfactualPanel(facts: Facts): Panel | null {
  const run = middleRun(facts);
  if (run === null) return null;
  const costs = run.costs.flatMap(({ quorum, mean_ms }) => (mean_ms === null ? [] : [{ x: quorum, ms: mean_ms }]));
  const how = run.accuracy === 'exact' ? 'exact: open loop' : 'approximate: in a closed loop clients would have written at other times';
  return {
    title: counterfactualFinding(facts),
    subtitle: [workloadText(facts.result), how],
    alt:
      `Mean latency that the writes of the run at quorum ${run.measured_quorum} would have had under each quorum: ` +
      `${costs.map((cost) => `quorum ${cost.x}: ${ms(cost.ms)}`).join('; ')}.`,
    draw: (_width, height) => draw(facts, run.measured_quorum, costs, height),
  };
}

function draw(facts: Facts, measuredQuorum: number, costs: readonly Cost[], height: number): ChartSpec {
  const means = facts.measured.map((row) => ({ x: row.quorum, ms: row.avg_latency_ms }));
  const source = costs.filter((cost) => cost.x === measuredQuorum);
  const told: Series = { label: 'told by this run', color: INK.model, style: 'dashed', points: costs };
  const y = fromZero(
    [...costs, ...means].map((point) => point.ms),
    'mean latency of a write, ms',
  );
  const quorums = costs.map((cost) => cost.x);
  return {
    encoding: { x: quorumAxis(quorums), y: y.encoding },
    layer: [
      ...lines([told]),
      {
        data: { values: costs },
        mark: { type: 'point', filled: true, fill: 'white', stroke: INK.model, strokeWidth: 1.5, size: 110, opacity: 1 },
      },
      { data: { values: means }, mark: { type: 'point', filled: true, color: INK.measured, size: 40, opacity: 1 } },
      pointLabels(costs, INK.model, y.top),
      {
        data: { values: source },
        mark: {
          type: 'text',
          text: 'this run',
          align: 'right',
          baseline: 'bottom',
          dx: -8,
          dy: -6,
          color: INK.measured,
          fontWeight: 'bold',
        },
      },
      ...endLabels([told, { label: 'measured by its own run', color: INK.measured, style: 'strong', points: means }], {
        top: y.top,
        height,
        places: quorums,
      }),
    ],
  };
}
