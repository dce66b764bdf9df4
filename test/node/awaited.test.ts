import { expect, test } from 'vitest';
import { Awaited } from '../../src/node/awaited.ts';
import { KvctlError } from '../../src/wire/errors.ts';

test('a wait ends by its condition, and is not looked at again', async () => {
  const awaited = new Awaited();
  let has = 0;
  let looks = 0;
  const wait = awaited.wait(() => {
    looks += 1;
    return has >= 2;
  }, 60_000);
  awaited.look();
  has = 2;
  awaited.look();
  expect(await wait).toBe(true);
  const before = looks;
  awaited.look();
  expect(looks).toBe(before);
});

test('what is so already does not wait, and what never comes ends by its limit', async () => {
  const awaited = new Awaited();
  expect(await awaited.wait(() => true, 60_000)).toBe(true);
  expect(await awaited.wait(() => false, 1)).toBe(false);
});

test('so many wait and no more, and at the end all of them are told', async () => {
  const awaited = new Awaited();
  const waits = Array.from({ length: 1_000 }, () => awaited.wait(() => false, 60_000));
  await expect(awaited.wait(() => false, 60_000)).rejects.toMatchObject({ code: 'overloaded' });
  awaited.stop(new KvctlError('draining', 'the end'));
  const ends = await Promise.allSettled(waits);
  expect(ends.every((end) => end.status === 'rejected' && end.reason.code === 'draining')).toBe(true);
  await expect(awaited.wait(() => false, 60_000)).rejects.toMatchObject({ code: 'draining' });
});
