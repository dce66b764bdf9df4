/**
 * A run as a play: one line per thing that happened, one column per node, the last lines before the end. For people; nothing reads it.
 */
import type { Effect, Input } from '../core/message.ts';
import type { PeerAnswer, PeerRequest } from '../core/peer.ts';
import type { KvRecord } from '../core/record.ts';
import { formatVersion, type Version } from '../core/version.ts';
import type { Ms } from '../lib/units.ts';
import type { Frame } from './disk.ts';
import type { Observer } from './observer.ts';
import type { ClusterView, SimNode } from './sim-node.ts';

interface Line {
  readonly at: Ms;
  /** Null: of nobody, or of all. */
  readonly node: number | null;
  text: string;
}

/** More records than this are counted, not named. */
const NAMED = 3;

export class Play implements Observer {
  readonly #lines: Line[] = [];
  /** Of nobody, all of them. */
  readonly #said: Line[] = [];
  #isCut = false;
  readonly #kept: number;
  #cluster: ClusterView | null = null;

  /** Keeps the last `kept` lines. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  watches(cluster: ClusterView): void {
    this.#cluster = cluster;
  }

  input(node: SimNode, input: Input): void {
    const text = sayInput(input);
    if (text !== null) this.#tell(node, text);
  }

  effect(node: SimNode, effect: Effect): void {
    const text = sayEffect(effect);
    if (text !== null) this.#tell(node, text);
  }

  kept(node: SimNode, { commit }: Frame, isLate: boolean): void {
    const what = commit.t === 'saveHard' ? `promise ${commit.state.promisedEpoch}` : sayRecords(commit.records);
    const watermark = commit.t === 'persist' && commit.position !== null ? ` w=${formatVersion(commit.position.watermark)}` : '';
    const back =
      commit.t === 'persist'
        ? (commit.replacements ?? []).map(({ rolledBack: { key, version } }) => ` -${key}@${formatVersion(version)}`)
        : [];
    this.#tell(node, `disk: ${what}${back.join('')}${watermark}${isLate ? ' (unheard)' : ''}`);
  }

  lost(node: SimNode, { commit }: Frame): void {
    this.#tell(node, `disk lost ${commit.t === 'saveHard' ? 'a promise' : sayRecords(commit.records)}`);
  }

  lived(node: SimNode, what: 'started' | 'crashed' | 'wiped'): void {
    this.#tell(node, `*** ${what}`);
  }

  said(text: string): void {
    const line = { at: this.#cluster?.now ?? 0, node: null, text };
    this.#said.push(line);
    this.#push(line);
  }

  /** The lines as a table; a line of nobody goes across. Faults that came long before are told first. */
  render(nodes: number, width = 26): string {
    const head = `${'ms'.padStart(10)}  ${Array.from({ length: nodes }, (_, i) => `n${i + 1}`.padEnd(width)).join('')}`.trimEnd();
    const lines = this.#lines.slice(-this.#kept);
    const first = lines[0];
    const before = first === undefined ? [] : this.#said.filter((line) => !lines.includes(line) && line.at <= first.at).slice(-this.#kept);
    const rows = [...before, ...lines].map(({ at, node, text }) => {
      const time = at.toFixed(2).padStart(10);
      return node === null ? `${time}  -- ${text} --` : `${time}  ${' '.repeat(node * width)}${text}`;
    });
    if (this.#isCut) rows.splice(before.length, 0, '       ...');
    return [head, ...rows].join('\n');
  }

  #tell(node: SimNode, text: string): void {
    this.#push({ at: this.#cluster?.now ?? 0, node: node.index, text });
  }

  #push(line: Line): void {
    this.#lines.push(line);
    if (this.#lines.length <= this.#kept) return;
    this.#isCut = true;
    // Not every time, because it moves them all.
    if (this.#lines.length > this.#kept * 2) this.#lines.splice(0, this.#kept);
  }
}

function sayInput(input: Input): string | null {
  switch (input.t) {
    case 'put':
      return `put ${input.key}=${input.value ?? 'deleted'}${input.need === null ? '' : ` need ${input.need}`}${input.idempotency ? ` as ${input.idempotency.key}` : ''}`;
    case 'read':
      return `read ${input.key}`;
    case 'request':
      return `< ${sayRequest(input.message)} (${input.message.from})`;
    case 'answer':
      return `< ${sayAnswer(input.message)}`;
    case 'failed':
      return `< call ${input.reason}`;
    case 'persistFailed':
      return 'disk: failed';
    case 'promote':
      return `promote?${input.isForced ? ' forced' : ''}${input.gathers ? '' : ' alone'}${input.isDryRun ? ' dry run' : ''}`;
    case 'setQuorum':
      return `quorum ${input.quorum}?${input.isForced ? ' forced' : ''}`;
    default:
      return null;
  }
}

function sayEffect(effect: Effect): string | null {
  switch (effect.t) {
    case 'send':
      return `> ${effect.to} ${sayRequest(effect.message)}`;
    case 'respond':
      return `> ${sayAnswer(effect.message)}`;
    case 'reply':
      return effect.result.ok
        ? `ok ${formatVersion(effect.result.version)} ${effect.result.acks}/${effect.result.need}`
        : `error ${effect.result.code}`;
    case 'readReady':
      return `shows ${effect.record === undefined ? 'its store' : effect.record === null ? 'nothing' : formatVersion(effect.record.version)}`;
    case 'promoteReply':
      return effect.result.ok ? `promoted: epoch ${effect.result.epoch}` : `error ${effect.result.code}`;
    case 'quorumReply':
      return effect.result.ok ? `quorum ${effect.result.quorum}` : `error ${effect.result.code}`;
    case 'note':
      return effect.event === 'open' || effect.event === 'deposed' ? `*** ${effect.event}` : null;
    default:
      return null;
  }
}

function sayRequest(message: PeerRequest): string {
  if (message.t === 'look') return 'look';
  if (message.t === 'fence') return `fence ${message.epoch}`;
  if (message.t === 'changes') return `what is above ${formatVersion(message.since)}?`;
  if (message.t === 'install') return `install ${message.epoch}, after ${formatVersion(message.after)}: ${sayFound(message.rows)}`;
  const { page, records, snapshot } = message;
  if (snapshot !== null)
    return `snapshot ${snapshot.id}, part ${snapshot.part}: ${sayRecords(records)}${snapshot.end === null ? '' : `, whole at ${formatVersion(snapshot.end.head)}`}`;
  if (page !== null) return `page ${sayRange(page.since, page.coversTo)} of ${formatVersion(page.head)}: ${sayRecords(records)}`;
  return records.length === 0 ? 'heartbeat' : sayRecords(records);
}

function sayAnswer(message: PeerAnswer): string {
  if (message.t === 'refused') return `refused: ${message.code}`;
  if (message.t === 'standing') return `at ${formatVersion(message.watermark)}, promised ${message.promisedEpoch}`;
  if (message.t === 'changes') return `${sayRange(message.page.since, message.page.coversTo)}: ${sayRecords(message.rows)}`;
  if (message.t === 'installed')
    return message.suspects.length === 0
      ? 'no suspects'
      : `suspects: ${message.suspects.map(({ key, version }) => `${key}@${formatVersion(version)}`).join(' ')}`;
  return `ack w=${formatVersion(message.watermark)}${message.isCounted ? '' : ' (not counted)'}`;
}

function sayRange(since: Version, to: Version): string {
  return `(${formatVersion(since)}, ${formatVersion(to)}]`;
}

function sayRecords(records: readonly KvRecord[]): string {
  if (records.length === 0) return '-';
  const named = records.slice(0, NAMED).map(({ key, version }) => `${key}@${formatVersion(version)}`);
  return records.length > NAMED ? `${named.join(' ')} +${records.length - NAMED}` : named.join(' ');
}

function sayFound(rows: ReadonlyMap<string, KvRecord | null>): string {
  if (rows.size === 0) return '-';
  return [...rows].map(([key, record]) => (record === null ? `no ${key}` : `${key}@${formatVersion(record.version)}`)).join(' ');
}
