/**
 * When does success come: with the k-th follower, before it, or later? Read off timed writes alone, whatever the delays are.
 *
 * Too early is proof: a follower that does not show a write by a read sent after the success did not have it. Too late is a
 * majority: of the writes in which the next follower came clearly after the k-th, a leader that waits for more answers after that
 * one every time, and a right one only when something kept it busy for the whole gap.
 *
 * How sure (test/grade/timing-odds.test.ts runs the simulations). A right server with a share s of its answers held up by stalls:
 * P(late) = P(Bin(n, s) >= 0.9 n), which for n = LEAST_TELLING is below 1e-6 for s = 0.3 and 1 % at s = 0.6; a server that waits for
 * one more is late every time, so a miss needs that most reads of a follower fail.
 */
import { medianOf } from './robust.ts';
import { type AnsweredWrite, isAnswered, kthAfter, kthBy, ranksAtAnswer, type TimedWrite } from './timed-write.ts';

export type TimingDiagnosis<W extends TimedWrite = TimedWrite> =
  /** With the quorum, as far as can be seen; `sure` tells what could. */
  | { readonly kind: 'at-quorum'; readonly sure: 'both' | 'not-early' }
  | { readonly kind: 'early'; readonly proofs: readonly W[] }
  /** For more followers than the quorum asks for. */
  | { readonly kind: 'late'; readonly late: readonly W[]; readonly of: number; readonly waitsForAll: boolean }
  /** All followers show a write at once, and the answer comes much later: the delay is on the way back, or the leader is slow to count. */
  | { readonly kind: 'slow-acks'; readonly medianLateMs: number; readonly examples: readonly W[] }
  /** Success comes with the same follower whatever the quorum is set to. */
  | { readonly kind: 'ignores-switch'; readonly answersAt: number }
  | { readonly kind: 'unclear'; readonly why: string };

interface Quorum {
  readonly quorum: number;
}

type Known<W> = W & AnsweredWrite & Quorum;

/** One row of the table that shows it: what the answers of one quorum waited for. */
export interface QuorumRow {
  readonly quorum: number | null;
  readonly writes: number;
  readonly meanAnswerMs: number;
  /** Followers that had the write at the answer, the middle of what is possible, on average. */
  readonly meanRank: number;
  readonly early: number;
}

/** Writes that can tell, at least: see above. */
export const LEAST_TELLING = 15;
/** Two followers this many margins apart came clearly one after the other. */
const GAP_MARGINS = 1.5;
const LATE_SHARE = 0.9;
const ON_TIME_SHARE = 0.35;
/** A single proof could be a follower that answers a read from a moment ago; no server does so twice by accident. */
const LEAST_PROOFS = 2;

/**
 * @param marginMs what an ack takes to become an answer, and an answer to become a read, on this machine at most times
 */
export function diagnoseTiming<W extends TimedWrite>(writes: readonly W[], marginMs: number): TimingDiagnosis<W> {
  const answered = writes.filter((write): write is W & AnsweredWrite => isAnswered(write));
  const followers = answered[0]?.arrivals.length ?? 0;
  if (answered.length === 0) return { kind: 'unclear', why: 'no write was answered with success' };
  const known = answered.filter((write): write is Known<W> => write.quorum !== null && write.quorum > 0);
  const proofs = known.filter((write) => isEarly(write, write.quorum, marginMs));
  const ignored = ignoredSwitch(known, followers, proofs);
  if (ignored !== null) return ignored;
  if (proofs.length >= LEAST_PROOFS) return { kind: 'early', proofs };
  const slow = slowAcks(answered, marginMs);
  if (slow !== null) return slow;
  if (known.length === 0) return { kind: 'unclear', why: 'the write quorum is not known' };
  if (proofs.length > 0) {
    return { kind: 'unclear', why: 'one write was answered before its quorum held it, which is too little to be sure of' };
  }
  return lateness(known, followers, marginMs);
}

/** By quorum, in ascending order. */
export function quorumRows(writes: readonly TimedWrite[], marginMs: number): QuorumRow[] {
  const answered = writes.filter(isAnswered);
  const quorums = [...new Set(answered.map(({ quorum }) => quorum))].sort((a, b) => (a ?? 0) - (b ?? 0));
  return quorums.map((quorum) => {
    const rows = answered.filter((write) => write.quorum === quorum);
    return {
      quorum,
      writes: rows.length,
      meanAnswerMs: meanOf(rows.map(({ answerMs }) => answerMs)),
      meanRank: meanOf(rows.map(middleRank)),
      early: quorum === null ? 0 : rows.filter((write) => isEarly(write, quorum, marginMs)).length,
    };
  });
}

/** Fewer than `quorum` followers can have had the write when it was answered. */
export function isEarly(write: AnsweredWrite, quorum: number, marginMs: number): boolean {
  return kthAfter(write, quorum) > write.answerMs + marginMs;
}

function lateness<W extends TimedWrite>(known: readonly Known<W>[], followers: number, marginMs: number): TimingDiagnosis<W> {
  // Whoever answers one ack too soon would be proven early in these.
  const couldBeEarly = known.filter(
    (write) => kthAfter(write, write.quorum) - kthBy(write, write.quorum - 1) >= GAP_MARGINS * marginMs,
  ).length;
  const gaps = known
    .filter(({ quorum }) => quorum < followers)
    .map((write) => ({ write, gapMs: kthAfter(write, write.quorum + 1) - kthBy(write, write.quorum) }))
    .filter(({ gapMs }) => gapMs >= GAP_MARGINS * marginMs);
  // The wider half of the gaps: what a slow server needs for its answer does not fill those.
  const wide = gaps.sort((a, b) => b.gapMs - a.gapMs).slice(0, Math.max(LEAST_TELLING, Math.ceil(gaps.length / 2)));
  const late = wide.filter(({ write }) => write.answerMs >= kthAfter(write, write.quorum + 1)).map(({ write }) => write);
  const share = late.length / wide.length;
  if (wide.length >= LEAST_TELLING && share >= LATE_SHARE) {
    const waitsForAll = late.filter((write) => write.answerMs >= kthAfter(write, followers)).length >= LATE_SHARE * late.length;
    return { kind: 'late', late, of: wide.length, waitsForAll };
  }
  if (couldBeEarly < LEAST_TELLING) {
    return {
      kind: 'unclear',
      why: `the followers got the writes too close together to tell one from the next: in ${couldBeEarly} of ${known.length} writes they were ${(GAP_MARGINS * marginMs).toFixed(0)} ms apart`,
    };
  }
  if (known.every(({ quorum }) => quorum === followers)) return { kind: 'at-quorum', sure: 'not-early' };
  if (wide.length < LEAST_TELLING) {
    return {
      kind: 'unclear',
      why: `only ${wide.length} writes had a follower that was clearly later than the quorum, which is too few to tell`,
    };
  }
  if (share > ON_TIME_SHARE) {
    return { kind: 'unclear', why: `${late.length} of ${wide.length} answers came later than the quorum, which may be a slow machine` };
  }
  return { kind: 'at-quorum', sure: 'both' };
}

/** Needs the switch: with one quorum nothing tells a server that ignores it. */
function ignoredSwitch(
  known: readonly Known<TimedWrite>[],
  followers: number,
  proofs: readonly TimedWrite[],
): Extract<TimingDiagnosis, { kind: 'ignores-switch' }> | null {
  const effect = switchEffect(known, followers);
  // At the last follower it is waiting for all, which says nothing of the switch.
  if (effect === null || effect.share > 0.2 || effect.meanRank > followers - 0.75) return null;
  const answersAt = Math.round(effect.meanRank + 0.25);
  // Who waits for so many is never early where fewer are asked for; who is waits for nobody.
  const isEarlyBelow = proofs.filter(({ quorum }) => quorum !== null && quorum <= answersAt).length >= LEAST_PROOFS;
  return answersAt < 1 || isEarlyBelow ? null : { kind: 'ignores-switch', answersAt };
}

/**
 * By how much of what it should the rank at the answer moves from the lowest quorum to the highest: 1 for a right server, 0 for
 * one that does not listen. Null if too few writes are sharp enough.
 */
export function switchEffect(
  writes: readonly (AnsweredWrite & Quorum)[],
  followers: number,
): { readonly share: number; readonly meanRank: number } | null {
  const quorums = writes.map(({ quorum }) => quorum);
  const [low, high] = [Math.min(...quorums), Math.max(...quorums)];
  const sharp = writes.filter((write) => {
    const { least, most } = ranksAtAnswer(write);
    return most - least <= Math.max(1, followers / 4);
  });
  const [atLow, atHigh] = [low, high].map((quorum) => sharp.filter((write) => write.quorum === quorum).map(middleRank)) as [
    number[],
    number[],
  ];
  if (low === high || atLow.length < LEAST_TELLING / 2 || atHigh.length < LEAST_TELLING / 2) return null;
  return { share: (meanOf(atHigh) - meanOf(atLow)) / (high - low), meanRank: (meanOf(atHigh) + meanOf(atLow)) / 2 };
}

/**
 * The arrivals lie close together near the start and the answer far behind. A disk that is slow to sync does the same by a constant; a
 * simulated delay grows with the quorum, or at one quorum varies much.
 */
function slowAcks<W extends TimedWrite>(answered: readonly (W & AnsweredWrite)[], marginMs: number): TimingDiagnosis<W> | null {
  const followers = answered[0]?.arrivals.length ?? 0;
  const quorumOf = (write: TimedWrite) => write.quorum ?? 0;
  const [low, high] = [Math.min(...answered.map(quorumOf)), Math.max(...answered.map(quorumOf))];
  const top = answered.filter((write) => quorumOf(write) === high && Number.isFinite(kthBy(write, followers)));
  if (top.length < LEAST_TELLING) return null;
  const lateMs = (writes: readonly AnsweredWrite[]) => writes.map((write) => write.answerMs - kthBy(write, Math.max(1, quorumOf(write))));
  const answer = medianOf(top.map(({ answerMs }) => answerMs));
  const late = medianOf(top.map((write) => write.answerMs - kthBy(write, followers)));
  if (late < 0.5 * answer || late < 4 * marginMs) return null;
  const growth = late - medianOf(lateMs(answered.filter((write) => quorumOf(write) === low)));
  const spread = deviationOf(lateMs(top));
  const isSimulated = low < high ? growth >= Math.max(3 * marginMs, 0.3 * answer) : late >= 50 && spread >= 0.2 * late;
  return isSimulated ? { kind: 'slow-acks', medianLateMs: late, examples: top } : null;
}

function middleRank(write: AnsweredWrite): number {
  const { least, most } = ranksAtAnswer(write);
  return (least + most) / 2;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}
