/** Views of a store that stay open while a snapshot is read part by part (core/snapshot.ts), and where each stands. */
import type { ViewPart } from '../core/message.ts';
import { type IdempotencyEntry, type KvRecord, sizeOf } from '../core/record.ts';
import type { DumpView } from './store.ts';

interface Reading {
  readonly view: DumpView;
  readonly rows: Iterator<KvRecord>;
  /** Read already, and too much for the part before. */
  row: KvRecord | undefined;
  readonly entries: Iterator<IdempotencyEntry>;
  entry: IdempotencyEntry | undefined;
}

export class Views {
  readonly #openView: () => DumpView;
  readonly #open = new Map<number, Reading>();

  /** @param openView with tombstones */
  constructor(openView: () => DumpView) {
    this.#openView = openView;
  }

  read(id: number, limit: number, maxBytes: number): ViewPart {
    const reading = this.#open.get(id) ?? this.#begin(id);
    const rows: KvRecord[] = [];
    let bytes = 0;
    while (reading.row !== undefined && rows.length < limit && (rows.length === 0 || bytes + sizeOf(reading.row) <= maxBytes)) {
      rows.push(reading.row);
      bytes += sizeOf(reading.row);
      reading.row = next(reading.rows);
    }
    const entries: IdempotencyEntry[] = [];
    while (reading.row === undefined && reading.entry !== undefined && rows.length + entries.length < limit) {
      entries.push(reading.entry);
      reading.entry = next(reading.entries);
    }
    const isLast = reading.row === undefined && reading.entry === undefined;
    if (!isLast) return { rows, entries, end: null };
    const { head, position, content } = reading.view;
    this.close(id);
    return { rows, entries, end: { head, purgeFloor: position.purgeFloor, content } };
  }

  close(id: number): void {
    this.#open.get(id)?.view.close();
    this.#open.delete(id);
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id);
  }

  #begin(id: number): Reading {
    const view = this.#openView();
    const rows = view.rows()[Symbol.iterator]();
    const entries = view.entries()[Symbol.iterator]();
    const reading = { view, rows, row: next(rows), entries, entry: next(entries) };
    this.#open.set(id, reading);
    return reading;
  }
}

function next<T>(iterator: Iterator<T>): T | undefined {
  const { done, value } = iterator.next();
  return done ? undefined : value;
}
