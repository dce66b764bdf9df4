/** What nodes answer each other, as JSON text; see internal.ts. Checked as the questions are: an answer may come from anything that listens there. */
import type { PeerAnswer, Refusal, ReplicateAnswer } from '../core/peer.ts';
import { formatVersion } from '../core/version.ts';
import { unreachable } from '../lib/assert.ts';
import { encodePage, type Fields, fields, integer, name, page, parse, rows, string, suspects, version, withRecords } from './fields.ts';

/** Refusals travel as errors (`{error, message, …}`), see node/routes/internal.ts; everything else as this. */
export function encodeAnswer(answer: Exclude<PeerAnswer, Refusal>): string {
  switch (answer.t) {
    case 'replicated':
      return JSON.stringify(replicatedFields(answer));
    case 'standing':
      return JSON.stringify({ ...answer, watermark: formatVersion(answer.watermark), purgeFloor: formatVersion(answer.purgeFloor) });
    case 'installed': {
      const { t, suspects: named, checkedTo } = answer;
      const body = { suspects: named.map(({ key, version: each }) => [key, formatVersion(each)]), checkedTo: formatVersion(checkedTo) };
      return JSON.stringify({ t, answer: replicatedFields(answer.answer), ...body });
    }
    case 'changes':
      return withRecords(JSON.stringify({ t: answer.t, page: encodePage(answer.page) }), answer.rows);
    default:
      return unreachable(answer);
  }
}

function replicatedFields(answer: ReplicateAnswer): object {
  const { watermark, cursor, newest } = answer;
  return { ...answer, watermark: formatVersion(watermark), cursor: formatVersion(cursor), newest: formatVersion(newest) };
}

/** A message of the peer, or null for an error that is none of the protocol's: then the call failed. */
export function decodeAnswer(text: string): PeerAnswer | null {
  const body = fields(parse(text));
  if (body.t === 'replicated') return replicated(body);
  if (body.t === 'installed') {
    const answer = replicated(fields(body.answer));
    return { t: 'installed', answer, suspects: suspects(body.suspects), checkedTo: version(body, 'checkedTo') };
  }
  if (body.t === 'changes') return { t: 'changes', page: page(body.page), rows: rows(body.records) };
  if (body.t === 'standing') {
    return {
      t: 'standing',
      node: string(body, 'node'),
      incarnation: string(body, 'incarnation'),
      lineage: body.lineage === null ? null : name(body, 'lineage'),
      isBlank: body.isBlank === true,
      promisedEpoch: integer(body, 'promisedEpoch'),
      promisedTo: body.promisedTo === null ? null : string(body, 'promisedTo'),
      watermark: version(body, 'watermark'),
      kMin: body.kMin === null ? null : integer(body, 'kMin'),
      ledEpoch: integer(body, 'ledEpoch'),
      purgeFloor: version(body, 'purgeFloor'),
    };
  }
  const code = body.error;
  if (
    code === 'stale_epoch' ||
    code === 'wrong_lineage' ||
    code === 'wrong_incarnation' ||
    code === 'not_in_epoch' ||
    code === 'need_snapshot' ||
    code === 'storage_failed'
  ) {
    const detail = fields(body.detail ?? {});
    return { t: 'refused', code, epoch: typeof detail.epoch === 'number' ? detail.epoch : 0, message: string(body, 'message') };
  }
  return null;
}

function replicated(body: Fields): ReplicateAnswer {
  return {
    t: 'replicated',
    incarnation: string(body, 'incarnation'),
    start: integer(body, 'start'),
    watermark: version(body, 'watermark'),
    cursor: version(body, 'cursor'),
    cursorEpoch: integer(body, 'cursorEpoch'),
    kMin: body.kMin === null ? null : integer(body, 'kMin'),
    isBlank: body.isBlank === true,
    isCounted: body.isCounted === true,
    newest: version(body, 'newest'),
  };
}
