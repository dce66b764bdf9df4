/** The image's name. The image itself is built in test/e2e/compose.test.ts. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '#entry';
import { imageName } from '../../../src/cluster/compose/image.ts';

/** A copy of what the image is made of. */
function copyOfPackage(): string {
  const root = mkdtempSync(join(tmpdir(), 'kvctl-image-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const part of ['Dockerfile', 'docker', 'package.json', 'src'])
    cpSync(join(packageRoot, part), join(root, part), { recursive: true });
  return root;
}

test('the name has the version and a hash, and is the same for the same contents, wherever they are and whenever they were written', () => {
  const root = copyOfPackage();
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  expect(imageName()).toMatch(new RegExp(`^kvctl-node:${version.replaceAll('.', '[.]')}-[0-9a-f]{12}$`));
  utimesSync(join(root, 'src', 'node', 'main.ts'), 1, 1);
  expect(imageName(root)).toBe(imageName());
});

test.each(['Dockerfile', 'docker/health', 'docker/package-lock.json', 'src/node/main.ts', 'src/core/replica.ts', 'src/labs/dialect.ts'])(
  'a change of %s gives another name',
  (path) => {
    const root = copyOfPackage();
    const before = imageName(root);
    writeFileSync(join(root, path), `${readFileSync(join(root, path), 'utf8')}\n`);
    expect(imageName(root)).not.toBe(before);
  },
);

test('a change of the command line, which is in no image, gives the same name', () => {
  const root = copyOfPackage();
  const before = imageName(root);
  writeFileSync(join(root, 'src', 'cli', 'main.ts'), '');
  expect(imageName(root)).toBe(before);
});

test('an installed package, which has a build and no sources, is named after its build', () => {
  const root = copyOfPackage();
  const fromSources = imageName(root);
  rmSync(join(root, 'src'), { recursive: true });
  mkdirSync(join(root, 'dist'));
  cpSync(join(packageRoot, 'src'), join(root, 'dist', '0123456789ab'), { recursive: true });
  writeFileSync(join(root, 'dist', 'current.json'), JSON.stringify({ build: '0123456789ab', inputs: [] }));
  expect(imageName(root)).toMatch(/^kvctl-node:/);
  expect(imageName(root)).not.toBe(fromSources);
});
