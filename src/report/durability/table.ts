/** The table of a durability run, and its rows for csv and ndjson. */
import type { DurabilityRow } from '../../measure/durability.ts';
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { type Source, type Table, tableOf } from '../columns.ts';
import type { FlatRow } from '../csv.ts';
import { percent } from '../wording.ts';
import { lossText } from './words.ts';

const COLUMNS: readonly Source<DurabilityRow>[] = [
  { heading: 'quorum', unit: '', isNumber: true, rank: 0, value: ({ quorum }) => `${quorum}` },
  { heading: 'writes', unit: '', isNumber: true, rank: 4, value: ({ writes }) => `${writes}` },
  { heading: 'mean', unit: 'ms', isNumber: true, rank: 1, value: ({ avg_latency_ms: mean }) => mean },
  { heading: 'model', unit: 'ms', isNumber: true, rank: 3, value: ({ model_ms: model }) => model },
  { heading: 'held by', unit: '', isNumber: true, rank: 5, value: ({ held_by: held }) => held?.toFixed(2) ?? null },
  { heading: 'lost alone', unit: '', isNumber: true, rank: 0, value: ({ alone }) => lossText(alone) },
  { heading: 'expected', unit: '', isNumber: true, rank: 0, value: ({ alone }) => expectedText(alone) },
  { heading: 'lost safely', unit: '', isNumber: true, rank: 0, value: ({ safe }) => safeText(safe) },
  { heading: 'expected', unit: '', isNumber: true, rank: 2, value: ({ safe }) => percent(safe.expected) },
  { heading: 'verdict', unit: '', isNumber: false, rank: 1, value: ({ verdict }) => verdict },
];
const OUTSIDE = '!';

export function durabilityTable({ results }: DurabilityResult): Table {
  const isOutside = results.some(({ alone }) => alone.is_expected === false);
  const isRefused = results.some(({ safe }) => safe.refused > 0);
  const notes = [
    ...(isOutside ? [`${OUTSIDE} outside the 95 % interval, as one row in twenty is by chance`] : []),
    ...(isRefused
      ? ['refused: the promotion did not take place, as it could have lost an acknowledged write; restarting the leader gave it back']
      : []),
    ...results.flatMap(({ quorum, verdict, reasons }) => reasons.map((reason) => `quorum ${quorum} is ${verdict}: ${reason}`)),
  ];
  return tableOf(COLUMNS, results, notes);
}

function expectedText({ expected, is_expected: isExpected }: DurabilityRow['alone']): string {
  return `${percent(expected)}${isExpected === false ? OUTSIDE : ''}`;
}

/** Of those that took place; refused ones lost nothing. */
function safeText({ lost, trials, refused }: DurabilityRow['safe']): string | null {
  if (trials === 0) return null;
  if (refused === trials) return `refused ${refused}/${trials}`;
  return `${lost}/${trials - refused}${refused === 0 ? '' : `, refused ${refused}`}`;
}

/** One row per quorum, members of the document with the nested ones joined by `_`. */
export function durabilityRows({ results }: DurabilityResult): readonly FlatRow[] {
  return results.map(({ quorum, writes, avg_latency_ms, ci95_ms, model_ms, held_by, alone, safe, verdict, reasons }) => ({
    quorum,
    writes,
    avg_latency_ms,
    ci95_low_ms: ci95_ms?.[0] ?? null,
    ci95_high_ms: ci95_ms?.[1] ?? null,
    model_ms,
    held_by,
    alone_trials: alone.trials,
    alone_lost: alone.lost,
    alone_share: alone.share,
    alone_ci95_low: alone.ci95?.[0] ?? null,
    alone_ci95_high: alone.ci95?.[1] ?? null,
    alone_expected: alone.expected,
    alone_is_expected: alone.is_expected === null ? null : `${alone.is_expected}`,
    safe_trials: safe.trials,
    safe_lost: safe.lost,
    safe_refused: safe.refused,
    safe_expected: safe.expected,
    verdict,
    reasons: reasons.join(' '),
  }));
}
