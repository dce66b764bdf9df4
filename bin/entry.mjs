// Where the program's modules are: in the build if there is one and it is fresh, else in the sources, which Node runs as they are.
//
//   import { resolveEntry } from '#entry';
//   resolveEntry('node/main')  ->  <root>/dist/<hash>/node/main.js  or  <root>/src/node/main.ts
//
// One process gets all its answers from the same place. Invariant: a build that was returned is never changed in place, because
// scripts/build.mjs writes each build into a directory named by its contents and then flips dist/current.json.
// An installed package has no sources: its build is always fresh (and Node strips no types below node_modules).
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root directory, absolute: scenarios/, Dockerfile and package.json are there. */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {{ directory: string, extension: string } | undefined} */
let chosen;

/**
 * The absolute file of a module named relative to src/, without extension. It does not look whether the file exists.
 * @param {string} relative
 * @returns {string}
 */
export function resolveEntry(relative) {
  chosen ??= choose();
  return join(chosen.directory, relative + chosen.extension);
}

function choose() {
  const build = freshBuild();
  return build === undefined ? { directory: join(packageRoot, 'src'), extension: '.ts' } : { directory: build, extension: '.js' };
}

/** @returns {string | undefined} the directory of the current build, if the sources are as they were when it was made */
function freshBuild() {
  let current;
  try {
    current = JSON.parse(readFileSync(join(packageRoot, 'dist', 'current.json'), 'utf8'));
  } catch {
    return undefined;
  }
  const directory = join(packageRoot, 'dist', current.build);
  if (statSync(join(packageRoot, 'src'), { throwIfNoEntry: false }) === undefined) return directory;
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) return undefined;
  // Directories are listed too: their time tells of a file that came or went.
  for (const [path, size, mtimeMs] of current.inputs) {
    const found = statSync(join(packageRoot, path), { throwIfNoEntry: false });
    if (found === undefined || found.mtimeMs !== mtimeMs || (size !== null && found.size !== size)) return undefined;
  }
  return directory;
}
