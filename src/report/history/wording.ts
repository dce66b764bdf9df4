/** What the judges of a history are called, and their moments as text: shared by the terminal's view and the page. */
import type { Judgement, JudgeName, JudgeRow, ShownOperation, ShownViolation } from '../../judge/judgement.ts';
import { visible } from '../../lib/text.ts';
import { formatMs } from '../../lib/units.ts';
import { type Source, type Table, tableOf } from '../columns.ts';

const BROKEN: Readonly<Record<JudgeName, string>> = {
  linearizability: 'is not linearizable',
  zones: 'is not linearizable, by its zones',
  'read-your-writes': 'breaks read your writes',
  'monotonic-reads': 'breaks monotonic reads',
  'acknowledged-writes': 'lost an acknowledged write',
  'definite-errors': 'shows a write that had failed',
};

/** `key "a" is not linearizable: these 3 of its 812 operations show it`. */
export function violationTitle({ judge, key, operations, ops, is_smallest: isSmallest }: ShownViolation): string {
  const few =
    operations.length === ops
      ? `its ${ops === 1 ? 'operation' : `${ops} operations`}`
      : `these ${operations.length} of its ${ops} operations`;
  const open = isSmallest ? '' : ' (perhaps fewer would; time ran out)';
  return `key ${visible(JSON.stringify(key))} ${BROKEN[judge]}: ${few} show${operations.length === 1 && ops === 1 ? 's' : ''} it${open}`;
}

/** `violation: in violation of linearizability (812 operations on 10 keys)`. */
export function conclusionText({ verdict, why, ops, keys }: Judgement): string {
  return `${verdict}: ${why} (${ops} operation${ops === 1 ? '' : 's'} on ${keys} key${keys === 1 ? '' : 's'})`;
}

export function judgesTable({ judges }: Judgement): Table {
  const text = { unit: '', isNumber: false, rank: 0 };
  const number = { unit: '', isNumber: true, rank: 1 };
  const columns: readonly Source<JudgeRow>[] = [
    { ...text, heading: 'judge', value: ({ judge }) => judge.replaceAll('-', ' ') },
    { ...text, heading: 'verdict', value: ({ verdict }) => verdict.replace('_', ' ') },
    { ...number, heading: 'keys ok', value: ({ keys }) => String(keys.ok) },
    { ...number, heading: 'violated', value: ({ keys }) => String(keys.violation) },
    { ...number, heading: 'unknown', value: ({ keys }) => String(keys.unknown) },
    { ...number, heading: 'not applicable', value: ({ keys }) => String(keys.not_applicable) },
  ];
  return tableOf(columns, judges);
}

/** Milliseconds since the first of them, or the position in a history without times. */
export function momentText(at: number, first: number, unit: Judgement['time_unit']): string {
  return unit === 'ns' ? formatMs((at - first) / 1e6) : `#${at}`;
}

export function processText({ process }: ShownOperation): string {
  return visible(process);
}
