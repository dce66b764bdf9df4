import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { open as openFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EMPTY_POSITION } from '../../src/core/record.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { contentOf, makeTempDirectory, ODD_KEYS, record, scanAll, version } from './model.ts';

const COMMITTER = fileURLToPath(new URL('./committer.ts', import.meta.url));
const TIMEOUT_MS = 60_000;
const ENTRY = { key: 'k', fingerprint: 'f', existed: true, recordKey: 'r', version: version(4), need: 1 };
/** Shows the system calls of a process; the one test that counts them is skipped where there is none, or where it is not allowed to. */
const TRACER = 'strace';

describe.each([
  { where: 'in a thread of its own', hasWriterThread: true },
  { where: 'in the thread of its user', hasWriterThread: false },
])('a durable store that writes $where', ({ hasWriterThread }) => {
  async function open(dataDir: string): Promise<Store> {
    const store = await openSqliteStore({ dataDir, hasWriterThread });
    onTestFinished(() => store.close());
    return store;
  }

  /** Runs the committer, through `command` if given, and calls back with each line. Answers all lines once it is gone. */
  async function runCommitter(
    args: string[],
    onLine: (line: string, child: ChildProcess) => void = () => {},
    command: string[] = [],
  ): Promise<string[]> {
    const [file, ...rest] = [...command, process.execPath, COMMITTER, hasWriterThread ? 'thread' : 'inline', ...args] as [
      string,
      ...string[],
    ];
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    let tail = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (tail + text).split('\n');
      tail = parts.pop() as string;
      for (const line of parts) {
        lines.push(line);
        onLine(line, child);
      }
    });
    await new Promise((resolve) => child.once('close', resolve));
    return lines;
  }

  function lastAcked(lines: readonly string[]): number {
    return Number(lines.findLast((line) => line.startsWith('acked '))?.slice('acked '.length));
  }

  test('a store that is opened again holds everything, byte for byte', async () => {
    const dataDir = join(await makeTempDirectory(), 'made', 'on', 'the', 'way');
    const records = ODD_KEYS.map((key, i) => record(key, version(i + 1, 3), i % 4 === 0 ? null : JSON.stringify(key)));
    const position = {
      watermark: version(5, 3),
      cursor: version(9, 3),
      cursorEpoch: 3,
      kMin: 2,
      history: [{ epoch: 3, leader: 'n2', seq: 1, floor: version(1, 2), isForced: true }],
      purgeFloor: version(0, 3),
    };
    const first = await openSqliteStore({ dataDir, hasWriterThread });
    await first.commit({ records, position });
    await first.close();
    const second = await open(dataDir);
    expect(scanAll(second).flatMap((page) => page.rows)).toEqual(records);
    expect(second.position()).toEqual(position);
    expect(second.count()).toBe(records.length);
    expect(second.content()).toEqual(contentOf(records));
    await second.commit({ records: [record('key0', version(100, 3), null)] });
    expect(second.content()).toEqual(contentOf(scanAll(second).flatMap((page) => page.rows)));
    expect(second.head()).toEqual(version(100, 3));
  });

  test('closing waits for the commits that run', async () => {
    const dataDir = await makeTempDirectory();
    const first = await openSqliteStore({ dataDir, hasWriterThread });
    const running = [1, 2, 3].map((seq) => first.commit({ records: [record('a', version(seq))] }));
    await first.close();
    await Promise.all(running);
    expect((await open(dataDir)).get('a')).toEqual(record('a', version(3)));
  });

  test('kill -9 in the middle of commits loses nothing that was acknowledged and tears no commit (failure 9)', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const dataDir = await makeTempDirectory();
    const lines = await runCommitter([dataDir, '16'], (line, child) => {
      if (line.startsWith('acked ') && Number(line.slice(6)) >= 500) child.kill('SIGKILL');
    });
    const acked = lastAcked(lines);
    expect(acked).toBeGreaterThanOrEqual(500);
    const store = await open(dataDir);
    const { watermark } = store.position();
    expect(watermark.seq).toBeGreaterThanOrEqual(acked);
    expect(watermark.seq % 5).toBe(0);
    const rows = scanAll(store).flatMap((page) => page.rows);
    expect(store.content()).toEqual(contentOf(rows));
    expect(rows.map((row) => row.version.seq)).toEqual(Array.from({ length: 10 }, (_, i) => watermark.seq - 9 + i));
  });

  test.skipIf(process.platform === 'win32')(
    'a disk that takes no more rejects that commit and every later one',
    { timeout: TIMEOUT_MS },
    async () => {
      const dataDir = await makeTempDirectory();
      const limited = ['sh', '-c', 'ulimit -f 4096 && exec "$@"', 'sh'];
      const lines = await runCommitter([dataDir, '20000'], () => {}, limited);
      expect(lines.at(-2)).toMatch(/^failed expected the disk to take a commit to .*data\.sqlite, got ".+": make room/);
      expect(lines.at(-1)).toMatch(/^again expected the disk to take a commit/);
      const store = await open(dataDir);
      expect(store.position().watermark.seq).toBeGreaterThanOrEqual(lastAcked(lines));
      await store.commit({ records: [record('mended', version(1_000_000))] });
      expect(store.get('mended')).not.toBeNull();
    },
  );

  test('a second process on the same directory is refused and told which one holds it', { timeout: TIMEOUT_MS }, async () => {
    const dataDir = await makeTempDirectory();
    const first = await openSqliteStore({ dataDir, hasWriterThread });
    const [line] = await runCommitter([dataDir, '16', '1']);
    expect(line).toMatch(new RegExp(`^refused expected to be the only process on .* process ${process.pid} holds`));
    await expect(openSqliteStore({ dataDir, hasWriterThread })).rejects.toThrow(/only process/);
    await first.commit({ records: [record('a', version(1))] });
    await first.close();
    expect((await open(dataDir)).get('a')).not.toBeNull();
  });

  test('a directory that cannot be made is refused in words', async () => {
    const file = join(await makeTempDirectory(), 'file');
    await writeFile(file, 'no directory');
    await expect(openSqliteStore({ dataDir: join(file, 'data'), hasWriterThread })).rejects.toThrow(
      /^expected a data directory that this process may write, got ".*ENOTDIR/,
    );
  });

  test('a broken, a foreign and a newer file are refused and left as they are', async () => {
    const dataDir = await makeTempDirectory();
    const file = join(dataDir, 'data.sqlite');
    await writeFile(file, 'this is no database, but long enough to be taken for one'.repeat(100));
    await expect(openSqliteStore({ dataDir, hasWriterThread })).rejects.toThrow(
      /^expected a readable kvctl data file, got ".*not a database/,
    );
    await writeFile(file, '');
    const foreign = new DatabaseSync(file);
    foreign.exec('CREATE TABLE recipes (name TEXT)');
    await expect(openSqliteStore({ dataDir, hasWriterThread })).rejects.toThrow(/another program/);
    expect(foreign.prepare('SELECT count(*) AS n FROM recipes').get()).toEqual({ n: 0 });
    foreign.exec('DROP TABLE recipes');
    foreign.close();
    await (await openSqliteStore({ dataDir, hasWriterThread })).close();
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 4');
    newer.close();
    await expect(openSqliteStore({ dataDir, hasWriterThread })).rejects.toThrow(/expected data of format 3, got format 4 .*newer kvctl/);
  });

  test.each([
    ['digests', 1, 'ALTER TABLE node DROP COLUMN digest; ALTER TABLE node DROP COLUMN live; DROP TABLE history; DROP TABLE idempotency'],
    ['purge floors', 2, 'ALTER TABLE idempotency DROP COLUMN record_key; ALTER TABLE idempotency DROP COLUMN told_epoch'],
  ])('a file from before there were %s is brought up, once, when it is opened', async (_, format, undo) => {
    const dataDir = await makeTempDirectory();
    const records = ODD_KEYS.map((key, i) => record(key, version(i + 1), i % 4 === 0 ? null : JSON.stringify(key)));
    const older = await openSqliteStore({ dataDir, hasWriterThread });
    await older.commit({ records });
    await older.close();
    const database = new DatabaseSync(join(dataDir, 'data.sqlite'));
    database.exec(`${undo}; ALTER TABLE node DROP COLUMN purge_epoch; ALTER TABLE node DROP COLUMN purge_seq`);
    database.exec(`DROP INDEX kv_tombstones; PRAGMA user_version = ${format}`);
    database.close();
    for (let opened = 0; opened < 2; opened += 1) {
      const store = await openSqliteStore({ dataDir, hasWriterThread });
      expect(store.content()).toEqual(contentOf(records));
      expect(store.position()).toEqual(EMPTY_POSITION);
      await store.commit({ records: [], entries: [ENTRY], position: { ...EMPTY_POSITION, watermark: version(5), purgeFloor: version(5) } });
      expect(store.idempotency('k')).toEqual(ENTRY);
      expect(store.count()).toBe(records.length - 2);
      await store.commit({ records, position: EMPTY_POSITION });
      await store.close();
    }
  });

  test('a row that was changed behind the store shows, because the digest does not fit the rows', async () => {
    const dataDir = await makeTempDirectory();
    const store = await openSqliteStore({ dataDir, hasWriterThread });
    await store.commit({ records: [record('a', version(1)), record('b', version(2))] });
    await store.close();
    const database = new DatabaseSync(join(dataDir, 'data.sqlite'));
    expect(database.prepare(`UPDATE kv SET value = '"other"' WHERE key = 'a'`).run().changes).toBe(1);
    database.close();
    const view = (await open(dataDir)).dump({ tombstones: true });
    expect(view.content.digest).toBe(contentOf([record('a', version(1)), record('b', version(2))]).digest);
    expect(view.content.digest).not.toBe(contentOf(view.rows()).digest);
    view.close();
  });

  test('a file with damaged pages is refused, not answered from (failure 9)', async () => {
    const dataDir = await makeTempDirectory();
    const store = await openSqliteStore({ dataDir, hasWriterThread });
    await store.commit({ records: Array.from({ length: 2000 }, (_, i) => record(`key${i}`, version(i + 1))) });
    await store.close();
    const file = await openFile(join(dataDir, 'data.sqlite'), 'r+');
    await file.write(Buffer.alloc(80_000, 0xa5), 0, 80_000, 4096);
    await file.close();
    await expect(openSqliteStore({ dataDir, hasWriterThread })).rejects.toThrow(
      /^expected a readable kvctl data file, got "database disk image is malformed/,
    );
  });

  test.skipIf(!canTrace())('one commit is one sync, however many records it has', { timeout: TIMEOUT_MS }, async () => {
    const dataDir = await makeTempDirectory();
    const trace = join(dataDir, 'trace');
    const syncs = async (commits: string) => {
      const directory = join(dataDir, commits);
      await runCommitter([directory, '16', commits], () => {}, [TRACER, '-f', '-qq', '-e', 'trace=fsync,fdatasync', '-o', trace]);
      return spawnSync('grep', ['-cE', 'f(data)?sync\\([0-9]+', trace], { encoding: 'utf8' }).stdout.trim();
    };
    expect(Number(await syncs('60')) - Number(await syncs('10'))).toBe(50);
  });

  function canTrace(): boolean {
    return spawnSync(TRACER, ['-f', '-qq', '-e', 'trace=none', 'true']).status === 0;
  }
});

test('who is to lead commits without stopping its event loop, and misses no commit on the way there', async () => {
  const dataDir = await makeTempDirectory();
  const store = await openSqliteStore({ dataDir, hasWriterThread: false });
  const stopsLoop = async (seq: number) => {
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    await store.commit({ records: [record(`key${seq}`, version(seq))] });
    return !hasTurned;
  };
  expect(await stopsLoop(1)).toBe(true);
  store.lead?.();
  store.lead?.();
  await Promise.all([2, 3, 4].map((seq) => store.commit({ records: [record(`key${seq % 2}`, version(seq))] })));
  expect(await stopsLoop(5)).toBe(false);
  const rows = [record('key0', version(4)), record('key1', version(3)), record('key5', version(5))];
  expect([store.count(), store.content()]).toEqual([3, contentOf(rows)]);
  await store.close();
  const again = await openSqliteStore({ dataDir, hasWriterThread: false });
  expect(again.content()).toEqual(contentOf(rows));
  again.lead?.();
  await again.close();
});
