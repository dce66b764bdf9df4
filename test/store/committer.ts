/**
 * A process that commits until it is stopped or its disk fails, for sqlite.test.ts. On stdout, a line each: `refused <message>` if the store does not open,
 * `acked <seq>` once a commit is durable, `failed <message>` and `again <message>` for the first rejected commit and the one after.
 *
 *   node committer.ts thread|inline <directory> <value bytes> [<commits>]
 */

import { writeSync } from 'node:fs';
import { ZERO } from '../../src/core/version.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';

const [writer = 'thread', directory = '', valueBytes = '16', commits = 'Infinity'] = process.argv.slice(2);

/** Ten keys in turn, five records per commit, the watermark at its last. */
function commitFive(store: Store, seq: number): Promise<unknown> {
  const records = [1, 2, 3, 4, 5].map((i) => ({
    key: `key${(seq + i) % 10}`,
    value: JSON.stringify('x'.repeat(Number(valueBytes))),
    version: { epoch: 1, seq: seq + i },
    need: 3,
    timestampMs: 0,
  }));
  const end = { epoch: 1, seq: seq + 5 };
  return store.commit({ records, position: { watermark: end, cursor: end, cursorEpoch: 1, kMin: 3, history: [], purgeFloor: ZERO } });
}

function say(line: string): void {
  writeSync(1, `${line.replaceAll('\n', ' ')}\n`);
}

async function commitOn(store: Store): Promise<void> {
  for (let seq = 0, done = 0; done < Number(commits); seq += 5, done += 1) {
    try {
      await commitFive(store, seq);
    } catch (error) {
      say(`failed ${(error as Error).message}`);
      await commitFive(store, seq + 5).catch((again: Error) => say(`again ${again.message}`));
      return;
    }
    say(`acked ${seq + 5}`);
  }
}

try {
  const store = await openSqliteStore({ dataDir: directory, hasWriterThread: writer === 'thread' });
  await commitOn(store);
  await store.close();
} catch (error) {
  say(`refused ${(error as Error).message}`);
}
