/** The bare `node:http` server, as a process of its own, for the ratio. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export async function withBareServer<T>(body: (url: string) => Promise<T>): Promise<T> {
  const server = spawn(process.execPath, [fileURLToPath(new URL('./bare-server.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await new Promise<string>((resolve) => server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));
    return await body(`http://127.0.0.1:${port}`);
  } finally {
    server.kill('SIGTERM');
  }
}
