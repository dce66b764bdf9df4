import { expect, test } from 'vitest';
import { choosePorts, isPortFree, ownerOf } from '../../src/cluster/ports.ts';
import { freePorts, occupy } from './sandbox.ts';

const nobody = new Map<number, string>();

test('a port is free until somebody listens on it', async () => {
  const port = await freePorts(1);
  expect(await isPortFree(port)).toBe(true);
  await occupy(port);
  expect(await isPortFree(port)).toBe(false);
});

test('a free block that was asked for is given', async () => {
  const port = await freePorts(3);
  expect(await choosePorts({ count: 3, port, reserved: nobody })).toBe(port);
});

test('a busy port in the block that was asked for is an error that names the owner', async () => {
  const port = await freePorts(3);
  await occupy(port + 2);
  const attempt = choosePorts({ count: 3, port, reserved: nobody });
  await expect(attempt).rejects.toThrow(`expected port ${port + 2} to be free, but`);
  await expect(attempt).rejects.toMatchObject({ code: 'port_taken', exitCode: 1, detail: { port: port + 2, pid: process.pid } });
});

test('an owner that is a node of another cluster is named as such', async () => {
  const port = await freePorts(1);
  await occupy(port);
  const reserved = new Map([[port, 'node n1 of cluster "two"']]);
  await expect(choosePorts({ count: 1, port, reserved })).rejects.toThrow('node n1 of cluster "two"');
});

test('without a wish, a block with a busy or a reserved port is passed over as a whole', async () => {
  const count = 4;
  const first = await choosePorts({ count, port: null, reserved: nobody });
  const second = await choosePorts({ count, port: null, reserved: new Map([[first + 3, 'another']]) });
  expect((second - 8000) % count).toBe(0);
  expect(second).toBeGreaterThanOrEqual(first + count);
  await occupy(second + 1);
  expect(await choosePorts({ count, port: null, reserved: new Map([[first + 3, 'another']]) })).toBeGreaterThanOrEqual(second + count);
});

test('nobody owns a free port', async () => {
  expect(ownerOf(await freePorts(1))).toBeNull();
});
