/**
 * What a scenario's run showed, in sentences: its expectations first, then what did not go as planned, then stale reads. What each
 * sweep showed, explanation.ts says.
 */
import type { BenchResult } from '../../measure/result.ts';
import type { RunResult, StaleReads } from '../../measure/run-result.ts';
import { staleFinding } from '../charts/stale-reads.ts';
import { explain } from '../explanation.ts';
import type { Sentence } from '../sentence.ts';
import { count, list, ms, percent } from '../wording.ts';
import { gotText } from './tables.ts';

/** Unmet expectations that a sentence lists; the table has all. */
const MAX_LISTED = 3;

/** Never empty: the verdict on the expectations comes first. */
export function explainRun(result: RunResult): readonly [Sentence, ...Sentence[]] {
  const others = [sayFailedSteps(result), saySkippedSteps(result)].filter((sentence) => sentence !== null);
  return [sayExpectations(result), ...others];
}

function sayExpectations({ expectations }: RunResult): Sentence {
  const unmet = expectations.filter((each) => !each.is_met);
  if (expectations.length === 0)
    return { id: 'expectations', text: 'This scenario expects nothing in particular; here is what it measured.' };
  if (unmet.length === 0) {
    const all = expectations.length === 1 ? 'The expectation of this scenario is met.' : `All ${expectations.length} expectations are met.`;
    return { id: 'expectations', text: all };
  }
  const shown = unmet.slice(0, MAX_LISTED).map((each) => `${each.step} ${each.threshold}, which got ${gotText(each.got)}`);
  const more = unmet.length > MAX_LISTED ? ` The others are in the table.` : '';
  return {
    id: 'expectations',
    text: `${unmet.length} of ${count(expectations.length, 'expectation')} ${unmet.length === 1 ? 'is' : 'are'} not met: ${shown.join('; ')}.${more}`,
  };
}

function sayFailedSteps({ steps }: RunResult): Sentence | null {
  const failed = steps.filter((step) => step.status === 'failed');
  if (failed.length === 0) return null;
  const said = failed.slice(0, MAX_LISTED).map((step) => `${step.step} (${step.detail || 'it says nothing'})`);
  return { id: 'failed-steps', text: `${failed.length === 1 ? 'A step' : `${failed.length} steps`} failed: ${list(said)}.` };
}

function saySkippedSteps({ steps }: RunResult): Sentence | null {
  const skipped = steps.filter((step) => step.status === 'skipped').length;
  if (skipped === 0) return null;
  return { id: 'skipped-steps', text: `The run ended early: ${skipped} of ${count(steps.length, 'step')} never began.` };
}

/** The finding, and how far it is from what the delays predict. */
export function explainStale(reads: StaleReads): readonly Sentence[] {
  const finding = { id: 'stale-finding', text: `${staleFinding(reads)}.` };
  return [finding, sayWhyStale(reads), sayStaleModel(reads)].filter((sentence) => sentence !== null);
}

function sayWhyStale({ quorum, followers }: StaleReads): Sentence | null {
  if (followers === 0) return null;
  if (quorum >= followers) {
    return { id: 'stale-why', text: 'The quorum is all followers, so a write is acknowledged only when each of them has it.' };
  }
  const has =
    quorum === 0 ? 'no follower needs to have it' : `${count(quorum, 'follower')} of ${followers} ${quorum === 1 ? 'has' : 'have'} it`;
  return {
    id: 'stale-why',
    text: `When a write is acknowledged ${has}, and the others get it when their delay has passed: until then a read there answers with what was before.`,
  };
}

function sayStaleModel({ points }: StaleReads): Sentence | null {
  const gaps = points.flatMap((point) => {
    if (point.share === null || point.model === null || point.ci95 === null) return [];
    const isOutside = point.model < point.ci95[0] || point.model > point.ci95[1];
    return [{ point, gap: Math.abs(point.share - point.model), isOutside }];
  });
  if (gaps.length === 0) return null;
  const largest = Math.max(...gaps.map(({ gap }) => gap));
  const outside = gaps.filter(({ isOutside }) => isOutside);
  const distance = `at most ${percent(largest).replace(' %', '')} percentage points from the measured one`;
  return {
    id: 'stale-model',
    text:
      outside.length === 0
        ? `The share that the drawn delays predict is ${distance}, everywhere within its 95 % interval.`
        : `The share that the drawn delays predict is ${distance}, and outside of its 95 % interval ${list(outside.map(({ point }) => ms(point.after_ms)))} after the ack.`,
  };
}

/** About what every quorum means, which one sweep of the run says for all. */
const SAID_ONCE: readonly string[] = ['what-it-buys', 'equivalents'];

/** The sentences of one sweep of a run: those that hold for every quorum sweep are said at the first that has more than one row. */
export function explainSweep(result: RunResult, sweep: BenchResult): readonly Sentence[] {
  const isFirst = mainSweep(result) === sweep;
  return explain(sweep).filter(({ id }) => isFirst || !SAID_ONCE.includes(id));
}

/** The first sweep of the quorum with more than one row; undefined if there is none. */
export function mainSweep({ sweeps }: RunResult): BenchResult | undefined {
  return sweeps.find((sweep) => sweep.sweep.parameter === 'quorum' && sweep.results.length > 1);
}
