/** A node over a data directory that is not its own: somebody else's, or a copy of one that is in use. Real processes with their data on disk. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { WriteAnswer } from '../../src/wire/api.ts';
import { freePorts } from '../cluster/sandbox.ts';
import { expectError, expectOk } from '../support/expect-error.ts';
import { put } from '../support/raw-http.ts';
import { RealCluster, RealNode } from '../support/real-node.ts';

const written = async (node: RealNode, key: string) => expectOk<WriteAnswer>(await put(node.port, `/kv/${key}`, '{"value":1}'));

test('of two leaders over copies of one directory only the first leads; the other says why not, and takes no write (failure 24)', async () => {
  await using cluster = await RealCluster.start({ followers: 2, quorum: 2, store: 'sqlite' });
  const { leader, directory } = cluster;
  await written(leader, 'before');
  await leader.kill('SIGTERM');
  const copied = join(directory, 'copy');
  cpSync(join(directory, 'n1'), copied, { recursive: true });
  leader.start();
  await cluster.isReady();

  const copy = new RealNode({ ...leader.environment, PORT: `${await freePorts(1)}`, DATA_DIR: copied }, [], 'the copy');
  try {
    copy.start();
    await copy.reaches('does not lead', ({ role, phase }) => role === 'follower' && phase === 'deposed');
    expect(copy.complaints.join()).toMatch(/n[23] reached epoch 2, and n1 only 1.*overtaken/);
    for (const query of ['', '?quorum=0']) expectError(await put(copy.port, `/kv/a${query}`, '{"value":1}'), 'not_leader');
    expect((await written(leader, 'after')).version).toMatch(/^2[.]/);
    expect(await leader.status()).toMatchObject({ phase: 'open', epoch: 2 });
  } finally {
    await copy.kill();
  }
});

test('a node with the directory of another one ends with 1 and says whose it is (failure 26)', async () => {
  await using cluster = await RealCluster.start({ followers: 2, quorum: 2, store: 'sqlite' });
  await written(cluster.leader, 'a');
  const [second, third] = [cluster.follower(0), cluster.follower(1)];
  await second.kill();
  await third.kill();
  second.start({ DATA_DIR: join(cluster.directory, 'n3') });
  expect(await second.ended).toEqual({ exitCode: 1, signal: null });
  expect(second.output).toMatch(/kvctl node: expected the data of n2 in .*n3, got that of n3/);
  await cluster.leader.reaches('knows that both are away', ({ replicas }) => replicas.every(({ is_up }) => !is_up));
  // Over its own it is as good as before.
  second.start();
  third.start();
  await cluster.isReady();
  await written(cluster.leader, 'b');
});
