/** Operations and violations in words. */
import { visible } from '../lib/text.ts';
import type { Operation } from './history.ts';
import { judgeLinearizability } from './linearizability.ts';
import { isRefusal } from './model.ts';
import type { Value, Values } from './values.ts';
import { type Conflict, judgeZones, type Zone } from './zones.ts';

const MOST_CHARACTERS = 40;
const EXPLAIN_STEPS = 1 << 16;

export function valueText(value: Value, values: Values): string {
  const text = visible(values.textOf(value));
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** `write 3`, `read null`, `cas 1 → 2 (refused)`, `delete (unknown)`. */
export function operationText(operation: Operation, values: Values): string {
  const { f, outcome, value, from } = operation;
  const doubt = isRefusal(operation) ? ' (refused)' : outcome === 'fail' ? ' (failed)' : outcome === 'info' ? ' (unknown)' : '';
  if (f === 'delete' || (f === 'read' && outcome !== 'ok')) return f + doubt;
  return f === 'cas' ? `cas ${valueText(from, values)} → ${valueText(value, values)}${doubt}` : `${f} ${valueText(value, values)}${doubt}`;
}

/** Why these operations have no linearization; they are a violation, and few. `all` are the operations of their key. */
export function explainUnlinearizable(part: readonly Operation[], all: readonly Operation[], values: Values): string {
  const zones = judgeZones(part);
  if (zones.verdict === 'violation') return explainConflict(zones.conflict, all, values);
  const found = judgeLinearizability(part, { shortcuts: false, maxSteps: EXPLAIN_STEPS });
  if (found.verdict !== 'violation') return 'no order of these operations gives every answer that was given';
  const { order, blocked } = found;
  const before = order.length === 0 ? 'whatever comes first' : `however they are ordered, for example ${textsOf(order, values)}`;
  return `${before}: ${operationText(blocked, values)} (line ${blocked.line}) cannot have happened before it ended`;
}

function textsOf(order: readonly Operation[], values: Values): string {
  return order.map((operation) => operationText(operation, values)).join(', ');
}

function explainConflict(conflict: Conflict, all: readonly Operation[], values: Values): string {
  switch (conflict.kind) {
    case 'unwritten': {
      const { read } = conflict;
      const failed = all.find(({ f, outcome, value }) => f !== 'read' && outcome === 'fail' && value === read.value);
      const what = `${valueText(read.value, values)} was read (line ${read.line})`;
      return failed === undefined
        ? `${what}, and nothing wrote it`
        : `${what}, and only the ${failed.f} of line ${failed.line}, which failed, would have written it`;
    }
    case 'early':
      return `${valueText(conflict.read.value, values)} was read (line ${conflict.read.line}) before its write was called (line ${conflict.write.line})`;
    case 'both': {
      const [a, b] = conflict.zones;
      return `the register held ${held(a, values)}, and ${held(b, values)}: it cannot have held both`;
    }
    case 'within': {
      const { outer, inner } = conflict;
      const { lastCalled, firstEnded } = inner;
      return `the register held ${held(outer, values)}, and in between ${valueText(inner.value, values)} for a moment (lines ${lastCalled?.line} to ${firstEnded?.endLine})`;
    }
  }
}

/** A forward zone has an operation at each side, or begins before the history. */
function held({ value, firstEnded, lastCalled }: Zone, values: Values): string {
  const since = firstEnded === null ? 'the beginning' : `line ${firstEnded.endLine}`;
  return `${valueText(value, values)} from ${since} to line ${lastCalled?.line} at least`;
}
