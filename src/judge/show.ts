/** A violation's evidence as plain data: positions of its own, so that it can be drawn without the rest of the history. */
import type { Finding } from './court.ts';
import { operationText } from './explain.ts';
import type { History, Operation } from './history.ts';
import type { ShownOperation, ShownViolation } from './judgement.ts';

/** `ops`: how many operations the key has. */
export function showViolation({ judge, key, why, evidence, isSmallest }: Finding, history: History, ops: number): ShownViolation {
  const moments = evidence
    .flatMap((operation) => [
      { rank: operation.call, time: operation.calledAt },
      ...(operation.endedAt === null || operation.outcome === 'info' ? [] : [{ rank: operation.end, time: operation.endedAt }]),
    ])
    .sort((a, b) => a.rank - b.rank);
  const positions = new Map(moments.map(({ rank }, position) => [rank, position]));
  const [first, last] = [moments[0]?.time ?? 0, moments.at(-1)?.time ?? 0];
  return {
    judge,
    key,
    why,
    ops,
    operations: evidence.map((operation) => shown(operation, positions, history)),
    is_smallest: isSmallest,
    marks: history.marks
      .filter(({ time }) => time >= first && time <= last)
      .map(({ time, text }) => ({ position: moments.filter((moment) => moment.time < time).length, time, text })),
  };
}

function shown(operation: Operation, positions: ReadonlyMap<number, number>, { values }: History): ShownOperation {
  const { process, f, outcome, value, from, calledAt, endedAt, line, endLine, version, node, error } = operation;
  return {
    process,
    f,
    outcome,
    text: operationText(operation, values),
    value: values.textOf(value),
    from: f === 'cas' ? values.textOf(from) : null,
    call: positions.get(operation.call) as number,
    end: positions.get(operation.end) ?? null,
    invoked_at: calledAt,
    completed_at: endedAt,
    line,
    completed_line: endLine,
    version,
    node,
    error,
  };
}
