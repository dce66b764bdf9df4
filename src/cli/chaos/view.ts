/** A chaos run as the command line prints it: what the clients did, what was done to them, and what the judges say. */
import { join } from 'node:path';
import type { Deed } from '../../chaos/deed.ts';
import { type Episode, faultText, type Schedule } from '../../chaos/plan.ts';
import { formatMs } from '../../lib/units.ts';
import { RUN_FILES } from '../../runs/run.ts';
import { showJudgement } from '../check-history/view.ts';
import type { Output, Result } from '../output.ts';
import type { ChaosResult, FaultRow, OperationRow } from './result.ts';

export interface ChaosView {
  readonly result: ChaosResult;
  /** The run folder, absolute. */
  readonly folder: string;
  /** What there is to look at besides the history, by name and file. */
  readonly pictures: readonly (readonly [name: string, file: string])[];
}

const STYLE = { ok: 'green', violation: 'red', unknown: 'yellow', failed: 'red', interrupted: 'yellow' } as const;
/** The others are in the document. */
const SHOWN_LOCAL = 3;

export function showChaos(out: Output, view: ChaosView): Result {
  return { table: () => forPeople(out, view), json: view.result, rows: view.result.deeds.map(deedRow) };
}

/** The schedule before anything starts. */
export function showSchedule(out: Output, schedule: Schedule, document: object): Result {
  const rows = schedule.episodes.map(({ atMs, forMs, fault }) => ({ at_ms: atMs, for_ms: forMs, fault: faultText(fault) }));
  return { table: () => scheduleText(out, schedule.episodes), json: { ...document, schedule: rows }, rows };
}

function scheduleText(out: Output, episodes: readonly Episode[]): string {
  const rows = episodes.map(({ atMs, forMs, fault }) => [formatMs(atMs), forMs === 0 ? '-' : formatMs(forMs), faultText(fault)]);
  return out.table(['>at', '>for', 'fault'], rows);
}

function forPeople(out: Output, { result, folder, pictures }: ChaosView): string {
  const { verdict, why, judgement, local_reads: local, parity } = result;
  const failed = result.deeds.filter((deed) => !deed.took_effect);
  return [
    out.table(['operation', '>ok', '>fail', '>info', 'errors'], result.operations.map(operationCells)),
    out.table(
      ['fault', '>planned', '>took effect', '>of the leader', 'seen by'],
      result.faults.map((row) => faultCells(row, result.deeds)),
    ),
    ...(failed.length === 0 ? [] : [failed.map(({ text, planned_ms: at, effect }) => `${formatMs(at)}: ${text}: ${effect}`).join('\n')]),
    ...(parity === null ? [] : [`replicas: ${parity.map(({ node, status }) => `${node} ${status}`).join(', ')}${settled(result)}`]),
    ...(local === null ? [] : [localText(local)]),
    ...(judgement === null ? [] : [showJudgement(out, judgement).table()]),
    [
      out.paint(STYLE[verdict], `${verdict}: ${why}`),
      `history  ${join(folder, RUN_FILES.history)}`,
      ...pictures.map(([name, file]) => `${name.padEnd(7)}  ${join(folder, file)}`),
    ].join('\n'),
  ].join('\n\n');
}

function settled({ settle_ms: settleMs }: ChaosResult): string {
  return settleMs === null ? '' : ` (equal ${formatMs(settleMs)} after healing)`;
}

function localText({ reads, violations }: NonNullable<ChaosResult['local_reads']>): string {
  if (violations.length === 0) return `reads at followers: ${reads}, none showed what was never written or had failed`;
  const more = violations.length - SHOWN_LOCAL;
  return [...violations.slice(0, SHOWN_LOCAL), ...(more > 0 ? [`… and ${more} more, all of them with -o json`] : [])].join('\n');
}

function operationCells({ operation, ok, fail, info, errors }: OperationRow): string[] {
  const codes = Object.entries(errors).map(([code, count]) => `${code} ${count}`);
  return [operation, `${ok}`, `${fail}`, `${info}`, codes.join(', ')];
}

function faultCells({ kind, planned, took_effect: done, of_leader: ofLeader }: FaultRow, deeds: readonly Deed[]): string[] {
  const example = deeds.find((deed) => deed.kind === kind && deed.took_effect)?.effect ?? '-';
  const isOfNode = kind !== 'quorum' && kind !== 'network' && kind !== 'clock' && kind !== 'promote';
  return [kind, `${planned}`, `${done}`, isOfNode ? `${ofLeader}` : '-', example];
}

function deedRow({ nodes, ...deed }: Deed): object {
  return { ...deed, nodes: nodes.join(',') };
}
