/**
 * Progress on stderr: a live list (listr2) on a terminal, one plain line per step elsewhere, nothing with --quiet.
 * What a step throws is thrown on, once; main says it.
 */
import type { ListrTask } from 'listr2';
import type { Paint } from './color.ts';

/** How a running step talks. */
export interface Progress {
  /** What it does at this moment: one line below the title that the next one overwrites. Seen on a terminal only. */
  detail(text: string): void;
  /** A better title, e.g. with the outcome: `quorum 3: mean 812 ms`. Seen on a terminal only. */
  title(text: string): void;
}

export interface Step {
  readonly title: string;
  readonly run: (progress: Progress) => Promise<void>;
}

export type ProgressMode = 'live' | 'plain' | 'silent';

export interface ProgressStyle {
  readonly mode: ProgressMode;
  readonly paint: Paint;
  readonly stderr: NodeJS.WriteStream;
}

/** Runs the steps one after the other; the first that throws ends it. */
export async function runSteps(steps: readonly Step[], style: ProgressStyle): Promise<void> {
  if (style.mode === 'live') return runLive(steps, style);
  for (const step of steps) {
    if (style.mode === 'plain') style.stderr.write(`${step.title}\n`);
    await step.run({ detail() {}, title() {} });
  }
}

async function runLive(steps: readonly Step[], { paint, stderr }: ProgressStyle): Promise<void> {
  const { DefaultRenderer, LISTR_DEFAULT_RENDERER_STYLE, Listr, ListrLogger, ProcessOutput } = await import('listr2');
  /** listr2 looks at stdout to decide, but we draw on stderr and have decided already. */
  class StderrRenderer extends DefaultRenderer {
    static override nonTTY = true;
  }
  const tasks = steps.map(
    (step): ListrTask => ({
      title: step.title,
      task: (_context, task) => {
        const detail = (text: string) => {
          task.output = text;
        };
        const title = (text: string) => {
          task.title = text;
        };
        return step.run({ detail, title });
      },
    }),
  );
  // Exchanged on purpose: it draws on its first stream, and holds back what others write to either until it is done.
  const processOutput = new ProcessOutput(stderr, process.stdout, { leaveEmptyLine: false });
  const color = Object.fromEntries(
    Object.entries(LISTR_DEFAULT_RENDERER_STYLE.color ?? {}).map(([level]) => [level, levelPaint(level, paint)]),
  );
  const list = new Listr(tasks, {
    renderer: StderrRenderer,
    rendererOptions: { logger: new ListrLogger({ processOutput }), color, showErrorMessage: false, formatOutput: 'truncate' },
    // Ctrl-C is interrupts.ts's: listr2 would exit with 127.
    registerSignalListeners: false,
  });
  process.once('exit', showCursor);
  try {
    await list.run();
  } finally {
    process.removeListener('exit', showCursor);
  }
}

function levelPaint(level: string, paint: Paint): (text?: string) => string {
  const style = level === 'COMPLETED' ? 'green' : level.startsWith('FAILED') || level === 'CANCELLED' ? 'red' : 'yellow';
  return (text = '') => paint(style, text);
}

/** A forced exit leaves listr2 no time to do so. */
function showCursor(): void {
  process.stderr.write('\u001b[?25h');
}
