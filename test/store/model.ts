/** A deliberately dumb store: a Map, sorted anew for every question. And what the tests of the store need to feed both. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Content, EMPTY_POSITION, type KvRecord, type Position } from '../../src/core/record.ts';
import { compareVersions, type Version, ZERO } from '../../src/core/version.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Page, Store } from '../../src/store/store.ts';

export class ModelStore {
  readonly rows = new Map<string, KvRecord>();
  position: Position = EMPTY_POSITION;

  apply(records: readonly KvRecord[]): void {
    for (const record of records) {
      const held = this.rows.get(record.key);
      if (held === undefined || compareVersions(record.version, held.version) > 0) this.rows.set(record.key, record);
    }
  }

  byVersion(): KvRecord[] {
    return [...this.rows.values()].sort((a, b) => compareVersions(a.version, b.version));
  }

  byKey(): KvRecord[] {
    return [...this.rows.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  list(prefix: string, after: string, limit: number): KvRecord[] {
    const bytesAfter = Buffer.from(after);
    return this.byKey()
      .filter(({ key, value }) => {
        const bytes = Buffer.from(key);
        const hasPrefix = bytes.subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix));
        return value !== null && hasPrefix && Buffer.compare(bytes, bytesAfter) > 0;
      })
      .slice(0, limit);
  }

  content(): Content {
    return contentOf(this.rows.values());
  }

  head(): Version {
    const newest = this.byVersion().at(-1)?.version ?? ZERO;
    return compareVersions(newest, this.position.watermark) > 0 ? newest : this.position.watermark;
  }
}

/** What a store must say of these rows, computed from nothing but them, as digest.ts describes it. */
export function contentOf(rows: Iterable<KvRecord>): Content {
  const live = [...rows].filter(({ value }) => value !== null);
  const sum = live.reduce((total, { key, value, version: { epoch, seq } }) => {
    const bytes = createHash('sha256').update(`${key}\0${value}\0${epoch}.${seq}`).digest();
    return total + bytes.readBigUInt64BE(0) * 2n ** 64n + bytes.readBigUInt64BE(8);
  }, 0n);
  return { live: live.length, digest: (sum % 2n ** 128n).toString(16).padStart(32, '0') };
}

/** Keys that a careless store mixes up or puts into the wrong order. */
export const ODD_KEYS: readonly string[] = [
  'key0',
  'key1',
  'key10',
  '__proto__',
  'constructor',
  'a',
  'a\0',
  'a\0b',
  '\0',
  '.',
  '..',
  '%2F',
  '\u00E9', // é in one code point
  'e\u0301', // é in two
  '\u{1F600}', // above U+FFFF: before U+FF01 in UTF-16, after it in UTF-8
  '\uFF01',
  '\uFEFFbom',
  '\u{10FFFF}',
  '\u{10FFFF}a',
  '\uD7FF',
  '\uE000',
  'x'.repeat(1024),
];

export function version(seq: number, epoch = 1): Version {
  return { epoch, seq };
}

/** `value` is given as JSON text; null makes a tombstone. */
export function record(key: string, at: Version, value: string | null = `"${key.length}-${at.seq}"`): KvRecord {
  return { key, value, version: at, need: at.seq % 4, timestampMs: 1_700_000_000_000.5 + at.seq };
}

/** Every page from `since` to the head. */
export function scanAll(store: Store, since: Version = ZERO, limit = 256): Page[] {
  const pages: Page[] = [];
  for (let cursor = since; ; cursor = (pages.at(-1) as Page).coversTo) {
    const page = store.scan({ since: cursor, until: null, limit, maxBytes: 4_194_304 });
    pages.push(page);
    if (compareVersions(page.coversTo, page.head) >= 0) return pages;
  }
}

/** A directory of its own for one test, removed after it. */
export async function makeTempDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kvctl-store-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The kinds of store, the durable one with its writer in a thread of its own and in the caller's. */
export const STORES = ['memory', 'sqlite', 'sqlite inline'] as const;
export type StoreName = (typeof STORES)[number];

/** Opens an empty store for one test; closed after it unless the test did. */
export async function openEmpty(name: StoreName): Promise<Store> {
  if (name === 'memory') return openMemoryStore();
  const store = await openSqliteStore({ dataDir: await makeTempDirectory(), hasWriterThread: name === 'sqlite' });
  onTestFinished(() => store.close());
  return store;
}
