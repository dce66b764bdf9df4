/**
 * `kvctl check-history FILE`: judges what clients of any system recorded. The judging is judge's, in a thread of its own; here the file is
 * read, the result shown, and the page and the exports are written.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buffer as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { JUDGES, type JudgeName, type Verdict } from '../../judge/judgement.ts';
import { fail, ok, type Result } from '../../lib/result.ts';
import { historyHtml } from '../../report/history/html.ts';
import { KvctlError } from '../../wire/errors.ts';
import { examine } from '../check-history/examine.ts';
import { showJudgement } from '../check-history/view.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, option } from '../options.ts';

interface CheckHistoryOptions {
  readonly only?: readonly JudgeName[];
  /** ms. */
  readonly timeout: number;
  readonly html?: string;
  readonly knossos?: string;
  readonly porcupine?: string;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const EXIT_OF: Readonly<Record<Verdict, number>> = { ok: EXIT.ok, violation: EXIT.violation, unknown: EXIT.inconclusive };

export function describe(command: Command): void {
  command
    .argument('<file>', 'a history as NDJSON, one event a line; - reads it from stdin')
    .addOption(
      option('--timeout <duration>', 'how long judging may take; what is not decided then is unknown', duration).default(
        DEFAULT_TIMEOUT_MS,
        `${DEFAULT_TIMEOUT_MS / 1000}s`,
      ),
    )
    .addOption(option('--only <judges>', 'these judges alone, a comma list', parseJudges))
    .option('--html <file>', 'also write a page with the timeline of every violation')
    .option('--knossos <dir>', 'also write the history for Knossos, a file of EDN per key')
    .option('--porcupine <file>', 'also write the history for Porcupine’s key-value model')
    .addHelpText(
      'after',
      `${examples('kvctl check-history history.ndjson', 'kvctl check-history history.ndjson --html history.html -o json', 'zcat old.ndjson.gz | kvctl check-history - --timeout 5m')}

An event: {"index":0,"time":17000,"process":3,"type":"invoke","f":"write","key":"a","value":1}; time in ns of one monotonic clock; type
invoke, ok, fail (it certainly did not happen) or info (nobody knows); f read, write, cas (value: [from, to]) or delete. Optional: index,
time (on all lines or none), version, node, error. A key is absent at first, and read as null. A cas that fails without an error has
seen another value. Events of the process "nemesis" are drawn, not judged.
Judges: ${JUDGES.join(', ')}.
Exit codes: 0 ok, 2 the file is no history, 3 a violation, 5 unknown: not decided in time, or nothing was read. Unknown is not passed.`,
    );
}

export async function run(context: Context, options: CheckHistoryOptions, file: string): Promise<number> {
  const { out } = context;
  const { only = null, timeout: timeoutMs, html, knossos, porcupine } = options;
  const bytes = await read(context, file);
  if (html !== undefined) write('--html', html, '');
  if (porcupine !== undefined) write('--porcupine', porcupine, '');
  const name = file === '-' ? 'stdin' : basename(file);
  const job = { bytes, only, timeoutMs, knossos: knossos !== undefined, porcupine: porcupine !== undefined };
  const answer = await out.step(`judging ${name}`, () => examine(job));
  if (answer.kind === 'refused') throw new KvctlError('usage', `${name}: ${answer.message}`);
  const { judgement } = answer;
  if (html !== undefined) write('--html', html, historyHtml(judgement, name));
  if (porcupine !== undefined) write('--porcupine', porcupine, answer.porcupine ?? '');
  if (knossos !== undefined) {
    makeDirectory(knossos);
    for (const each of answer.knossos ?? []) write('--knossos', join(knossos, each.name), each.text);
  }
  out.result(showJudgement(out, judgement));
  return EXIT_OF[judgement.verdict];
}

async function read({ stdin, out }: Context, file: string): Promise<Uint8Array> {
  if (file === '-') {
    if (stdin.isTTY) out.note('reading the history from stdin; end it with Ctrl-D');
    return readAll(stdin);
  }
  try {
    return readFileSync(file);
  } catch (error) {
    throw new KvctlError('io', `expected to read the history ${file}, got ${(error as Error).message}`, {}, error);
  }
}

/** Before judging, to find out whether it can be, and after it. */
function write(name: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new KvctlError('io', `expected to write ${name} ${file}, got ${(error as Error).message}`, {}, error);
  }
}

function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw new KvctlError('io', `expected to make the directory --knossos ${dir}, got ${(error as Error).message}`, {}, error);
  }
}

function parseJudges(text: string): Result<JudgeName[]> {
  const names = text.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !(JUDGES as readonly string[]).includes(name));
  return stranger === undefined ? ok(names as JudgeName[]) : fail(`expected some of ${JUDGES.join(', ')}, got ${JSON.stringify(stranger)}`);
}
