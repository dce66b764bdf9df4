/** A scenario's results as the command line prints them. */
import type { RunResult } from '../../measure/run-result.ts';
import { flatRows } from '../../report/csv.ts';
import { benchTable, headingOf } from '../../report/table.ts';
import type { Output, Result } from '../output.ts';

export interface RunView {
  readonly result: RunResult;
  readonly folder: string;
  readonly hasReport: boolean;
}

export function showRun(out: Output, { result, folder }: RunView): Result {
  return {
    table: () =>
      [
        ...result.sweeps.map((sweep) => {
          const { columns, rows } = benchTable(sweep);
          return `${sweep.name}\n${out.table(columns.map(headingOf), rows)}`;
        }),
        folder,
      ].join('\n\n'),
    json: result,
    rows: result.sweeps.flatMap((sweep) => [...flatRows(sweep)]),
  };
}
