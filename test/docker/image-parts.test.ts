/** What goes into the image: the packages that a node needs, pinned as everywhere, and its rooms as JavaScript. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '#entry';
import { dockerLock } from '../../scripts/docker-lock.mjs';
import { NODE } from '../cli/kvctl.ts';

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-docker-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function assemble(source: string): string {
  const target = join(makeDirectory(), 'app');
  const { status, stderr } = spawnSync(NODE, [join(source, 'docker', 'assemble.mjs'), source, target], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return target;
}

function modulesOf(app: string): string[] {
  return readdirSync(app, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
}

test('docker/package.json and its lock are the part of the project’s own that a node imports', () => {
  for (const [name, made] of Object.entries(dockerLock())) {
    const path = join(packageRoot, 'docker', name);
    if (process.env['KVCTL_UPDATE_GOLDEN'] === '1') writeFileSync(path, made);
    else expect(readFileSync(path, 'utf8'), `${path}: node scripts/docker-lock.mjs writes it anew`).toBe(made);
  }
});

test('an image holds no package of the command line', () => {
  const { packages } = JSON.parse(dockerLock()['package-lock.json']) as { packages: Record<string, object> };
  for (const name of ['vega', 'listr2', 'commander', 'got', 'execa']) expect(packages).not.toHaveProperty(`node_modules/${name}`);
});

test('from a checkout: every module is JavaScript, and finds every module and package that it imports', () => {
  const app = assemble(packageRoot);
  const { dependencies } = JSON.parse(dockerLock()['package.json']) as { dependencies: Record<string, string> };
  const modules = modulesOf(app);
  expect(modules).toContain(join('node', 'main.js'));
  expect(modules).toContain(join('store', 'sqlite-worker.js'));
  for (const path of modules) {
    const source = readFileSync(join(app, path), 'utf8');
    for (const [, specifier = ''] of source.matchAll(/(?:from |import\()'([^']+)'/g)) {
      if (specifier.startsWith('.')) expect(existsSync(join(app, dirname(path), specifier)), `${path} imports ${specifier}`).toBe(true);
      else if (!specifier.startsWith('node:'))
        expect(dependencies).toHaveProperty([
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        ]);
    }
  }
  expect(spawnSync(NODE, ['--check', join(app, 'node', 'main.js')]).status).toBe(0);
  expect(JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'))).toMatchObject({ type: 'module' });
  expect(statSync(join(app, 'health')).mode & 0o111).toBe(0o111);
});

test('from an installed package: the modules of its build, and no others of the many that may be there', () => {
  const source = makeDirectory();
  for (const part of ['docker', 'package.json']) cpSync(join(packageRoot, part), join(source, part), { recursive: true });
  for (const build of ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']) {
    for (const room of ['node', 'core', 'store', 'wire', 'lib', 'labs', 'cli']) {
      mkdirSync(join(source, 'dist', build, room), { recursive: true });
      writeFileSync(join(source, 'dist', build, room, 'main.js'), `// ${build}`);
    }
  }
  writeFileSync(join(source, 'dist', 'current.json'), JSON.stringify({ build: 'bbbbbbbbbbbb' }));
  const app = assemble(source);
  expect(readFileSync(join(app, 'node', 'main.js'), 'utf8')).toBe('// bbbbbbbbbbbb');
  expect(modulesOf(app)).not.toContain(join('cli', 'main.js'));
});

test('the context of the build has everything that the image is made of', () => {
  const allowed = readFileSync(join(packageRoot, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'));
  const assembler = readFileSync(join(packageRoot, 'docker', 'assemble.mjs'), 'utf8');
  const rooms = /const ROOMS = \[([^\]]*)\]/.exec(assembler)?.[1]?.match(/\w+/g) ?? [];
  expect(rooms.length).toBeGreaterThan(3);
  expect(allowed).toEqual(expect.arrayContaining(['!package.json', '!docker', '!dist', ...rooms.map((room) => `!src/${room}`)]));
});
