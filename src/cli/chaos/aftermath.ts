/** What comes after the last request: the history is judged, in a thread, and what there is to see is drawn into the run folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeLocalReads, type LocalReads } from '../../chaos/local-reads.ts';
import type { ChaosOutcome } from '../../chaos/run.ts';
import type { Judgement } from '../../judge/judgement.ts';
import { historyHtml } from '../../report/history/html.ts';
import { RUN_FILES, type Run } from '../../runs/run.ts';
import { examine } from '../check-history/examine.ts';
import type { Context } from '../context.ts';
import { paint } from '../run/paint.ts';
import { chaosChart } from './chart.ts';
import type { ChaosResult } from './result.ts';

const HISTORY_PAGE = 'history.html';

export interface Judged {
  readonly judgement: Judgement;
  readonly local: LocalReads;
}

export async function judge({ out }: Context, timeoutMs: number, run: Run): Promise<Judged> {
  const bytes = readFileSync(join(run.dir, RUN_FILES.history));
  const answer = await out.step('judging the history', () => examine({ bytes, only: null, timeoutMs, knossos: false, porcupine: false }));
  if (answer.kind === 'refused') throw new Error(`a history that we recorded is none: ${answer.message}`);
  const lines = (file: string) => readFileSync(join(run.dir, file), 'utf8').split('\n');
  const local = judgeLocalReads(lines(RUN_FILES.history), lines(RUN_FILES.localReads));
  if (!local.ok) throw new Error(`a history that we recorded is none: ${local.message}`);
  return { judgement: answer.judgement, local: local.value };
}

/** The pictures, by name and file. One that cannot be painted is a remark. */
export async function draw({ out }: Context, run: Run, result: ChaosResult, { answered }: ChaosOutcome): Promise<[string, string][]> {
  const pictures: [string, string][] = [];
  if (result.judgement?.verdict === 'violation') {
    await run.write(HISTORY_PAGE, historyHtml(result.judgement, 'chaos'));
    pictures.push(['page', HISTORY_PAGE]);
  }
  const chart = chaosChart(result, answered);
  if (chart === null) return pictures;
  const { pictures: painted, failures } = await paint(run, [chart]);
  for (const failure of failures) out.warn(failure);
  for (const [name, svg] of painted) {
    await run.write(`charts/${name}.svg`, svg);
    pictures.push(['chart', `charts/${name}.png`]);
  }
  return pictures;
}
