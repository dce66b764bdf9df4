/** Sentences about latency against the quorum: the conclusion, and why the curve has its shape. */
import { type Facts, halfInterval, type MeasuredRow } from '../facts.ts';
import type { Sentence } from '../sentence.ts';
import { capitalised, list, ms, quorums } from '../wording.ts';
import { concludeAcross } from './across.ts';

/** A deviation below this share of the highest model is worth boasting of. */
const CLOSE_TO_MODEL = 0.15;

/** Always says something: the run in one line. */
export function sayConclusion(facts: Facts): Sentence {
  const isDoubtful = facts.measured.some((row) => row.verdict === 'inconclusive');
  return { id: 'conclusion', text: isDoubtful ? `Inconclusive: ${conclusion(facts)}` : capitalised(conclusion(facts)) };
}

function conclusion(facts: Facts): string {
  const first = facts.measured[0];
  const last = facts.measured.at(-1);
  if (first === undefined || last === undefined) {
    return `no write succeeded ${facts.isQuorumSweep ? 'at any quorum' : 'in any row'}, so this run has no latency to show.`;
  }
  if (!facts.isQuorumSweep && facts.ends !== null) return concludeAcross(facts, facts.ends);
  const [from, to] = [ms(first.avg_latency_ms), ms(last.avg_latency_ms)];
  const span = `from quorum ${first.quorum} (${from}) to quorum ${last.quorum} (${to}) of ${facts.followers} followers`;
  switch (facts.trend) {
    case 'none':
    case 'single':
      return `at ${facts.isQuorumSweep ? `quorum ${first.quorum} of ${facts.followers} followers` : facts.name([first])} a write takes ${from} on average${modelAside(first)}.`;
    case 'rising':
      return `the mean write latency rises ${span}, ${ms(facts.changeMs / (last.quorum - first.quorum))} per further follower waited for${deviation(facts)}.`;
    case 'falling':
      return `the mean write latency falls ${span}, which waiting for more followers cannot cause.`;
    case 'flat':
      return facts.expectsRise
        ? `the mean write latency does not rise ${span}, although the delays alone would add ${ms(facts.expectedChangeMs ?? 0)}.`
        : `the write quorum makes no difference to the mean write latency ${span}, and with these delays it should not.`;
    case 'undecided':
      return `this run cannot tell whether the mean write latency rises ${span}: the difference is within the noise.`;
  }
}

function modelAside({ model_ms }: MeasuredRow): string {
  return model_ms === null ? '' : `, where the delays alone predict ${ms(model_ms)}`;
}

/** The largest distance between a mean and its model, if there is one for every row. */
function deviation({ measured }: Facts): string {
  const distances = measured.flatMap((row) => (row.model_ms === null ? [] : [Math.abs(row.avg_latency_ms - row.model_ms)]));
  const largest = Math.max(...distances);
  const isClose = largest <= CLOSE_TO_MODEL * Math.max(...measured.map((row) => row.model_ms ?? 0));
  return distances.length < measured.length || !isClose ? '' : `, everywhere within ${ms(largest)} of what the delays alone predict`;
}

/** Where the curve is not the one that theory wants: what that means, and what it does not. */
export function sayTrend(facts: Facts): Sentence | null {
  const { trend, expectsRise, isQuorumSweep } = facts;
  if (!isQuorumSweep) return null;
  if (trend === 'flat' && !expectsRise) {
    return {
      id: 'flat-expected',
      text: 'All followers answer after practically the same delay, so waiting for the k-th of them takes no longer than waiting for the first.',
    };
  }
  if (trend === 'flat') return { id: 'flat-suspicious', text: suspicionOf(facts) };
  if (trend === 'falling') return { id: 'falling', text: fallingText(facts) };
  if (trend === 'undecided') return { id: 'undecided', text: undecidedText(facts) };
  return null;
}

function suspicionOf({ measured, meanDelayMs, looksLikeWaitingForAll, followers }: Facts): string {
  const delay = meanDelayMs === null ? '' : ` with delays of ${ms(meanDelayMs)} on average`;
  if (looksLikeWaitingForAll) {
    return (
      `A flat curve${delay} is suspicious: whatever the quorum, a write takes as long as the highest one needs. That is the picture of an ` +
      `implementation that answers only after all ${followers} followers have, because it waits for all of its requests.`
    );
  }
  if (measured.some((row) => row.verdict === 'inconclusive')) {
    return 'A flat curve here says nothing about the quorum: rows of it are inconclusive, because something other than the delays set their latency.';
  }
  return `A flat curve${delay} is suspicious: it is what an implementation shows that waits for something other than its quorum, or that does not delay its replication.`;
}

function fallingText({ measured }: Facts): string {
  const first = measured[0];
  return (
    'Each write waits for at least as many followers as it would at a lower quorum, so a falling curve measures something else: ' +
    `quorum ${first?.quorum ?? 0} may have run into a cold start (see --warmup), or the machine was busy with other work.`
  );
}

function undecidedText({ measured }: Facts): string {
  const first = measured[0];
  const last = measured.at(-1);
  const intervals = [first, last].flatMap((row) => {
    const half = row === undefined ? null : halfInterval(row);
    return row === undefined || half === null ? [] : [`±${ms(half)} at quorum ${row.quorum}`];
  });
  const noise = intervals.length === 0 ? 'A single success per quorum has no interval' : `The 95 % intervals are ${list(intervals)}`;
  return `${noise}; more writes (--writes) narrow them, four times as many by half.`;
}

export function sayWhyItRises(facts: Facts): Sentence | null {
  const { trend, expectsRise, followers, measured, isQuorumSweep } = facts;
  if (!isQuorumSweep || trend !== 'rising' || !expectsRise) return null;
  const ks = measured.map((row) => row.quorum);
  const examples = [
    ...(ks.includes(1) ? [`${quorums([1])} waits for the fastest follower of each write`] : []),
    ...(ks.includes(followers) && followers > 1 ? [`${quorums([followers])} for the slowest`] : []),
  ];
  return {
    id: 'why-it-rises',
    text:
      'A write is answered once the leader and k followers hold it. It goes to all of them at once, so it waits for ' +
      `the k-th smallest of its ${followers} delays${examples.length === 0 ? '' : `: ${list(examples)}`}.`,
  };
}

export function sayZero({ measured, result, isQuorumSweep }: Facts): Sentence | null {
  const zero = measured.find((row) => row.quorum === 0);
  if (zero === undefined || !isQuorumSweep) return null;
  const copy = result.cluster.store === 'sqlite' ? 'own durable copy' : 'own copy in memory';
  return {
    id: 'zero-quorum',
    text:
      `Quorum 0 is asynchronous replication: the ${ms(zero.avg_latency_ms)} are the request and the leader’s ${copy}, ` +
      'and a write that only the leader holds is lost with it.',
  };
}
