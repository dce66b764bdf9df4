/** What happens in a core cluster, as lines that need no knowledge of the code. */

import type { Link } from '../../src/core/link.ts';
import type { Effect } from '../../src/core/message.ts';
import type { PeerAnswer, PeerRequest } from '../../src/core/peer.ts';
import type { History, KvRecord } from '../../src/core/record.ts';
import { compareVersions, formatVersion, type Version } from '../../src/core/version.ts';
import type { CoreCluster, CoreNode, Message } from './core-cluster.ts';

/** `a=1@1.4 b=gone@1.5` */
export function formatRecords(records: Iterable<KvRecord>): string {
  return [...records].map(({ key, value, version }) => `${key}=${value ?? 'gone'}@${formatVersion(version)}`).join(' ') || 'nothing';
}

export function formatMessage({ id, from, to, body }: Message): string {
  return `${from.slice(1)}->${to.slice(1)} #${id} ${body.t === 'request' ? formatRequest(body.message) : formatAnswer(body.message)}`;
}

function formatRequest(message: PeerRequest): string {
  switch (message.t) {
    case 'look':
      return 'where do you stand?';
    case 'fence':
      return `promise me epoch ${message.epoch}${message.isBirth ? ', to be born' : ''}`;
    case 'changes':
      return `what do you hold above ${formatVersion(message.since)}?`;
    case 'install': {
      const rows = [...message.rows].map(([key, row]) => (row === null ? `${key}=nothing` : formatRecords([row]))).join(' ');
      return `reach epoch ${message.epoch} (${formatHistory(message.history)}): to ${formatVersion(message.after)} ${rows === '' ? 'nothing differs' : `it has ${rows}`}`;
    }
    case 'replicate': {
      const { page, records, snapshot, head, committedThrough, kMin, incarnation } = message;
      const known = `(head ${formatVersion(head)}, committed ${formatVersion(committedThrough)}, k_min ${kMin}${formatFloor(message.purgeFloor)})`;
      if (snapshot !== null) {
        const { id, part, end } = snapshot;
        const whole = end === null ? '' : `, whole at ${formatVersion(end.head)}`;
        return `snapshot ${id}, part ${part}${whole}: ${formatRecords(records)} ${known}`;
      }
      if (page !== null)
        return `page after ${formatVersion(page.since)} to ${formatVersion(page.coversTo)} of ${formatVersion(page.head)}: ${formatRecords(records)} ${known}`;
      return `${records.length > 0 ? formatRecords(records) : incarnation === null ? 'who are you?' : 'no news'} ${known}`;
    }
  }
}

/** What is said of tombstones, once some were collected. */
function formatFloor(purgeFloor: Version): string {
  return purgeFloor.epoch === 0 ? '' : `, collected to ${formatVersion(purgeFloor)}`;
}

/** `1 <- 0.0, 2 <- 1.3` */
function formatHistory(history: History): string {
  return history.map(({ epoch, floor, isForced }) => `${epoch} <- ${formatVersion(floor)}${isForced ? ' by force' : ''}`).join(', ');
}

function formatAnswer(message: PeerAnswer): string {
  switch (message.t) {
    case 'changes':
      return `to ${formatVersion(message.page.coversTo)} of ${formatVersion(message.page.head)}: ${formatRecords(message.rows)}`;
    case 'installed': {
      const { answer, suspects, checkedTo } = message;
      const named = suspects.length === 0 ? 'none left' : suspects.map(({ key, version }) => `${key}@${formatVersion(version)}`).join(' ');
      return `what may be rolled back, to ${formatVersion(checkedTo)}: ${named}; ${formatAnswer(answer)}`;
    }
    case 'refused':
      return `refused: ${message.code}, I promised epoch ${message.epoch}`;
    case 'standing': {
      const promise = message.promisedTo === null ? 'promised nothing' : `promised epoch ${message.promisedEpoch} to ${message.promisedTo}`;
      return `I stand at ${formatVersion(message.watermark)}, ${promise}${message.isBlank ? ', blank' : ''}`;
    }
    case 'replicated': {
      const { watermark, cursor, cursorEpoch, kMin, isBlank, isCounted } = message;
      const isScanning = compareVersions(watermark, cursor) !== 0;
      const scan = isScanning ? `, scanned to ${formatVersion(cursor)} of epoch ${cursorEpoch}` : '';
      return `stored; watermark ${formatVersion(watermark)}${scan}, k_min ${kMin ?? 'unknown'}${isBlank ? ', blank' : isCounted ? '' : ', not counted'}`;
    }
  }
}

/** Null for what says nothing to a reader. */
export function formatEffect(node: CoreNode, effect: Effect, message: Message | null): string | null {
  const { id } = node;
  switch (effect.t) {
    case 'persist': {
      const { position } = effect;
      const cursor =
        position === null || compareVersions(position.cursor, position.watermark) === 0
          ? ''
          : ` and cursor ${formatVersion(position.cursor)}`;
      const floor = position === null ? '' : formatFloor(position.purgeFloor);
      const at =
        position === null ? '' : `, watermark ${formatVersion(position.watermark)}${cursor}, k_min ${position.kMin ?? 'unknown'}${floor}`;
      if (effect.stage !== undefined) {
        const { rows, swap } = effect.stage;
        return `${id} ${swap === null ? 'keeps beside its data' : 'has all, and takes it for its data, with'} ${formatRecords(rows)}${at}`;
      }
      const gone = (effect.replacements ?? []).map(({ rolledBack, record }) => {
        const instead = record === null ? 'nothing' : formatRecords([record]);
        return `${formatRecords([rolledBack])} for ${instead}`;
      });
      const what = gone.length > 0 && effect.records.length === 0 ? '' : ` stores ${formatRecords(effect.records)}`;
      return `${id}${gone.length > 0 ? ` rolls back ${gone.join(', ')}` : ''}${what}${at}`;
    }
    case 'saveHard': {
      const { promisedEpoch, promisedTo, ledEpoch, blank } = effect.state;
      const led = promisedTo === id && ledEpoch === promisedEpoch ? ', and leads it' : '';
      return `${id} promises epoch ${promisedEpoch} to ${promisedTo}${led}${blank ? ', still blank' : ''}`;
    }
    case 'send':
      return message === null ? `${id.slice(1)}->${effect.to.slice(1)} nobody answers the call` : formatMessage(message);
    case 'respond':
      return message === null ? null : formatMessage(message);
    case 'reply': {
      const { result } = effect;
      if (!result.ok) return `write ${effect.id}: ${result.code}: ${result.message}`;
      const { version, acks, need, existed, storeMs, quorumMs, floorMs } = result;
      const times = `store ${storeMs} ms, quorum ${quorumMs} ms, floor ${floorMs} ms`;
      return `write ${effect.id}: ok at ${formatVersion(version)} with ${acks} of ${need} acks${existed ? ', existed' : ''} (${times})`;
    }
    case 'quorumReply': {
      const { result } = effect;
      return result.ok ? `quorum ${result.previous} -> ${result.quorum}` : `quorum: ${result.code}: ${result.message}`;
    }
    case 'promoteReply': {
      const { result } = effect;
      if (!result.ok) return `promote: ${result.code}: ${result.message}`;
      const { epoch, responders, losslessForQuorum, recovered, quorum, isDryRun, isForced } = result;
      const how = `${isForced ? ', by force' : ''}, lossless for a quorum of ${losslessForQuorum}, ${recovered} recovered, quorum ${quorum}`;
      return `promote: ${isDryRun ? 'could open' : 'opened'} epoch ${epoch} with ${responders.join(' ')}${how}`;
    }
    case 'readReady': {
      if (effect.record === undefined) return `read ${effect.id}: what the store holds`;
      return `read ${effect.id}: ${effect.record === null ? 'nothing committed' : formatRecords([effect.record])}`;
    }
    case 'readFailed':
      return `read ${effect.id}: ${effect.result.code}: ${effect.result.message}`;
    case 'scan':
    case 'lookup':
    case 'readView':
    case 'closeView':
      return null;
    case 'note':
      return `${id} notes: ${effect.event}`;
  }
}

/** One line for the node, one for each link of a leader. */
export function formatNode(cluster: CoreCluster, node: CoreNode): string[] {
  const { replica, id } = node;
  if (!node.isRunning) return [`${id} is down`];
  const standing = replica.standing();
  const what = [
    `${replica.role} ${replica.phase}, epoch ${replica.epoch}`,
    `head ${formatVersion(replica.head)}`,
    `watermark ${formatVersion(standing.watermark)}`,
    `committed ${formatVersion(replica.committedThrough)}`,
    ...(standing.isBlank ? ['blank'] : []),
  ];
  const lines = [`${id} ${what.join(', ')}`];
  if (replica.waitingFor !== null) lines.push(`  waits: ${replica.waitingFor}`);
  const { leader } = replica;
  if (leader !== null) {
    lines.push(`  quorum ${leader.quorum}, k_min ${leader.kMin}, ${leader.writes.waiting} waiting`);
    for (const link of leader.links) lines.push(`  ${formatLink(link)}`);
  }
  const wakeAt = cluster.wakeAt(node);
  lines.push(
    `  holds ${formatRecords(node.store.dump({ tombstones: true }).rows())}${Number.isFinite(wakeAt) ? `; wakes at ${wakeAt}` : ''}`,
  );
  return lines;
}

function formatLink(link: Link): string {
  const marks = [
    link.isUp ? 'up' : 'down',
    `watermark ${formatVersion(link.watermark)}`,
    `${link.inFlight} in flight`,
    `${link.queued} queued`,
  ];
  if (link.isBlank) marks.push('blank');
  return `${link.node}: ${link.state}, ${marks.join(', ')}`;
}
