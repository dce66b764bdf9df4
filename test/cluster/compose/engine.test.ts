/** Finding Docker and Compose, on machines that lack this or that: stand-ins of the programs on a PATH of its own. The real ones: test/e2e/compose.test.ts. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { engineError } from '../../../src/cluster/compose/engine.ts';
import { clusterPaths } from '../../../src/cluster/home.ts';
import { Home } from '../../cli/kvctl.ts';

/** A PATH with these shell scripts and nothing else. */
function pathOf(programs: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-path-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

async function upWith(programs: Readonly<Record<string, string>>) {
  using home = new Home();
  const ran = await home.kvctl(['up', '--target', 'compose', '-o', 'json'], { env: { PATH: pathOf(programs) } });
  expect(existsSync(join(home.path, 'clusters')), 'it left something behind').toBe(false);
  return ran;
}

const ENGINE = 'case "$1" in version) echo 28.0.0;; --version) echo Docker;; *) echo "unknown command: docker $1" >&2; exit 1;; esac';

describe('up --target compose', () => {
  test('without Docker says what it looked for, and that the local target needs none', async () => {
    const { exitCode, stdout, stderr } = await upWith({});
    expect(exitCode).toBe(1);
    expect(stderr).toContain('expected `docker`, with `docker compose` or `docker-compose`, on the PATH, found no docker');
    expect(stderr).toContain('the local target needs no Docker: leave --target away');
    expect(JSON.parse(stdout)).toMatchObject({
      error: 'no_engine',
      detail: { looked_for: ['docker', 'docker compose', 'docker-compose'] },
    });
  });

  test('with Docker, but without either Compose, names both', async () => {
    const { exitCode, stderr } = await upWith({ docker: ENGINE });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('expected Docker Compose, but neither `docker compose` nor `docker-compose` works');
    expect(stderr).toContain('the local target needs no Docker');
  });

  test('with an engine that does not run says so, which is another thing than no Docker', async () => {
    const docker = 'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1';
    const { exitCode, stderr } = await upWith({ docker });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('expected the Docker engine to answer, but it does not run: start it');
  });
});

test('the local target needs no Docker', async () => {
  using home = new Home();
  const ran = await home.kvctl(['up', '--followers', '0', '--port', '28731'], { env: { PATH: pathOf({}) } });
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(await home.kvctl(['down', '--purge'], { env: { PATH: pathOf({}) } })).toMatchObject({ exitCode: 0 });
});

describe('words of Docker and Compose', () => {
  test.each([
    ['Docker 20', 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'],
    [
      'Docker 28',
      'failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory',
    ],
    [
      'Docker Desktop',
      'error during connect: this error may indicate that the docker daemon is not running: Get "http://%2F%2F.%2Fpipe": open //./pipe',
    ],
    [
      'docker-compose 1.29',
      "Error while fetching server API version: ('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))",
    ],
    ['an older docker-compose', "ERROR: Couldn't connect to Docker daemon at http+docker://localhost - is it running?"],
  ])('that the engine does not run, by %s', (_who, words) => {
    expect(engineError(words)?.message).toContain('start it');
  });

  test.each([
    [
      'Docker',
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix: connect: permission denied',
    ],
    ['docker-compose 1.29', "Error while fetching server API version: ('Connection aborted.', PermissionError(13, 'Permission denied'))"],
  ])('that this user may not reach it, by %s', (_who, words) => {
    expect(engineError(words)?.message).toContain('group docker');
  });

  test('of anything else are no matter of the engine', () => {
    expect(
      engineError('Error response from daemon: driver failed programming external connectivity: port is already allocated'),
    ).toBeNull();
    expect(engineError('EACCES: permission denied, mkdir /data')).toBeNull();
  });
});

describe('the project', () => {
  test('is another one for another name and for another state directory', () => {
    const projects = [clusterPaths('lab', '/home/a'), clusterPaths('lab', '/home/b'), clusterPaths('two', '/home/a')].map(
      ({ project }) => project,
    );
    expect(new Set(projects).size).toBe(3);
    for (const project of projects) expect(project).toMatch(/^kvctl-(lab|two)-[0-9a-f]{8}$/);
  });

  test('is the same for the same directory, however it is spelt, and before it exists', () => {
    const root = mkdtempSync(join(tmpdir(), 'kvctl-project-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    mkdirSync(join(root, 'real'));
    symlinkSync(join(root, 'real'), join(root, 'link'));
    const before = clusterPaths('lab', join(root, 'link', 'home')).project;
    expect(before).toBe(clusterPaths('lab', join(root, 'real', 'home')).project);
    mkdirSync(join(root, 'real', 'home'));
    expect(clusterPaths('lab', join(root, 'link', 'home')).project).toBe(before);
  });
});
