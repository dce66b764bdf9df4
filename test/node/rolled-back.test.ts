/** `GET /admin/rolled-back` and `kvctl list --rolled-back` on a real node, whose file the test wrote. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Home } from '../cli/kvctl.ts';
import { RealCluster, TOKEN } from '../support/real-node.ts';

const lineOf = (seq: number, key: string, value: string | null) =>
  `${JSON.stringify({ version: `1.${seq}`, key, value, need: 1, timestamp_ms: 1.5, instead: seq === 1 ? '2.1' : null })}\n`;

test('a node streams what it rolled back, a line per version, and says so where it cannot read it', async () => {
  using home = new Home();
  await using cluster = await RealCluster.start({ followers: 0, quorum: 0, store: 'sqlite' });
  const { url } = cluster.leader;
  const file = join(cluster.directory, 'n1', 'rolled-back.ndjson');
  const ask = (method = 'GET') => fetch(`${url}/admin/rolled-back`, { method, headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await (await ask()).text()).toBe('{"node":"n1"}\n');
  const rows = [lineOf(1, 'a:\u2028', '{"n":1}'), lineOf(2, 'b', null), lineOf(1, 'a:\u2028', '{"n":1}'), lineOf(3, 'a:3', '"x"')];
  writeFileSync(file, `${rows.join('')}{"version":"1.4","ke`);
  const answer = await ask();
  expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
  expect((await answer.text()).split('\n')).toEqual([
    '{"node":"n1"}',
    '{"key":"a:\u2028","value":{"n":1},"version":"1.1","timestamp_ms":1.5,"instead":"2.1"}',
    '{"key":"b","version":"1.2","timestamp_ms":1.5,"instead":null}',
    '{"key":"a:3","value":"x","version":"1.3","timestamp_ms":1.5,"instead":null}',
    '',
  ]);
  expect((await ask('HEAD')).status).toBe(200);

  const listed = async (...args: string[]) => {
    const env = { KVCTL_TOKEN: TOKEN };
    const ran = await home.kvctl(['list', '--rolled-back', '--leader', url, '-o', 'json', ...args], { env });
    expect([ran.exitCode, ran.stderr]).toEqual([0, '']);
    return (JSON.parse(ran.stdout) as { items: { key: string }[] }).items.map(({ key }) => key);
  };
  expect(await listed()).toEqual(['a:\u2028', 'b', 'a:3']);
  expect(await listed('a:', '--limit', '1')).toEqual(['a:\u2028']);

  rmSync(file);
  mkdirSync(file);
  const refused = await ask();
  expect([refused.status, await refused.json()]).toEqual([
    503,
    expect.objectContaining({ error: 'storage_failed', message: expect.stringContaining('expected to read what was rolled back at') }),
  ]);
});
