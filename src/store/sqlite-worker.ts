/**
 * The writer thread: a sync of the disk here never stops the node's event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { DiskFault } from './disk-fault.ts';
import type { Answer, Request } from './sqlite-messages.ts';
import { refusal, Writer } from './sqlite-writer.ts';

interface WorkerData {
  readonly file: string;
  readonly fault: DiskFault | null;
}

function serve({ file, fault }: WorkerData): void {
  const port = parentPort;
  if (port === null) throw new Error('expected to run as a worker thread, got the main thread: this module is loaded by sqlite.ts');
  const answer = (message: Answer) => port.postMessage(message);
  let writer: Writer;
  try {
    writer = new Writer(file, fault);
  } catch (error) {
    answer({ kind: 'refused', message: refusal(file, error) });
    port.close();
    return;
  }
  port.on('message', (request: Request) => {
    if (request.kind === 'commit') answer(writer.commit(request));
    else if (request.kind === 'fault') writer.setFault(request.fault);
    else {
      writer.close();
      port.close();
    }
  });
  answer({ kind: 'ready' });
}

serve(workerData as WorkerData);
