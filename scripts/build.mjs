// Builds dist/<hash>/ out of src/: JavaScript by tsc, every other file copied. No work when the build is fresh.
// It checks no types (that is `npm run check`), and it is JavaScript itself, so that any Node that npm runs on can run it.
//
// Invariant: no file that a running process may still load is replaced or removed. A build is written beside, moved into place
// under the hash of its inputs, and then dist/current.json is flipped by one rename; only builds that are both
// old and not among the newest few are removed. Who reads current.json: bin/entry.mjs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const keepNewest = 4;
const keepYoungerThanMs = 24 * 60 * 60 * 1000;

build();

function build() {
  if (!existsSync(join(root, 'src'))) return;
  const tsc = findTsc();
  if (tsc === undefined) {
    console.error('build: typescript is not installed (--omit=dev?), so kvctl will run its sources as they are');
    return;
  }
  const paths = walk('src').sort();
  // The times are taken before the contents are read: a file that changes meanwhile makes the build stale, never wrongly fresh.
  const inputs = paths.map((path) => describe(path));
  const name = hashOf(paths, tsc.version);
  const target = join(dist, name);
  if (!existsSync(target) && !compile(tsc.path, paths, name)) {
    process.exitCode = 1;
    return;
  }
  replace(join(dist, 'current.json'), `${JSON.stringify({ build: name, inputs })}\n`);
  // npm pack takes only the current build.
  replace(join(dist, '.npmignore'), `/*\n!/${name}\n!/current.json\n`);
  prune(name);
}

/** @returns {{ path: string, version: string } | undefined} */
function findTsc() {
  try {
    const manifestPath = createRequire(import.meta.url).resolve('typescript/package.json');
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
    return { path: join(dirname(manifestPath), manifest.bin.tsc), version: manifest.version };
  } catch {
    return undefined;
  }
}

/**
 * Everything below a directory, itself included.
 * @param {string} directory
 * @returns {string[]}
 */
function walk(directory) {
  const entries = readdirSync(join(root, directory), { withFileTypes: true });
  return [
    directory,
    ...entries.flatMap((entry) => (entry.isDirectory() ? walk(`${directory}/${entry.name}`) : [`${directory}/${entry.name}`])),
  ];
}

/**
 * Path, size (null for a directory, where it says nothing) and time.
 * @param {string} path
 */
function describe(path) {
  const stat = statSync(join(root, path));
  return [path, stat.isDirectory() ? null : stat.size, stat.mtimeMs];
}

/** @param {string} path */
function isDirectory(path) {
  return statSync(join(root, path)).isDirectory();
}

/**
 * @param {string[]} paths
 * @param {string} compilerVersion
 */
function hashOf(paths, compilerVersion) {
  const hash = createHash('sha256').update(compilerVersion);
  const files = paths.filter((path) => !isDirectory(path));
  for (const path of ['tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs', ...files]) {
    const content = readFileSync(join(root, path));
    hash.update(`\0${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * @param {string} tsc
 * @param {string[]} paths
 * @param {string} name
 * @returns {boolean} whether the build is in place
 */
function compile(tsc, paths, name) {
  const draft = join(dist, `.draft-${process.pid}`);
  mkdirSync(draft, { recursive: true });
  try {
    const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', draft];
    // tsc's messages go to stderr: npm run and npm pack keep stdout for results.
    if (spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] }).status !== 0) return false;
    for (const path of paths) {
      if (!path.endsWith('.ts') && !isDirectory(path)) cpSync(join(root, path), join(draft, path.slice('src/'.length)));
    }
    const now = new Date();
    utimesSync(draft, now, now);
    try {
      renameSync(draft, join(dist, name));
    } catch (error) {
      // Another build of the same contents was quicker.
      if (!existsSync(join(dist, name))) throw error;
    }
    return true;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * @param {string} path
 * @param {string} content
 */
function replace(path, content) {
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return;
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

/** @param {string} current */
function prune(current) {
  const builds = readdirSync(dist)
    .filter((name) => /^[0-9a-f]{12}$/.test(name) && name !== current)
    .map((name) => ({ name, mtimeMs: statSync(join(dist, name)).mtimeMs }))
    .sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const { name, mtimeMs } of builds.slice(keepNewest - 1)) {
    if (Date.now() - mtimeMs > keepYoungerThanMs) rmSync(join(dist, name), { recursive: true, force: true });
  }
}
