import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { up } from '../../src/cluster/cluster.ts';
import { examine } from '../../src/cluster/doctor.ts';
import { kill } from '../../src/cluster/faults.ts';
import { parseSpec } from '../../src/cluster/spec.ts';
import { freePorts, makeHome } from './sandbox.ts';

const entry = fileURLToPath(new URL('../support/fake-node.mjs', import.meta.url));

test('every check says what it found, and leaves nothing behind', async () => {
  const home = makeHome();
  const checks = await examine(home);
  expect(checks.map(({ id }) => id)).toEqual(['node', 'cores', 'state directory', 'disk', 'timers', 'ports', 'docker', 'leftovers']);
  expect(checks.find(({ id }) => id === 'node')).toMatchObject({ verdict: 'ok', found: `Node.js ${process.version}` });
  expect(checks.find(({ id }) => id === 'disk')?.value).toBeGreaterThan(0);
  for (const { verdict, advice } of checks) if (verdict !== 'ok') expect(advice).not.toBeNull();
  expect(readdirSync(home)).toEqual([]);
});

test('a state directory that cannot be written is a failure that says what to do', async () => {
  const file = join(makeHome(), 'file');
  writeFileSync(file, '');
  const checks = await examine(join(file, 'kvctl'));
  expect(checks.find(({ id }) => id === 'state directory')).toMatchObject({
    verdict: 'fail',
    advice: expect.stringContaining('KVCTL_HOME'),
  });
  expect(checks.map(({ id }) => id)).not.toContain('disk');
});

test('nodes that ended without `down` are named, with the two ways out', async () => {
  const home = makeHome();
  await up(parseSpec({ name: 'lab', followers: 1, port: await freePorts(2) }), { home, entry });
  expect((await examine(home)).at(-1)).toMatchObject({ id: 'leftovers', verdict: 'ok' });
  await kill('lab', ['n2'], 'SIGKILL', { home });
  expect((await examine(home)).at(-1)).toMatchObject({
    verdict: 'warn',
    found: 'cluster "lab": n2 ended without `kvctl down`',
    advice: expect.stringMatching(/`kvctl restart -n lab n2`.*`kvctl down -n lab`/),
  });
});
