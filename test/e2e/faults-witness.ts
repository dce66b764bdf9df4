/**
 * Sees every answer that clients get and says what contradicts them: the judge of the fault tests.
 *
 * Deliberately dumb, and sharing no code with the judged. What it holds the cluster to (SPEC 2, 4, 7):
 * - a committed read shows at least the newest version of its key that was acknowledged, or read, before it began (so none goes back);
 * - one version has one key and one value, for ever, on every node (no seq is used twice, nothing is corrupted);
 * - what is there at the end is at least the last acknowledged version of each key, and was asked for by some client;
 * - what was refused definitely is never seen.
 */
import type { Dump } from '../../src/client/dump.ts';

interface Version {
  readonly epoch: number;
  readonly seq: number;
}

interface KeyLog {
  /** No committed read that begins now may show less. */
  floor: Version;
  /** The newest acknowledged version. */
  acked: Version;
  readonly attempted: Set<string>;
  readonly refused: Set<string>;
}

const NOTHING: Version = { epoch: 0, seq: 0 };

export class Witness {
  readonly violations: string[] = [];
  acknowledged = 0;
  reads = 0;
  /** Of all acknowledged writes. */
  newest: Version = NOTHING;
  readonly #keys = new Map<string, KeyLog>();
  readonly #valueOf = new Map<string, string>();

  /** Before a write of this value goes out; every value is written once. */
  attempts(key: string, value: string): void {
    this.#log(key).attempted.add(value);
  }

  acknowledges(key: string, value: string, versionText: string): void {
    const version = parse(versionText);
    const log = this.#log(key);
    this.acknowledged += 1;
    this.#isOne(version, key, value);
    log.acked = newer(log.acked, version);
    log.floor = newer(log.floor, version);
    this.newest = newer(this.newest, version);
  }

  /** The answer said that this write certainly does not happen. */
  refuses(key: string, value: string): void {
    this.#log(key).refused.add(value);
  }

  /** What a committed read that begins now must show at least. */
  floorOf(key: string): Version {
    return this.#log(key).floor;
  }

  /** A committed read's answer; null for a key without a value. */
  sees(key: string, floor: Version, seen: { readonly value: string; readonly version: string } | null): void {
    this.reads += 1;
    if (seen === null) {
      if (floor !== NOTHING) this.violations.push(`${key}: a committed read found nothing after ${show(floor)} was acknowledged or read`);
      return;
    }
    const version = parse(seen.version);
    if (isOlder(version, floor)) this.violations.push(`${key}: a committed read went back from ${show(floor)} to ${seen.version}`);
    this.#isOne(version, key, seen.value);
    const log = this.#log(key);
    log.floor = newer(log.floor, version);
  }

  /** What a node holds in the end. `isComplete`: it must hold everything that was acknowledged. */
  holds(dump: Dump, isComplete: boolean): void {
    for (const [key, { value, version }] of dump.rows) {
      if (value !== null && this.#keys.has(key)) this.#isOne(version, `${key}`, value);
    }
    if (!isComplete) return;
    for (const [key, { acked }] of this.#keys) {
      const row = dump.rows.get(key);
      if (acked !== NOTHING && (row === undefined || isOlder(row.version, acked))) {
        this.violations.push(
          `${key} on ${dump.node}: ${show(acked)} was acknowledged, ${row === undefined ? 'nothing' : show(row.version)} is there`,
        );
      }
    }
  }

  #isOne(version: Version, key: string, value: string): void {
    const log = this.#log(key);
    if (!log.attempted.has(value)) this.violations.push(`${key}: nobody wrote ${value}, which is there as ${show(version)}`);
    if (log.refused.has(value)) this.violations.push(`${key}: ${value} was refused definitely, and is there as ${show(version)}`);
    const known = this.#valueOf.get(show(version));
    const isKnown = `${key} = ${value}`;
    if (known === undefined) this.#valueOf.set(show(version), isKnown);
    else if (known !== isKnown) this.violations.push(`${show(version)} is both ${known} and ${isKnown}`);
  }

  #log(key: string): KeyLog {
    let log = this.#keys.get(key);
    if (log === undefined) {
      log = { floor: NOTHING, acked: NOTHING, attempted: new Set(), refused: new Set() };
      this.#keys.set(key, log);
    }
    return log;
  }
}

export function parse(text: string): Version {
  const [epoch, seq] = text.split('.').map(Number);
  return { epoch: epoch as number, seq: seq as number };
}

export function isOlder(a: Version, b: Version): boolean {
  return a.epoch === b.epoch ? a.seq < b.seq : a.epoch < b.epoch;
}

function newer(a: Version, b: Version): Version {
  return isOlder(a, b) ? b : a;
}

function show({ epoch, seq }: Version): string {
  return `${epoch}.${seq}`;
}
