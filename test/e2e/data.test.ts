/** The data verbs through the real executable, against real nodes. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { down } from '../../src/cluster/cluster.ts';
import { loadState } from '../../src/cluster/state.ts';
import type { ParityRow } from '../../src/measure/result.ts';
import { finished, Home, type Ran, type RunOptions } from '../cli/kvctl.ts';
import { freePorts, until } from '../cluster/sandbox.ts';

const FOLLOWERS = 2;

async function startCluster(home: Home, ...more: string[]): Promise<void> {
  const port = await freePorts(FOLLOWERS + 1);
  const ran = await home.kvctl(['up', '--followers', `${FOLLOWERS}`, '--delay', '0', '--port', `${port}`, ...more]);
  expect({ stderr: ran.stderr, exitCode: ran.exitCode }).toEqual({ stderr: expect.stringMatching(/^starting cluster/), exitCode: 0 });
}

async function stopCluster(home: Home): Promise<void> {
  await down('default', { home: home.path });
  home[Symbol.dispose]();
}

const document = (ran: Ran) => JSON.parse(ran.stdout);

describe('the data verbs', () => {
  const home = new Home();
  beforeAll(() => startCluster(home));
  afterAll(() => stopCluster(home));

  /** Runs a verb that must end well. */
  async function run(args: readonly string[], options?: RunOptions): Promise<string> {
    const { stdout, stderr, exitCode } = await home.kvctl(args, options);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    return stdout;
  }

  test('put, get, list and del keep the strangest keys apart', async () => {
    // What a command line could spoil. What a path could, and a node, has tables in kv-client.test.ts and bad-input.test.ts.
    const keys = ['__proto__', '%2F', '..', 'a?b#c', ' two  spaces ', '-n', 'e\u0301', 'é', 'new\nline', '🙂'.repeat(256)];
    const textOf = (key: string) => JSON.stringify({ of: key });
    for (const key of keys) await run(['put', '--', key, textOf(key)]);
    const { items } = document(await home.kvctl(['list', '-o', 'json']));
    const listed = items.map(({ key, value }: { key: string; value: unknown }) => [key, JSON.stringify(value)]);
    expect(new Map(listed)).toEqual(new Map(keys.map((key) => [key, textOf(key)])));
    for (const key of keys) {
      expect(await run(['get', '--', key])).toBe(`${textOf(key)}\n`);
      await run(['del', '--', key]);
    }
    expect(document(await home.kvctl(['list', '-o', 'json'])).items).toEqual([]);
    expect(await home.kvctl(['get', '--', '..'])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('has no value'),
    });
  });

  test.each<[string, string[], RunOptions, unknown]>([
    ['JSON', ['{"a":[1,null]}'], {}, { a: [1, null] }],
    ['a number', ['12'], {}, 12],
    ['a negative number', ['-5'], {}, -5],
    ['null', ['null'], {}, null],
    ['text that is no JSON', ['hello world'], {}, 'hello world'],
    ['nothing', [''], {}, ''],
    ['digits with --string', ['0123', '--string'], {}, '0123'],
    ['JSON with --string', ['{"a":1}', '--string'], {}, '{"a":1}'],
    ['stdin, without the line feed at its end', ['-'], { stdin: 'from a pipe\n' }, 'from a pipe'],
    ['JSON on stdin', ['-'], { stdin: '{"a":\n 1}\n' }, { a: 1 }],
    ['stdin with --string', ['-', '--string'], { stdin: '17\n\n' }, '17\n'],
    ['a member called __proto__', ['{"__proto__":{"x":1}}'], {}, JSON.parse('{"__proto__":{"x":1}}')],
  ])('put takes %s', async (_what, args, options, expected) => {
    const put = document(await home.kvctl(['put', 'value', ...args, '-o', 'json'], options));
    const { url } = loadState('default', home.path).nodes[0]!;
    const got = (await (await fetch(`${url}/kv/value`)).json()) as { version: string };
    expect(put).toEqual({
      schema_version: 1,
      key: 'value',
      value: expected,
      version: got.version,
      follower_acks: expect.any(Number),
      required: 2,
      quorum_met: true,
      node: 'n1',
    });
    expect(got).toMatchObject({ key: 'value', value: expected, committed: true, node: 'n1' });
  });

  test('get prints a string as it is, and any other value as JSON', async () => {
    await run(['put', 'text', '"line 1\\nline 2"']);
    expect(await run(['get', 'text'])).toBe('line 1\nline 2\n');
    await run(['put', 'text', '["a", 1]']);
    expect(await run(['get', 'text'])).toBe('["a",1]\n');
    const whole = document(await home.kvctl(['get', 'text', '-o', 'json']));
    const version = expect.stringMatching(/^1\.\d+$/);
    expect(whole).toMatchObject({ schema_version: 1, key: 'text', value: ['a', 1], version, committed: true, node: 'n1' });
  });

  test('put and del say the version, how many hold it, and how many were needed', async () => {
    expect(await run(['put', 'told', 'x', '--quorum', '1'])).toMatch(
      /^told: written, version 1\.\d+ on n1 and [12] followers? \(1 needed\)\n$/,
    );
    expect(await run(['del', 'told'])).toMatch(/^told: deleted, version 1\.\d+ on n1 and 2 followers \(2 needed\)\n$/);
    expect(await run(['del', 'told'])).toMatch(/^told: had no value; deleted all the same, version 1\.\d+/);
  });

  test('a write that is given its key again is written once (failure 45)', async () => {
    const key = ['--idempotency-key', 'of-this-"test"', '-o', 'json'];
    const first = JSON.parse(await run(['put', 'once', '1', ...key]));
    expect(JSON.parse(await run(['put', 'once', '1', ...key]))).toEqual(first);
    const removed = JSON.parse(await run(['del', 'once', '--idempotency-key', 'gone', '-o', 'json']));
    expect(JSON.parse(await run(['del', 'once', '--idempotency-key', 'gone', '-o', 'json']))).toEqual(removed);
    const other = await home.kvctl(['put', 'once', '2', ...key]);
    expect(other).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('give a new write a new key') });
  });

  test('a follower answers local reads, refuses writes and names the leader', async () => {
    await run(['put', 'where', 'here']);
    await until('n3 has it', async () => (await home.kvctl(['get', 'where', '--node', 'n3'])).exitCode === 0);
    expect(document(await home.kvctl(['get', 'where', '--node', 'n3', '-o', 'json']))).toMatchObject({ value: 'here', node: 'n3' });
    const { url } = loadState('default', home.path).nodes[0]!;
    const refused = { exitCode: 1, stderr: expect.stringContaining(url) };
    expect(await home.kvctl(['put', 'where', 'there', '--node', 'n3'])).toMatchObject(refused);
    expect(await home.kvctl(['get', 'where', '--node', 'n3', '--read', 'committed'])).toMatchObject(refused);
  });

  test.each([
    ['of several nodes', 'followers', /expected one node, got "followers", which is n2, n3/],
    ['of no node', 'n9', /got "n9"/],
  ])('--node %s is a usage error', async (_what, selector, message) => {
    expect(await home.kvctl(['get', 'x', '--node', selector])).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
  });

  test('a quorum above the number of followers is refused', async () => {
    const ran = await home.kvctl(['put', 'x', '1', '--quorum', '3', '-o', 'json']);
    expect(ran.exitCode).toBe(1);
    expect(document(ran)).toMatchObject({ error: 'invalid_quorum', definite: true });
  });

  describe('list', () => {
    const keys = Array.from({ length: 1_050 }, (_, index) => `page/${String(index).padStart(4, '0')}`);
    beforeAll(async () => {
      const { url } = loadState('default', home.path).nodes[0]!;
      const put = (key: string) =>
        fetch(`${url}/kv/${encodeURIComponent(key)}?quorum=0`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ value: 'v'.repeat(100) }),
        });
      for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map(put));
    });

    test('gives all keys of a prefix in order, over as many pages as it takes', async () => {
      const { items, next } = document(await home.kvctl(['list', 'page/', '-o', 'json']));
      expect(items.map(({ key }: { key: string }) => key)).toEqual(keys);
      expect(next).toBeNull();
    });

    test('goes on after a key, up to a limit, and says how to go on', async () => {
      const ran = await home.kvctl(['list', 'page/', '--after', 'page/0009', '--limit', '2', '-o', 'ndjson']);
      expect(
        ran.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).key),
      ).toEqual(['page/0010', 'page/0011']);
      expect(ran.stderr).toBe('there are more keys: kvctl list --after "page/0011"\n');
      expect((await home.kvctl(['list', 'page/', '--limit', '2', '--quiet'])).stderr).toBe('');
    });

    test('ends quietly when its reader has seen enough', async () => {
      const child = home.start(['list', 'page/']);
      child.stdout?.once('data', () => child.stdout?.destroy());
      expect(await finished(child)).toMatchObject({ exitCode: 0, stderr: '' });
    });

    test('of nothing is an empty table with exit code 0', async () => {
      expect(await run(['list', 'no such prefix'])).toBe('key  value  version\n');
    });
  });

  describe('quorum', () => {
    test('is shown with its equivalents and what a promotion needs', async () => {
      const { equivalents, ...shown } = document(await home.kvctl(['quorum', '-o', 'json']));
      expect(shown).toMatchObject({ schema_version: 1, write_quorum: 2, followers: 2, majority: 2, lossless_promotion_needs: 1 + 1 });
      const settings = equivalents.map(({ setting }: { setting: string }) => setting).join('\n');
      for (const text of ['ANY 2 (s1, s2)', 'wait_for_replica_count = 2', 'WAIT 2', 'w: 3', 'min.insync.replicas=3'])
        expect(settings).toContain(text);
    });

    test('is set, old → new, and holds for the next write', async () => {
      expect(await run(['quorum', '1'])).toMatch(/^quorum 2 → 1: a write is acknowledged once the leader and 1 of 2 followers hold it\n/);
      expect(document(await home.kvctl(['put', 'q', '1', '-o', 'json']))).toMatchObject({ required: 1 });
      expect(await run(['quorum', '1'])).toMatch(/^quorum 1, as before: /);
      expect(await run(['quorum', '2'])).toMatch(/^quorum 1 → 2: /);
    });

    test('of more than there are followers is refused and changes nothing', async () => {
      expect(await home.kvctl(['quorum', '3'])).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/expected .* got 3/) });
      expect(document(await home.kvctl(['quorum', '-o', 'json']))).toMatchObject({ write_quorum: 2 });
    });
  });

  describe('network', () => {
    test('is changed for all, for one, and by node; old → new', async () => {
      expect(await run(['network', '--delay', '0-2', '--seed', '7'])).toBe('seed 1 → 7\nn2: delay 0 → 0-2 ms\nn3: delay 0 → 0-2 ms\n');
      expect(await run(['network', '--node', 'n3', '--delay', '1', '--loss', '0.5'])).toBe('n3: delay 0-2 → 1 ms\nn3: loss 0 → 0.5\n');
      expect(await run(['network', '--delay', 'n2=lognormal:1,0.5', '--loss', '0'])).toBe(
        'n2: delay 0-2 → lognormal:1,0.5 ms\nn3: loss 0.5 → 0\n',
      );
      expect(document(await home.kvctl(['network', '-o', 'json']))).toMatchObject({
        schema_version: 1,
        leader: 'n1',
        seed: 7,
        nodes: { n2: { delay: 'lognormal:1,0.5', loss: 0, is_partitioned: false }, n3: { delay: '1', loss: 0, is_partitioned: false } },
      });
      await run(['network', '--delay', '0', '--seed', '1']);
    });

    test('that is like that already stays as it is', async () => {
      expect(await run(['network', '--delay', '0'])).toBe('nothing changed: the network is like that already\n');
    });

    test.each([
      ['a loss above 1', ['--loss', '1.5'], /expected a share from 0 to 1, like 0.1, got "1.5"/],
      ['a delay that is none', ['--delay', 'fast'], /expected a delay in ms: .*got "fast"/],
      ['the leader as the only node', ['--node', 'leader', '--delay', '1'], /expected followers \(n2, n3\), got leader/],
      ['nodes in two places', ['--node', 'n2', '--delay', 'n3=1'], /expected nodes in --delay or in --node, got both/],
    ])('refuses %s', async (_what, args, message) => {
      expect(await home.kvctl(['network', ...args])).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
    });
  });

  test('Ctrl-C while put waits for stdin ends it with 105 and writes nothing', async () => {
    const child = home.start(['put', 'never', '-']);
    // More than a pipe holds: once all of it is written, somebody is reading.
    await new Promise<void>((resolve) => child.stdin?.write('x'.repeat(1_000_000), () => resolve()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    const exitCode = await ended;
    expect(exitCode).toBe(105);
    expect(await home.kvctl(['get', 'never'])).toMatchObject({ exitCode: 1 });
  });
});

/** One cluster, from level replicas to dead ones: each test leaves it to the next as that needs it. */
describe('parity', () => {
  const rowsOf = (ran: Ran) => document(ran).parity as ParityRow[];
  /** Every node holds everything up to one version, and says so. */
  function untilDigestsTell(home: Home): Promise<unknown> {
    const { nodes } = loadState('default', home.path);
    return until('all nodes hold the same and say so', async () => {
      const headers = await Promise.all(nodes.map(({ url }) => new KvClient().dumpHeader(url)));
      return new Set(headers.flatMap(({ head, watermark }) => [head, watermark])).size === 1;
    });
  }

  /** The data of a node that does not run, changed by somebody who knows SQL. */
  function alter(home: Home, node: number, ...statements: string[]): void {
    const database = new DatabaseSync(join(loadState('default', home.path).nodes[node]!.data_dir!, 'data.sqlite'));
    for (const statement of statements) expect(database.prepare(statement).run().changes).toBe(1);
    database.close();
  }

  const statusesOf = (ran: Ran) => Object.fromEntries(rowsOf(ran).map(({ node, status }) => [node, status]));
  const home = new Home();
  beforeAll(() => startCluster(home));
  afterAll(() => stopCluster(home));

  test('is 0 when all replicas are level, and has a row for each node that does not lead', async () => {
    await home.kvctl(['put', 'a', '1', '--quorum', '2']);
    await home.kvctl(['del', 'a', '--quorum', '2']);
    const ran = await home.kvctl(['parity', '--wait', '20s', '-o', 'json']);
    expect(ran.exitCode).toBe(0);
    const { nodes } = loadState('default', home.path);
    const how = { reasons: [], compared_by: expect.stringMatching(/^(digest|rows)$/), altered: [] };
    const level = { status: 'match', missing: 0, stale: 0, extra: 0, corrupt: 0, keys: [], ...how };
    expect(document(ran)).toEqual({ schema_version: 1, parity: nodes.slice(1).map(({ id, url }) => ({ node: id, url, ...level })) });
  });

  test('waits until a replica that is behind has caught up', async () => {
    await home.kvctl(['network', '--node', 'n3', '--delay', '700']);
    await home.kvctl(['put', 'behind', '1', '--quorum', '1']);
    const ran = await home.kvctl(['parity', '--wait', '20s', '-o', 'json']);
    expect({ exitCode: ran.exitCode, ...statusesOf(ran) }).toEqual({ exitCode: 0, n2: 'match', n3: 'match' });
    expect(ran.stderr).toBe('waiting until all replicas are level\n');
  });

  test('takes lag for no fault when it looks once, and for a violation when it waited in vain', async () => {
    // n3 gets everything ten minutes late.
    await home.kvctl(['network', '--node', 'n3', '--delay', '600000']);
    await home.kvctl(['put', 'late', '1', '--quorum', '1']);
    const once = await home.kvctl(['parity', '-o', 'json']);
    expect({ exitCode: once.exitCode, ...statusesOf(once) }).toEqual({ exitCode: 0, n2: 'match', n3: 'lag' });
    expect(rowsOf(once)[1]).toMatchObject({ missing: 1, keys: ['late'], compared_by: 'rows' });
    expect(rowsOf(once)[1]!.reasons).toEqual([{ key: 'late', reason: 'lag', leader: expect.stringMatching(/^1\.\d+$/), replica: null }]);
    const waited = await home.kvctl(['parity', '--wait', '300ms', '-o', 'json']);
    expect({ exitCode: waited.exitCode, ...statusesOf(waited) }).toEqual({ exitCode: 3, n2: 'match', n3: 'lag' });
  });

  test('is 3 when a replica holds another value: by its digest if it wrote that, by its rows if somebody else did', async () => {
    // Of its own: the digest of n3 is made of this one row.
    const home = new Home();
    await startCluster(home);
    onTestFinished(() => stopCluster(home));
    const put = document(await home.kvctl(['put', 'a', 'true value', '--quorum', '2', '-o', 'json']));
    await untilDigestsTell(home);
    expect(await home.kvctl(['kill', 'n2,n3'])).toMatchObject({ exitCode: 0 });
    const digest = createHash('sha256').update(`a\0"other"\0${put.version}`).digest('hex').slice(0, 32);
    alter(home, 1, `UPDATE kv SET value = '"other"' WHERE key = 'a'`);
    // As if it had been n3's own doing.
    alter(home, 2, `UPDATE kv SET value = '"other"' WHERE key = 'a'`, `UPDATE node SET digest = '${digest}'`);
    expect(await home.kvctl(['restart', 'n2,n3'])).toMatchObject({ exitCode: 0 });

    const ran = await home.kvctl(['parity', '-o', 'json']);
    expect({ exitCode: ran.exitCode, ...statusesOf(ran) }).toEqual({ exitCode: 3, n2: 'match', n3: 'mismatch' });
    const reasons = [{ key: 'a', reason: 'corruption', leader: put.version, replica: put.version }];
    expect(rowsOf(ran)).toMatchObject([{ compared_by: 'digest' }, { compared_by: 'rows', corrupt: 1, keys: ['a'], reasons, altered: [] }]);

    const full = await home.kvctl(['parity', '--full', '-o', 'json']);
    expect({ exitCode: full.exitCode, ...statusesOf(full) }).toEqual({ exitCode: 3, n2: 'mismatch', n3: 'mismatch' });
    expect(rowsOf(full)).toMatchObject([
      { compared_by: 'rows', corrupt: 1, keys: ['a'], reasons, altered: ['n2'] },
      { reasons, altered: [] },
    ]);
    expect(full.stderr).toMatch(/^warning: the rows of n2 do not fit the digest that it keeps of them: /);

    const table = await home.kvctl(['parity', '--full']);
    expect(table.stdout).toMatch(new RegExp(`^n3 +a +corruption +${put.version} +${put.version}$`, 'm'));
  });

  test('is 1 when a replica is unreachable', async () => {
    expect(await home.kvctl(['kill', 'n3'])).toMatchObject({ exitCode: 0 });
    const ran = await home.kvctl(['parity', '-o', 'json']);
    expect({ exitCode: ran.exitCode, ...statusesOf(ran) }).toEqual({ exitCode: 1, n2: 'match', n3: 'unreachable' });
    expect((await home.kvctl(['parity', '--wait', '200ms'])).exitCode).toBe(1);
    // A frozen process takes the connection and never answers: a dump would be waited for, for 30 s.
    expect(await home.kvctl(['pause', 'n2'])).toMatchObject({ exitCode: 0 });
    const startMs = performance.now();
    expect(statusesOf(await home.kvctl(['parity', '-o', 'json']))).toEqual({ n2: 'unreachable', n3: 'unreachable' });
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

  test('is 1 when nobody leads', async () => {
    await home.kvctl(['kill', 'leader']);
    expect(await home.kvctl(['parity'])).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/^kvctl: /) });
  });
});
