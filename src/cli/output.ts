/**
 * Where a verb's words go. stdout is the result, in the format of -o; stderr is everything else. Nothing but main writes to
 * either besides, so a script can trust both.
 */

import { type Row, toCsv } from '../lib/csv.ts';
import type { KvctlError } from '../wire/errors.ts';
import { type ColorMode, type Paint, painter, wantsColor } from './color.ts';
import { type Format, toMarkdown, toNdjson } from './format.ts';
import { type Progress, type ProgressStyle, runSteps, type Step } from './progress.ts';
import { type Cell, type Column, renderTable } from './table.ts';

export interface OutputOptions {
  readonly format: Format;
  readonly color: ColorMode;
  readonly isQuiet: boolean;
}

/** What a verb found out, in every form; only what the format needs is computed. */
export interface Result {
  /** For people. May hold several lines, tables of `out.table` and colours of `out.paint`. */
  readonly table: () => string;
  /** The document of -o json, members in snake_case. `schema_version` is put first. */
  readonly json: object;
  /** The rows of ndjson, csv and md: flat objects, members in snake_case. Absent: the document is the only row. */
  readonly rows?: readonly object[];
  /** Instead of the table that would be made of `rows`. */
  readonly md?: () => string;
}

/** Of every JSON document; a change that breaks readers raises it. */
const SCHEMA_VERSION = 1;

export class Output {
  readonly format: Format;
  readonly isQuiet: boolean;
  /** Colours for what goes to stdout. */
  readonly paint: Paint;
  /** Whether stdout is a terminal. */
  readonly isTty: boolean;
  readonly #paintNote: Paint;
  readonly #progress: ProgressStyle;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #hasResult = false;

  constructor(options: OutputOptions, process: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>) {
    const { stdout, stderr, env } = process;
    this.format = options.format;
    this.isQuiet = options.isQuiet;
    this.isTty = stdout.isTTY === true;
    this.paint = painter(wantsColor(options.color, this.isTty, env));
    this.#paintNote = painter(wantsColor(options.color, stderr.isTTY === true, env));
    // A terminal of no width (some CI systems have such) cannot be drawn on.
    const isLive = stderr.isTTY === true && stderr.columns > 0 && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
    this.#progress = { mode: options.isQuiet ? 'silent' : isLive ? 'live' : 'plain', paint: this.#paintNote, stderr };
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Columns of the terminal on stdout; 80 elsewhere. */
  get width(): number {
    return this.#stdout.columns ?? 80;
  }

  /** The verb's result; called once, also when the exit code will not be 0. */
  result(result: Result): void {
    this.#hasResult = true;
    this.#stdout.write(this.#render(result));
  }

  /** One line of a stream without end (`logs --follow`), as it is. */
  line(text: string): void {
    this.#hasResult = true;
    this.#stdout.write(`${text}\n`);
  }

  /** A remark for people, on stderr; not with --quiet. */
  note(text: string): void {
    if (!this.isQuiet) this.#stderr.write(`${text}\n`);
  }

  /** What a person should know even with --quiet, on stderr. */
  warn(text: string): void {
    this.#stderr.write(`${this.#paintNote('yellow', 'warning:')} ${text}\n`);
  }

  /** The message of an error that ends the verb; as a document too where a document was asked for and none was printed. */
  failure(error: KvctlError): void {
    if (!this.#hasResult && (this.format === 'json' || this.format === 'ndjson')) {
      const json = error.toBody();
      this.result({ table: () => '', json });
    }
    this.#stderr.write(`${this.#paintNote('red', 'kvctl:')} ${error.message}\n`);
  }

  /** For Result.table: boxed on a terminal that is wide enough, aligned columns elsewhere. A heading that begins with `>` is set to the right. */
  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
    return renderTable(columns, rows, { boxWidth: this.isTty ? this.width : 0, paint: this.paint });
  }

  /** Runs the steps in order, all of them visible from the beginning. */
  steps(steps: readonly Step[]): Promise<void> {
    return runSteps(steps, this.#progress);
  }

  /** One step with an outcome. */
  async step<T>(title: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    let outcome: { value: T } | undefined;
    const run = async (progress: Progress) => {
      outcome = { value: await work(progress) };
    };
    await this.steps([{ title, run }]);
    return (outcome as unknown as { value: T }).value;
  }

  #render(result: Result): string {
    const document: Row = { schema_version: SCHEMA_VERSION, ...result.json };
    const rows = (result.rows ?? [document]) as readonly Row[];
    switch (this.format) {
      case 'table':
        return withLineFeed(result.table());
      case 'json':
        return `${JSON.stringify(document, null, 2)}\n`;
      case 'ndjson':
        return toNdjson(rows);
      case 'csv':
        return toCsv(rows);
      case 'md':
        return withLineFeed(result.md?.() ?? toMarkdown(rows));
    }
  }
}

function withLineFeed(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
