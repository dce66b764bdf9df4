/** The judging thread: judging takes what time it is given without a pause, and Ctrl-C has to be heard meanwhile. One job, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { knossosFiles } from '../../judge/edn.ts';
import { parseHistory } from '../../judge/history.ts';
import { judgeHistory } from '../../judge/judge.ts';
import { porcupineText } from '../../judge/porcupine.ts';
import type { Answer, Job } from './job.ts';
import { linesOf } from './lines.ts';

function answer({ bytes, only, timeoutMs, knossos, porcupine }: Job): Answer {
  const begun = performance.now();
  const parsed = parseHistory(linesOf(bytes));
  if (!parsed.ok) return { kind: 'refused', message: parsed.message };
  const history = parsed.value;
  const lines = porcupine ? porcupineText(history) : null;
  if (lines !== null && !lines.ok) return { kind: 'refused', message: lines.message };
  const shouldStop = () => performance.now() - begun > timeoutMs;
  return {
    kind: 'judged',
    judgement: judgeHistory(history, only === null ? { shouldStop } : { shouldStop, only }),
    knossos: knossos ? knossosFiles(history) : null,
    porcupine: lines === null ? null : lines.value,
  };
}

function answerOrRefuse(job: Job): Answer {
  try {
    return answer(job);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      return { kind: 'refused', message: 'expected UTF-8, got bytes that are not' };
    }
    throw error;
  }
}

parentPort?.postMessage(answerOrRefuse(workerData as Job));
