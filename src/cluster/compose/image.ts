/**
 * The image of a node: its name, which tells what is in it, and its making.
 *
 * Invariant: equal names, equal contents. The name holds a hash of everything that the Dockerfile copies, so an image is
 * made once, made again when the sources change, and a container never runs other code than the kvctl that started it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packageRoot } from '#entry';
import type { DriverOptions } from '../driver.ts';
import { docker } from './engine.ts';
import { IMAGE } from './file.ts';

/** As in docker/assemble.mjs, which copies them. */
const ROOMS = ['node', 'core', 'store', 'wire', 'lib', 'labs'];
const ASK_MS = 15_000;
/** The base image and some 80 packages over a slow line. */
const BUILD_MS = 15 * 60_000;
const NPM_MS = 10_000;

/** `kvctl-node:0.1.0-1a2b3c4d5e6f`. `root` is a checkout or an installed package. */
export function imageName(root: string = packageRoot): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const code = codeRoot(root);
  const files = [join(root, 'Dockerfile'), ...walk(join(root, 'docker')), ...ROOMS.flatMap((room) => walk(join(code, room)))];
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`\0${relative(root, file).split(sep).join('/')}\0${content.length}\0`).update(content);
  }
  return `${IMAGE}:${version}-${hash.digest('hex').slice(0, 12)}`;
}

/** The image's name, after it has been made if there is none. Throws `no_engine`, `interrupted`, `node_failed` with the end of the build's log. */
export async function ensureImage({ signal, onStep }: DriverOptions, root: string = packageRoot): Promise<string> {
  const name = imageName(root);
  if ((await docker(['images', '--quiet', name], { timeoutMs: ASK_MS, signal })) !== '') return name;
  onStep?.(`building the image ${name}`);
  // The short names, too, so that compose files and manifests of one's own find the newest one.
  const tags = [name, name.replace(/-[0-9a-f]+$/, ''), IMAGE].flatMap((tag) => ['--tag', tag]);
  const args = ['build', ...tags, ...(await registryArgument()), root];
  await docker(args, { timeoutMs: BUILD_MS, signal, onLine: (line) => onStep?.(`building the image: ${line.trim()}`) });
  return name;
}

/** npm inside the build shall ask whom npm outside asks. Without its user and password: what a build is told stays in its history. */
async function registryArgument(): Promise<string[]> {
  const { execa } = await import('execa');
  const { stdout } = await execa('npm', ['config', 'get', 'registry'], {
    reject: false,
    timeout: NPM_MS,
    stdin: 'ignore',
  });
  if (!URL.canParse(stdout ?? '')) return [];
  const url = new URL(stdout ?? '');
  url.username = '';
  url.password = '';
  return ['--build-arg', `NPM_CONFIG_REGISTRY=${url.href}`];
}

/** The sources, or, where there are none, the build. */
function codeRoot(root: string): string {
  if (existsSync(join(root, 'src'))) return join(root, 'src');
  const { build } = JSON.parse(readFileSync(join(root, 'dist', 'current.json'), 'utf8')) as { build: string };
  return join(root, 'dist', build);
}

/** Every file below a directory, sorted. */
function walk(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
