/**
 * The judges' public side: one function from a history to a judgement. Linearizability is local, so each key is judged alone (Herlihy and
 * Wing 1990); the other judges speak of single keys by their nature.
 *
 *   history.ts          parseHistory: lines -> operations            event.ts: formatEvent, for who records them
 *   judge.ts            judgeHistory: operations -> Judgement (judgement.ts)
 *   linearizability.ts  the search                                    zones.ts: the second opinion
 *   sessions.ts         read your writes, monotonic reads
 *   acknowledged.ts     no acknowledged write lost, definite errors never observed
 *   shrink.ts           the smallest part that shows a violation
 *   edn.ts, porcupine.ts  the same history for judges of others
 *
 * Invariant: the verdict is ok only if linearizability, where it was asked for, was decided for every key (by the search or by the
 * zones), and if something was read at all.
 */
import { Court, type Finding } from './court.ts';
import { type History, operationsByKey } from './history.ts';
import { JUDGES, type Judgement, type JudgeName, type JudgeRow, type JudgeVerdict, type Verdict } from './judgement.ts';
import { demandOf, isObservation, isRequired } from './model.ts';
import { showViolation } from './show.ts';

export interface JudgeOptions {
  /** These alone; all of them if absent. */
  readonly only?: readonly JudgeName[];
  /** Once true, what is not decided is unknown, and what is not yet small stays as it is. */
  readonly shouldStop?: () => boolean;
}

export function judgeHistory(history: History, { only = JUDGES, shouldStop = () => false }: JudgeOptions = {}): Judgement {
  const byKey = operationsByKey(history);
  const chosen = new Set<JudgeName>(only);
  const court = new Court(history.values, byKey, shouldStop);
  const findings = court.findings(chosen);
  const rows = JUDGES.filter((judge) => chosen.has(judge)).map((judge) =>
    rowOf(
      judge,
      findings.filter((each) => each.judge === judge),
    ),
  );
  return {
    ...conclude(history, rows, findings, chosen),
    ops: history.operations.length,
    keys: byKey.size,
    judges: rows,
    violations: toShow(findings).map((finding) => showViolation(finding, history, byKey.get(finding.key)?.length ?? 0)),
    undecided: findings.filter(({ verdict }) => verdict === 'unknown').map(({ judge, key, why }) => ({ judge, key, why })),
    time_unit: history.hasTimes ? 'ns' : 'position',
  };
}

/** The worst verdict of any key; not applicable only if it is so for all. */
function rowOf(judge: JudgeName, findings: readonly Finding[]): JudgeRow {
  const count = (verdict: JudgeVerdict) => findings.filter((each) => each.verdict === verdict).length;
  const keys = { ok: count('ok'), violation: count('violation'), unknown: count('unknown'), not_applicable: count('not_applicable') };
  const verdict = (['violation', 'unknown', 'ok'] as const).find((each) => keys[each] > 0) ?? 'not_applicable';
  const why = findings.find((each) => each.verdict === verdict)?.why ?? 'the history is empty';
  return { judge, verdict, why, keys };
}

function conclude(
  { operations }: History,
  rows: readonly JudgeRow[],
  findings: readonly Finding[],
  chosen: ReadonlySet<JudgeName>,
): { readonly verdict: Verdict; readonly why: string } {
  const broken = rows.filter(({ verdict }) => verdict === 'violation').map(({ judge }) => judge);
  if (broken.length > 0) return { verdict: 'violation', why: `in violation of ${broken.join(', ')}` };
  if (operations.length === 0) return { verdict: 'unknown', why: 'the history is empty' };
  const decided = new Set(findings.filter(isLinearizabilityDecided).map(({ key }) => key));
  const isAsked = chosen.has('linearizability') || chosen.has('zones');
  const open = isAsked ? [...new Set(operations.map(({ key }) => key))].filter((key) => !decided.has(key)) : [];
  if (open.length > 0) {
    const reason = findings.find(({ key, verdict }) => key === open[0] && verdict !== 'ok')?.why ?? '';
    return { verdict: 'unknown', why: `linearizability of ${open.length} of the keys is not decided: ${reason}` };
  }
  if (!operations.some((each) => isRequired(each) && (isObservation(each) || demandOf(each) !== null))) {
    return { verdict: 'unknown', why: 'nothing was read, so nothing could be found' };
  }
  if (rows.every(({ verdict }) => verdict === 'not_applicable')) return { verdict: 'unknown', why: rows[0]?.why ?? 'no judge was asked' };
  return { verdict: 'ok', why: isAsked ? 'every key is linearizable' : 'no violation was found' };
}

function isLinearizabilityDecided({ judge, verdict }: Finding): boolean {
  return (judge === 'linearizability' || judge === 'zones') && verdict === 'ok';
}

/** What the search and the zones both found is shown once. */
function toShow(findings: readonly Finding[]): Finding[] {
  const violations = findings.filter(({ verdict }) => verdict === 'violation');
  const found = new Set(violations.filter(({ judge }) => judge === 'linearizability').map(({ key }) => key));
  return violations.filter(({ judge, key }) => judge !== 'zones' || !found.has(key));
}
