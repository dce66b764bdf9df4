/**
 * A scenario's run as flat rows: its figures for spreadsheets, and everything it found for programs that read line by line.
 * Members are in snake_case and keep all their digits.
 */
import type { RunResult } from '../../measure/run-result.ts';
import { type FlatRow, flatRows } from '../csv.ts';
import { rowsAsRun } from '../sweep.ts';

/** A row per row of every sweep, then a row per point of stale reads; of a run with neither, a row per step. */
export function runRows(result: RunResult): readonly FlatRow[] {
  const measured = [...sweepRows(result), ...staleRows(result)];
  return measured.length > 0 ? measured : stepRows(result);
}

/** The same and all the rest, each with its `kind`: row, stale_reads, expectation, parity, mark, step. */
export function runRecords(result: RunResult): readonly FlatRow[] {
  const of = (kind: string, rows: readonly FlatRow[]) =>
    rows.map(({ kind: own, ...row }) => ({ kind, ...(own === undefined ? {} : { [`${kind}_kind`]: own }), ...row }));
  return [
    ...of('row', sweepRows(result)),
    ...of('stale_reads', staleRows(result)),
    ...of(
      'expectation',
      result.expectations.map((each) => ({ ...each, is_met: each.is_met ? 1 : 0 })),
    ),
    ...of('parity', parityRows(result)),
    ...of(
      'mark',
      result.marks.map((mark) => ({ ...mark, nodes: mark.nodes.join(' ') })),
    ),
    ...of('step', stepRows(result)),
  ];
}

function sweepRows({ sweeps }: RunResult): FlatRow[] {
  return sweeps.flatMap((sweep) => {
    const rows = rowsAsRun(sweep);
    return flatRows(sweep).map((row, i) => ({
      sweep: sweep.name,
      row: rows[i]?.row ?? '',
      parameter: sweep.sweep.parameter,
      value: rows[i]?.value ?? '',
      ...row,
      began_ms: rows[i]?.began_ms ?? null,
      ended_ms: rows[i]?.ended_ms ?? null,
    }));
  });
}

function staleRows({ stale_reads }: RunResult): FlatRow[] {
  return stale_reads.flatMap((reads) =>
    reads.points.map(({ row, after_ms, sent_ms, reads: n, stale, share, ci95, model }) => ({
      sweep: reads.name,
      row,
      quorum: reads.quorum,
      after_ms,
      sent_ms,
      reads: n,
      stale,
      share,
      ci95_low: ci95?.[0] ?? null,
      ci95_high: ci95?.[1] ?? null,
      model_share: model,
    })),
  );
}

function parityRows({ parity }: RunResult): FlatRow[] {
  return parity.flatMap(({ step, moment, at_ms, rows }) =>
    rows.map(({ keys, reasons, compared_by, altered, ...row }) => ({
      step,
      moment,
      at_ms,
      ...row,
      keys: keys.map((key) => JSON.stringify(key)).join(' '),
    })),
  );
}

function stepRows({ steps }: RunResult): FlatRow[] {
  return steps.map((step) => ({ ...step }));
}
