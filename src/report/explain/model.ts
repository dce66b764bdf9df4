/**
 * Sentences about the distance between what was measured and what the delays alone cost. It has two parts, and they are
 * told apart: luck (the delays really drawn against their expectation) and overhead (what the software added to them).
 */
import type { Distribution } from '../../lib/distribution.ts';
import type { QuorumResult } from '../../measure/result.ts';
import { type Facts, modelOutside } from '../facts.ts';
import type { Sentence } from '../sentence.ts';
import { lossOf } from '../sweep.ts';
import { figure, list, ms, msRange, percent } from '../wording.ts';

/** Luck below this share of the model is not worth a sentence. */
const NOTABLE_LUCK = 0.02;

export function sayFormula({ measured, delays, followers, isQuorumSweep, name }: Facts): Sentence | null {
  const modelled = measured.filter((row) => row.model_ms !== null && row.quorum > 0);
  const first = delays[0];
  if (modelled.length === 0 || first === undefined) return null;
  const values = modelled.map((row) => figure(row.model_ms ?? 0));
  if (!isQuorumSweep) {
    const figures = new Set(values).size === 1 ? `${values[0]} ms in every row` : `${list(values)} ms at ${name(modelled)}`;
    return { id: 'model', text: `The k-th smallest delay of a row’s followers, k being its quorum, is on average ${figures}.` };
  }
  const where = `${list(values)} ms at ${name(modelled)}`;
  if (first.kind === 'uniform' && delays.every((delay) => isSame(first, delay))) {
    const [a, b] = [first.min, first.max];
    return {
      id: 'model',
      text: `For delays uniform between ${a} and ${b} ms the k-th smallest of ${followers} is a + (b − a)·k/(N + 1) on average: ${where}.`,
    };
  }
  return { id: 'model', text: `The mean of the k-th smallest of these ${followers} delays, computed numerically, is ${where}.` };
}

export function sayOverhead({ measured, followers, looksLikeWaitingForAll, isQuorumSweep }: Facts): Sentence | null {
  const rows = measured.flatMap(({ overhead_ms, thin }) =>
    overhead_ms === null ? [] : [{ ...overhead_ms, isThin: thin.includes('overhead_ms.p99') }],
  );
  if (rows.length === 0 || rows.some((row) => row.mean < 0)) return null;
  const floor = followers === 0 ? 'no delay at all' : 'the k-th smallest delay that the leader drew for it';
  return {
    id: 'overhead',
    text:
      `Write by write, latency was ${msRange(rows.map((row) => row.mean))} on average over its floor (${floor}), and ` +
      `at most ${ms(Math.max(...rows.map((row) => row.p99)))} over it${rows.some((row) => row.isThin) ? '' : ` in 99 of 100 writes of every ${isQuorumSweep ? 'quorum' : 'row'}`}.` +
      (looksLikeWaitingForAll ? '' : ' That overhead is the cost of the software and this machine; the rest is the simulated network.'),
  };
}

/** The same draws serve every row, so that luck moves all rows together. */
export function sayLuck({ measured, name }: Facts): Sentence | null {
  const lucky = measured
    .flatMap((row) => (row.floor_ms === null || row.model_ms === null ? [] : [{ ...row, luck: row.floor_ms - row.model_ms }]))
    .filter((row) => Math.abs(row.luck) > NOTABLE_LUCK * (row.model_ms ?? 0) && explains(row.luck, row))
    .sort((a, b) => Math.abs(b.luck) - Math.abs(a.luck))[0];
  if (lucky === undefined) return null;
  return {
    id: 'luck',
    text:
      `At ${name([lucky])} most of the distance to the model is the luck of the draw: the k-th smallest of the delays drawn ` +
      `averages ${ms(lucky.floor_ms ?? 0)}, the model expects ${ms(lucky.model_ms ?? 0)}. More writes bring the two together.`,
  };
}

export function sayOutsideModel({ measured, looksLikeWaitingForAll, name }: Facts): Sentence | null {
  const outside = modelOutside(measured);
  if (outside.length === 0) return null;
  const sides = [
    { word: 'above', rows: outside.filter((row) => gapOf(row) > 0) },
    { word: 'below', rows: outside.filter((row) => gapOf(row) < 0) },
  ].filter(({ rows }) => rows.length > 0);
  const parts = sides.map(({ word, rows }) => `${word} the model at ${name(rows)}, by ${msRange(rows.map((row) => Math.abs(gapOf(row))))}`);
  const isOverhead = !looksLikeWaitingForAll && outside.every((row) => gapOf(row) > 0 && explains(row.overhead_ms?.mean ?? 0, row));
  return {
    id: 'outside-model',
    text: `The mean is ${list(parts)}, more than the noise of its 95 % interval.${isOverhead ? ' Most of that is the overhead.' : ''}`,
  };
}

/** Mean minus model. */
function gapOf(row: QuorumResult): number {
  return (row.avg_latency_ms ?? 0) - (row.model_ms ?? 0);
}

/** A part explains a gap if it is most of it, and not far more. */
function explains(partMs: number, row: QuorumResult): boolean {
  const share = partMs / gapOf(row);
  return share > 0.5 && share < 1.5;
}

/** A latency below its floor cannot be: either an answer came before its acks, or the reported delays are not those applied. */
export function sayEarly({ measured, name }: Facts): Sentence | null {
  const early = measured.filter((row) => row.overhead_ms !== null && row.overhead_ms.mean < 0);
  if (early.length === 0) return null;
  return {
    id: 'below-floor',
    text:
      `At ${name(early)} the mean latency is below its floor. A leader that waits for its quorum cannot ` +
      'answer sooner than the delays it drew: it answers before its acks, or the delays it reports are not those it applies.',
  };
}

export function sayLoss({ result, rows, followers }: Facts): Sentence | null {
  const losses = [...new Set(rows.map((row) => lossOf(result, row)))].filter((loss) => loss > 0);
  if (losses.length === 0 || followers === 0) return null;
  const chance = `with probability ${list(losses.map(percent))}`;
  const isSome = rows.some((row) => lossOf(result, row) === 0);
  return {
    id: 'loss',
    text:
      (isSome || losses.length > 1
        ? `Where replication messages were lost (${chance}), they were sent again with a new delay. `
        : `Each replication message was lost ${chance} and then sent again with a new delay. `) +
      'The model knows one delay per follower only, so neither it nor the overhead is shown.',
  };
}

function isSame(first: Distribution & { readonly kind: 'uniform' }, other: Distribution): boolean {
  return other.kind === 'uniform' && other.min === first.min && other.max === first.max;
}
