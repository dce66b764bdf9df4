/** Has a history judged by a thread of its own (worker.ts). */
import { Worker } from 'node:worker_threads';
import { KvctlError } from '../../wire/errors.ts';
import type { Answer, Job } from './job.ts';

const WORKER = new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** Throws `inconclusive` if memory ran out. */
export function examine(job: Job): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: job, name: 'judge' });
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(error) : error));
    worker.once('exit', (code) => reject(new Error(`expected an answer of the judging thread, got its end (${code})`)));
  });
}

function outOfMemory(cause: Error): KvctlError {
  return new KvctlError(
    'inconclusive',
    'expected to judge the history in the memory there is, got none left: judge a part of it',
    {},
    cause,
  );
}
