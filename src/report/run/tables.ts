/** The tables of a scenario's run: expectations, replicas against looks, steps, what was done to the cluster, stale reads. */
import type { ParityRow } from '../../measure/result.ts';
import type { ExpectationResult, Mark, RunResult, StalePoint, StaleReads, StepResult } from '../../measure/run-result.ts';
import { marksInOrder } from '../charts/time-marks.ts';
import { type Source, type Table, tableOf } from '../columns.ts';
import { figure } from '../wording.ts';

/** One row per expectation, in the order in which they were judged. */
export function expectationsTable({ expectations }: RunResult): Table {
  const columns: readonly Source<ExpectationResult>[] = [
    { heading: 'of', unit: '', isNumber: false, rank: 0, value: (row) => row.step },
    { heading: 'expected', unit: '', isNumber: false, rank: 0, value: (row) => row.threshold },
    { heading: 'got', unit: '', isNumber: true, rank: 0, value: (row) => gotText(row.got) },
    { heading: 'verdict', unit: '', isNumber: false, rank: 0, value: (row) => (row.is_met ? 'met' : 'not met') },
  ];
  return tableOf(columns, expectations);
}

/** As a sentence or a cell says what was got: figures with four digits, so that 899.6 is not shown as the 900 that it missed. */
export function gotText(got: ExpectationResult['got']): string {
  if (got === null) return 'nothing';
  if (typeof got === 'string') return got;
  return `${Number(got.toPrecision(4))}`;
}

/** A row per replica and a column per look; a node that a look did not know has a dash in it. */
export function parityMatrix({ parity }: RunResult): Table {
  const nodes = [...new Set(parity.flatMap((look) => look.rows.map((row) => row.node)))];
  const byNumber = new Intl.Collator('en', { numeric: true });
  nodes.sort(byNumber.compare);
  const columns: Source<string>[] = [
    { heading: 'replica', unit: '', isNumber: false, rank: 0, value: (node) => node },
    ...parity.map(({ step, moment, rows }): Source<string> => {
      const found = new Map(rows.map((row) => [row.node, row]));
      const value = (node: string) => stateText(found.get(node));
      return { heading: step, unit: moment === 'looked' ? '' : moment, isNumber: false, rank: 0, value };
    }),
  ];
  return tableOf(columns, nodes);
}

/** `match`, `lag (3)` with the number of keys that differ, `mismatch (1)`, `unreachable`. */
function stateText(row: ParityRow | undefined): string | null {
  if (row === undefined) return null;
  const keys = row.missing + row.stale + row.extra + row.corrupt;
  return row.status === 'match' || row.status === 'unreachable' || keys === 0 ? row.status : `${row.status} (${keys})`;
}

export function stepsTable({ steps }: RunResult): Table {
  const columns: readonly Source<StepResult>[] = [
    { heading: 'step', unit: '', isNumber: false, rank: 0, value: (row) => row.step },
    { heading: 'what', unit: '', isNumber: false, rank: 2, value: (row) => row.title },
    { heading: 'began', unit: 's', isNumber: true, rank: 3, value: (row) => seconds(row.began_ms) },
    { heading: 'took', unit: 's', isNumber: true, rank: 3, value: (row) => tookSeconds(row) },
    { heading: 'status', unit: '', isNumber: false, rank: 0, value: (row) => row.status },
    { heading: 'detail', unit: '', isNumber: false, rank: 1, value: (row) => row.detail || null },
  ];
  return tableOf(columns, steps);
}

function seconds(atMs: number | null): string | null {
  return atMs === null ? null : (atMs / 1000).toFixed(2);
}

function tookSeconds({ began_ms, ended_ms }: StepResult): string | null {
  return began_ms === null || ended_ms === null ? null : ((ended_ms - began_ms) / 1000).toFixed(2);
}

/** Numbered as on the time chart. */
export function marksTable({ marks }: RunResult): Table {
  const rows = marksInOrder(marks).map((mark, i) => ({ ...mark, number: i + 1 }));
  const columns: readonly Source<Mark & { readonly number: number }>[] = [
    { heading: 'no.', unit: '', isNumber: true, rank: 0, value: (row) => `${row.number}` },
    { heading: 'what', unit: '', isNumber: false, rank: 0, value: (row) => row.text },
    { heading: 'at', unit: 's', isNumber: true, rank: 0, value: (row) => seconds(row.at_ms) },
    { heading: 'until', unit: 's', isNumber: true, rank: 0, value: (row) => seconds(row.until_ms) },
    { heading: 'nodes', unit: '', isNumber: false, rank: 1, value: (row) => row.nodes.join(' ') || null },
  ];
  return tableOf(columns, rows);
}

/** One row per time after the ack. */
export function staleTable({ points }: StaleReads): Table {
  const share = (value: number | null | undefined) => (value === null || value === undefined ? null : figure(value * 100));
  const columns: readonly Source<StalePoint>[] = [
    { heading: 'after the ack', unit: 'ms', isNumber: true, rank: 0, value: (row) => `${Number(row.after_ms.toPrecision(6))}` },
    { heading: 'sent', unit: 'ms', isNumber: true, rank: 3, value: (row) => row.sent_ms },
    { heading: 'reads', unit: '', isNumber: true, rank: 1, value: (row) => `${row.reads}` },
    { heading: 'missed the write', unit: '', isNumber: true, rank: 0, value: (row) => `${row.stale}` },
    { heading: 'share', unit: '%', isNumber: true, rank: 0, value: (row) => share(row.share) },
    { heading: '95 % from', unit: '%', isNumber: true, rank: 2, value: (row) => share(row.ci95?.[0]) },
    { heading: 'to', unit: '%', isNumber: true, rank: 2, value: (row) => share(row.ci95?.[1]) },
    { heading: 'model', unit: '%', isNumber: true, rank: 0, value: (row) => share(row.model) },
  ];
  return tableOf(columns, points);
}
