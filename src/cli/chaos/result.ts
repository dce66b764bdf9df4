/** What a chaos run found, as the document of -o json and of chaos.json; and what it amounts to. Pure. */
import { type Answered, OPERATIONS, type OperationName } from '../../chaos/clients.ts';
import type { Deed } from '../../chaos/deed.ts';
import type { LocalReads } from '../../chaos/local-reads.ts';
import type { Fault, FaultKind } from '../../chaos/plan.ts';
import type { Judgement } from '../../judge/judgement.ts';
import type { ParityRow } from '../../measure/result.ts';
import { EXIT } from '../exit.ts';

export interface ChaosResult {
  /** failed: it ended early, the replicas did not become equal in time, or the nemesis did nothing. */
  readonly verdict: 'ok' | 'violation' | 'unknown' | 'failed' | 'interrupted';
  readonly why: string;
  readonly seed: number;
  readonly for_ms: number;
  readonly target: string;
  readonly followers: number;
  readonly write_quorum: number;
  readonly delay: string;
  readonly clients: number;
  readonly keys: number;
  readonly rate: number;
  readonly operations: readonly OperationRow[];
  readonly faults: readonly FaultRow[];
  readonly deeds: readonly Deed[];
  /** null: it was not compared. */
  readonly parity: readonly ParityRow[] | null;
  readonly settle_ms: number | null;
  /** null: they were not judged. */
  readonly local_reads: LocalReads | null;
  readonly judgement: Judgement | null;
}

export interface OperationRow {
  readonly operation: OperationName;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** By code, how many of those that failed, for certain or not. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface FaultRow {
  readonly kind: FaultKind;
  readonly planned: number;
  readonly took_effect: number;
  /** Of those that had an effect. */
  readonly of_leader: number;
}

export type Found = Omit<ChaosResult, 'verdict' | 'why' | 'operations' | 'faults'>;

export interface Ending {
  readonly isInterrupted: boolean;
  /** What ended the run early. */
  readonly error: { readonly message: string; readonly exitCode: number } | null;
}

export function chaosResult(found: Found, answered: readonly Answered[], kinds: readonly FaultKind[], ending: Ending): ChaosResult {
  const faults = kinds.map((kind) => faultRow(kind, found.deeds));
  return { ...conclude(found, faults, ending), ...found, operations: OPERATIONS.map((name) => operationRow(name, answered)), faults };
}

/** A lie outweighs everything that was found besides; what ended the run comes before what it was worth. */
export function chaosExitCode({ verdict }: ChaosResult, { error }: Ending): number {
  switch (verdict) {
    case 'ok':
      return EXIT.ok;
    case 'violation':
      return EXIT.violation;
    case 'unknown':
      return EXIT.inconclusive;
    case 'interrupted':
      return EXIT.interrupted;
    case 'failed':
      return error?.exitCode ?? EXIT.error;
  }
}

function conclude(found: Found, faults: readonly FaultRow[], { isInterrupted, error }: Ending): Pick<ChaosResult, 'verdict' | 'why'> {
  const { judgement, local_reads: local, parity } = found;
  if (isInterrupted) return { verdict: 'interrupted', why: 'interrupted before anything was judged' };
  const wrong = parity?.filter(({ status }) => status === 'mismatch').map(({ node }) => node) ?? [];
  const lies = [
    ...(judgement?.verdict === 'violation' ? [judgement.why] : []),
    ...(local !== null && local.violations.length > 0 ? [`${local.violations[0]}`] : []),
    ...(wrong.length > 0 ? [`${wrong.join(', ')} holds something else than the leader`] : []),
  ];
  if (lies.length > 0) return { verdict: 'violation', why: lies.join('; ') };
  if (error !== null) return { verdict: 'failed', why: error.message };
  const late = parity?.filter(({ status }) => status !== 'match').map(({ node }) => node) ?? [];
  if (late.length > 0) return { verdict: 'failed', why: `${late.join(', ')} did not become equal to the leader in time` };
  const idle = faults.filter(({ planned, took_effect: done }) => planned > 0 && done === 0).map(({ kind }) => kind);
  if (idle.length > 0 || faults.every(({ took_effect: done }) => done === 0)) {
    const what = idle.length === 0 ? 'nothing' : idle.join(', ');
    return {
      verdict: 'failed',
      why: `the nemesis did nothing: of ${what} no fault took effect, so that the run shows little; try a longer --for`,
    };
  }
  if (judgement === null || judgement.verdict === 'unknown')
    return { verdict: 'unknown', why: judgement?.why ?? 'the history was not judged' };
  // Nobody lost anything is only known of who was looked for.
  const kept = judgement.judges.find(({ judge }) => judge === 'acknowledged-writes');
  if (kept?.verdict !== 'ok') return { verdict: 'unknown', why: `whether acknowledged writes are kept: ${kept?.why ?? 'not judged'}` };
  const done = faults.reduce((sum, row) => sum + row.took_effect, 0);
  return {
    verdict: 'ok',
    why: `${done} faults took effect, no answer was wrong, no acknowledged write is lost, and the replicas are equal`,
  };
}

function operationRow(operation: OperationName, answered: readonly Answered[]): OperationRow {
  const own = answered.filter((each) => each.operation === operation);
  const count = (outcome: Answered['outcome']) => own.filter((each) => each.outcome === outcome).length;
  const codes = Map.groupBy(
    own.filter(({ error }) => error !== null),
    ({ error }) => `${error}`,
  );
  const errors = Object.fromEntries([...codes].map(([code, all]) => [code, all.length]));
  return { operation, ok: count('ok'), fail: count('fail'), info: count('info'), errors };
}

function faultRow(kind: Fault['kind'], deeds: readonly Deed[]): FaultRow {
  const own = deeds.filter((deed) => deed.kind === kind);
  const done = own.filter((deed) => deed.took_effect);
  return { kind, planned: own.length, took_effect: done.length, of_leader: done.filter((deed) => deed.of_leader).length };
}
