// Lays out what a node's image runs: the rooms of the node as JavaScript, nothing of the rest. Runs inside the image's build.
//
//   node docker/assemble.mjs <package> <target>   ->  <target>/{node,core,…}/*.js, <target>/package.json, <target>/health
//
// A checkout has src/, an installed package has dist/ and no sources. Where both are, the sources count: a build may be stale.
// From the sources: types are stripped, and imports of .ts become imports of .js, which is all that tsc does to them (the
// sources hold erasable syntax only). Node could run them as they are, but a node that strips types itself holds 29 MB more.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

/** What `node` may import, by the table of rooms. */
const ROOMS = ['node', 'core', 'store', 'wire', 'lib', 'labs'];

const [source = '', target = ''] = process.argv.slice(2);
mkdirSync(target, { recursive: true });
if (existsSync(join(source, 'src'))) strip(join(source, 'src'));
else copyBuild(join(source, 'dist'));
const { name, version, license } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
writeFileSync(
  join(target, 'package.json'),
  `${JSON.stringify({ name: `${name}-node`, version, license, private: true, type: 'module' })}\n`,
);
cpSync(join(source, 'docker', 'health'), join(target, 'health'));
// A file system without modes (a checkout on Windows) would lose it.
chmodSync(join(target, 'health'), 0o755);

/** @param {string} sources */
function strip(sources) {
  for (const room of ROOMS) {
    for (const path of readdirSync(join(sources, room), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || path.endsWith('.d.ts')) continue;
      const stripped = stripTypeScriptTypes(readFileSync(join(sources, room, path), 'utf8'));
      const file = join(target, room, path.replace(/ts$/, 'js'));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, stripped.replace(/(from |import |import\()'(\.[^']*)\.ts'/g, "$1'$2.js'"));
    }
  }
}

/** @param {string} builds */
function copyBuild(builds) {
  const { build } = JSON.parse(readFileSync(join(builds, 'current.json'), 'utf8'));
  for (const room of ROOMS) cpSync(join(builds, build, room), join(target, room), { recursive: true });
}
