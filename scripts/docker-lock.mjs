// Writes docker/package.json and docker/package-lock.json: of the project's own lock, the part that a node needs. A node's image
// is installed from them, so that it holds what the tests ran with and nothing of the command line's.
//
//   node scripts/docker-lock.mjs            after a change of dependencies, or of what src/node imports
//
// No network: it only selects. test/docker/lock.test.ts fails while the files are not what this makes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The rooms that run in a node: docker/assemble.mjs copies the same. */
const ROOMS = ['node', 'core', 'store', 'wire', 'lib', 'labs'];

/** @typedef {{ dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} Locked */

/**
 * The two files' texts.
 * @returns {Record<'package.json' | 'package-lock.json', string>}
 */
export function dockerLock() {
  const manifest = read('package.json');
  const lock = read('package-lock.json');
  const names = [...packagesOf(ROOMS)].sort();
  const dependencies = Object.fromEntries(names.map((name) => [name, manifest.dependencies[name]]));
  const self = { name: 'kvctl-node', license: manifest.license, dependencies };
  /** @type {Record<string, Locked>} */
  const all = lock.packages;
  const paths = reachable(all, names);
  const packages = Object.fromEntries([['', self], ...[...paths].sort().map((path) => [path, all[path]])]);
  return {
    'package.json': text({ ...self, private: true, type: 'module' }),
    'package-lock.json': text({ name: self.name, lockfileVersion: lock.lockfileVersion, requires: true, packages }),
  };
}

/**
 * Names of the packages that the rooms import.
 * @param {string[]} rooms
 */
function packagesOf(rooms) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const room of rooms) {
    for (const path of readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || path.endsWith('.d.ts')) continue;
      const source = readFileSync(join(root, 'src', room, path), 'utf8');
      for (const [, name = ''] of source.matchAll(/(?:from |import\()'((?:@[^/']+\/)?[^./'#][^/']*)/g)) {
        if (!name.startsWith('node:') && !builtinModules.includes(name)) names.add(name);
      }
    }
  }
  return names;
}

/**
 * Paths in the lock of the packages and of everything that they need, each found as Node finds it: beside, then further up.
 * @param {Record<string, Locked>} all
 * @param {string[]} names
 */
function reachable(all, names) {
  /** @type {Set<string>} */
  const found = new Set();
  /** @type {(from: string, name: string, isOptional: boolean) => void} */
  const visit = (from, name, isOptional) => {
    const path = locate(all, from, name);
    if (path === undefined && !isOptional) throw new Error(`package-lock.json: ${name}, needed by ${from || 'a node'}, is not there`);
    if (path === undefined || found.has(path)) return;
    found.add(path);
    const { dependencies = {}, optionalDependencies = {} } = all[path] ?? {};
    for (const needed of Object.keys(dependencies)) visit(path, needed, needed in optionalDependencies);
    for (const needed of Object.keys(optionalDependencies)) visit(path, needed, true);
  };
  for (const name of names) visit('', name, false);
  return found;
}

/**
 * @param {Record<string, Locked>} all
 * @param {string} from
 * @param {string} name
 * @returns {string | undefined}
 */
function locate(all, from, name) {
  const path = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (path in all) return path;
  return from === '' ? undefined : locate(all, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name);
}

/** @param {string} path */
function read(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/** @param {object} value */
function text(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (import.meta.main) {
  for (const [name, content] of Object.entries(dockerLock())) writeFileSync(join(root, 'docker', name), content);
}
