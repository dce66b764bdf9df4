/**
 * The measurement that six checks share: writes at every quorum, each watched at every follower, in blocks whose order is drawn, so that
 * what changes on the machine meanwhile meets all quorums alike.
 */
import type { Prng } from '../lib/prng.ts';
import { judgeDelays, judgeSending } from './judge/arrival-order.ts';
import { diagnoseTiming, type TimingDiagnosis } from './judge/quorum-timing.ts';
import { isComplete } from './judge/timed-write.ts';
import type { FirstLook } from './probe.ts';
import { inLanes, type Mismatch, type Subject } from './subject.ts';
import { type WatchedWrite, watchWrite } from './watch.ts';

export interface Timing {
  readonly writes: readonly WatchedWrite[];
  readonly diagnosis: TimingDiagnosis<WatchedWrite>;
  /** What followers still lacked when they had been given time; only writes that were answered with success. */
  readonly lost: readonly Mismatch[];
}

/** null: as it is, because it cannot be set. */
export interface Block {
  readonly quorum: number | null;
  readonly writes: number;
}

/** Enough for what judge/ computes: see its files for how sure that makes. */
const WRITES_PER_QUORUM = 24;
/** At the highest quorum every write gets everywhere even where replication is cancelled early, so the delays are judged from these. */
const WRITES_AT_HIGHEST = 40;
const WRITES_AT_FIXED = 60;
const BLOCK = 4;
/** A machine that was too busy the first time may not be so the second time. */
const MOST_ROUNDS = 3;
/** No further round is begun after this. */
const MOST_MS = 25_000;

export async function measureTiming(subject: Subject, look: FirstLook): Promise<Timing> {
  const startMs = performance.now();
  const writes: WatchedWrite[] = [];
  for (let round = 1; ; round++) {
    const blocks = planBlocks(
      { followers: subject.followers.length, canSwitch: look.canSwitch, lanes: subject.pace.lanes },
      subject.prng.fork(`timing-${round}`),
    );
    for (const [index, block] of blocks.entries()) {
      subject.onDetail(`watching writes: block ${index + 1} of ${blocks.length}${round === 1 ? '' : ', again because it was unclear'}`);
      writes.push(...(await runBlock(subject, block)));
    }
    const diagnosis = diagnoseTiming(writes, subject.pace.marginMs);
    const isOver = round >= MOST_ROUNDS || performance.now() - startMs > MOST_MS || !isWorthMore(subject, writes, diagnosis);
    if (isOver) return { writes, diagnosis, lost: await findLost(subject, writes) };
  }
}

/** Something is unclear that more writes could make clear: the delays are large enough to be seen, and not the same for all followers. */
function isWorthMore({ pace, followers }: Subject, writes: readonly WatchedWrite[], diagnosis: TimingDiagnosis): boolean {
  if (pace.longestMs < 8 * pace.marginMs || followers.length < 2) return false;
  const delays = judgeDelays(writes).kind;
  const isUnclear = diagnosis.kind === 'unclear' || delays === 'unclear' || judgeSending(writes).kind === 'unclear';
  return isUnclear && delays !== 'shared' && writes.some(isComplete);
}

/** Pure. Blocks of every quorum, rounds of them in an order drawn anew each. */
export function planBlocks(spec: { readonly followers: number; readonly canSwitch: boolean; readonly lanes: number }, prng: Prng): Block[] {
  const { followers, canSwitch, lanes } = spec;
  const size = Math.max(BLOCK, lanes);
  if (!canSwitch) return Array.from({ length: Math.ceil(WRITES_AT_FIXED / size) }, () => ({ quorum: null, writes: size }));
  const rounds = Math.ceil(WRITES_PER_QUORUM / size);
  return Array.from({ length: rounds }, () =>
    shuffled(quorumsToMeasure(followers), prng).map((quorum) => ({
      quorum,
      writes: quorum === followers ? Math.ceil(WRITES_AT_HIGHEST / rounds) : size,
    })),
  ).flat();
}

/** All of them up to five; of more the ends and the middle. */
export function quorumsToMeasure(followers: number): number[] {
  if (followers <= 5) return Array.from({ length: followers }, (_, index) => index + 1);
  return [1, 2, Math.ceil(followers / 2), followers - 1, followers];
}

export function shuffled<T>(items: readonly T[], prng: Prng): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(prng.int(left.length), 1));
  return order;
}

async function runBlock(subject: Subject, { quorum, writes }: Block): Promise<WatchedWrite[]> {
  if (quorum !== null) {
    const reply = await subject.setQuorum(quorum);
    if (reply?.outcome !== 'success') return [];
  }
  return inLanes(Array.from({ length: writes }), subject.pace.lanes, () => watchWrite(subject, quorum ?? subject.quorum));
}

async function findLost(subject: Subject, writes: readonly WatchedWrite[]): Promise<Mismatch[]> {
  subject.onDetail('waiting for what is still under way');
  const answered = writes.filter(({ answerMs }) => answerMs !== null);
  const lost = await Promise.all(
    subject.followers.map((peer, index) => {
      const missing = answered.filter(({ arrivals }) => arrivals[index]?.byMs === Infinity);
      return subject.mismatches(new Map(missing.map(({ key, value }) => [key, value])), [peer], subject.pace.settleMs);
    }),
  );
  return lost.flat();
}
