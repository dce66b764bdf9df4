/** Opens a file with whatever the desktop opens it with. */
import { spawn } from 'node:child_process';
import type { Context } from '../context.ts';

const OPENERS: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Says so where it cannot; not after Ctrl-C. */
export async function openReport({ out, signal }: Context, file: string): Promise<void> {
  if (!signal.aborted && !(await openFile(file))) out.warn(`nothing on this machine opens pages: open ${file} yourself`);
}

/** False if there is no opener; whether somebody sees the page is not known. */
function openFile(path: string): Promise<boolean> {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  return new Promise((resolve) => {
    // Detached and without our streams: a browser outlives us, and says much on stderr.
    const opener = spawn(command, [...args, path], { detached: true, stdio: 'ignore' });
    opener.on('error', () => resolve(false));
    opener.on('spawn', () => {
      opener.unref();
      resolve(true);
    });
  });
}
