/** Sentences about a sweep of anything else than the quorum: how latency changes across its rows, and what of that are delays. */
import type { Facts } from '../facts.ts';
import type { Sentence } from '../sentence.ts';
import { ms } from '../wording.ts';

/** Means that fit the model to this share of the largest model are said to follow it. */
const CLOSE_TO_MODEL = 0.15;

/** One line without a capital letter. */
export function concludeAcross(facts: Facts, [first, last]: NonNullable<Facts['ends']>): string {
  const { trend, changeMs, noiseMs, expectedChangeMs, name } = facts;
  const span = `from ${name([first])} (${ms(first.avg_latency_ms)}) to ${name([last])} (${ms(last.avg_latency_ms)})`;
  if (trend === 'undecided')
    return `this run cannot tell whether the mean write latency changes ${span}: a single success has no interval.`;
  const isExpected = expectedChangeMs !== null && Math.abs(expectedChangeMs - changeMs) <= noiseMs;
  if (trend === 'flat') {
    const within = `the mean write latency changes ${span} by no more than the noise (±${ms(noiseMs)})`;
    return isExpected || expectedChangeMs === null
      ? `${within}.`
      : `${within}, although the delays alone would change it by ${ms(Math.abs(expectedChangeMs))}.`;
  }
  const verb = typeof first.x === 'string' ? 'ranges' : trend === 'rising' ? 'rises' : 'falls';
  return `the mean write latency ${verb} ${span}${expectation(facts)}.`;
}

function expectation({ measured, changeMs, expectedChangeMs }: Facts): string {
  if (expectedChangeMs === null) return '';
  const distances = measured.map((row) => (row.model_ms === null ? Number.POSITIVE_INFINITY : Math.abs(row.avg_latency_ms - row.model_ms)));
  const largest = Math.max(...distances);
  const highest = Math.max(...measured.map((row) => row.model_ms ?? 0));
  if (highest > 0 && largest <= CLOSE_TO_MODEL * highest) return `, everywhere within ${ms(largest)} of what the delays alone predict`;
  // A model that moves the other way explains none of it.
  const explained = Math.sign(expectedChangeMs) === Math.sign(changeMs) ? Math.abs(expectedChangeMs) : 0;
  return `, ${explained === 0 ? 'none' : ms(explained)} of which the delays alone predict`;
}

/**
 * Latency is floor plus overhead, write by write, so that a change of the mean has two parts that add up exactly. Null where
 * some successes have no floor.
 */
export function sayParts({ ends, isQuorumSweep, trend, changeMs, name }: Facts): Sentence | null {
  if (isQuorumSweep || ends === null || (trend !== 'rising' && trend !== 'falling')) return null;
  const [first, last] = ends;
  if (first.floor_ms === null || last.floor_ms === null || first.overhead_ms === null || last.overhead_ms === null) return null;
  const floor = last.floor_ms - first.floor_ms;
  const overhead = last.overhead_ms.mean - first.overhead_ms.mean;
  if (Math.abs(floor + overhead - changeMs) > ROUNDING_MS) return null;
  const signed = (value: number) => `${Math.abs(value) < 0.0005 ? '' : value < 0 ? '−' : '+'}${ms(Math.abs(value))}`;
  return {
    id: 'parts',
    text:
      `From ${name([first])} to ${name([last])} the floor, the delays that were really drawn, changes by ${signed(floor)}, ` +
      `and the overhead, what software and machine cost, by ${signed(overhead)}.`,
  };
}

/** A floor has three decimals. */
const ROUNDING_MS = 0.01;
