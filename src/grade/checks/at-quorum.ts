import type { Check, Ground } from '../check.ts';
import { type Figures, type Finding, failed, pass, unknown } from '../finding.ts';
import { isEarly, quorumRows } from '../judge/quorum-timing.ts';
import { kthAfter } from '../judge/timed-write.ts';
import type { WatchedWrite } from '../watch.ts';

export const AT_QUORUM: Check = {
  id: 'at-quorum',
  title: 'Success comes when the quorum has the write, not before and not later',
  about:
    'Before, and the success promises copies that do not exist. Later, and the small quorum buys nothing: a leader that waits for everybody ' +
    'has the same latency at every quorum.',
  needs: ['writes', 'followers'],
  run: async (ground) => {
    const { subject } = ground;
    const { diagnosis, writes } = await ground.timing();
    const figures = tableOf(writes, subject.pace.marginMs);
    const followers = subject.followers.length;
    switch (diagnosis.kind) {
      case 'early': {
        const [example] = diagnosis.proofs as [WatchedWrite];
        return failed(
          `${diagnosis.proofs.length} of ${writes.length} writes were answered with success while a read, sent after that answer, still showed fewer ` +
            `followers with the value than the quorum asks for (at quorum ${example.quorum}, for one).`,
          { requests: diagnosis.proofs.slice(0, 2).flatMap((write) => earlyRequests(write, subject.pace.marginMs)), figures },
        );
      }
      case 'late': {
        const [example] = diagnosis.late as [WatchedWrite];
        const whom = diagnosis.waitsForAll ? `all ${followers} followers` : 'more followers than the quorum asks for';
        return failed(
          `Success waits for ${whom}: of ${diagnosis.of} writes in which another follower came clearly later than the quorum, ` +
            `${diagnosis.late.length} were answered only after that one. ${curveOf(figures)}`,
          { requests: lateRequests(example), figures },
        );
      }
      case 'slow-acks':
        return failed(
          `All followers show a write at once, and success comes ${diagnosis.medianLateMs.toFixed(0)} ms later: the delay is between a ` +
            'follower and its answer, or the leader is slow to look at the answers. The write was on its quorum long before.',
          { requests: diagnosis.examples.slice(0, 1).flatMap(lateRequests), figures },
        );
      case 'ignores-switch':
        return unknown(
          `Success comes when ${diagnosis.answersAt} of ${followers} followers have the write, whatever the quorum is set to: see quorum-switch.`,
          { figures },
        );
      case 'at-quorum':
        if (diagnosis.sure === 'both') {
          return pass(`Success came with the follower that makes the quorum full, neither before nor after it. ${curveOf(figures)}`, {
            figures,
          });
        }
        return unknown(
          `Never too early. Whether it would come too late cannot be told, because the quorum is all ${followers} followers: start the servers with a smaller one.`,
          { figures },
        );
      case 'unclear':
        return unclear(ground, diagnosis.why, figures);
    }
  },
};

function unclear({ subject }: Ground, why: string, figures: readonly Figures[]): Finding {
  if (subject.quorum !== null) {
    return unknown(`Cannot be told: ${why}; delays of some tens of milliseconds (0 to 100, say) make it visible.`, { figures });
  }
  const seen = figures[0]?.followers_at_answer;
  const hint = typeof seen === 'number' ? ` When success came, about ${seen} of ${subject.followers.length} followers had the write.` : '';
  return unknown(`Cannot be told: ${why}. Say it with --quorum.${hint}`, { figures });
}

/** Per quorum: how long success took, and how many followers had the write by then. */
export function tableOf(writes: readonly WatchedWrite[], marginMs: number): Figures[] {
  return quorumRows(writes, marginMs).map(({ quorum, writes: count, meanAnswerMs, meanRank, early }) => ({
    quorum,
    writes: count,
    mean_latency_ms: round(meanAnswerMs),
    followers_at_answer: round(meanRank),
    too_early: early,
  }));
}

function curveOf(figures: readonly Figures[]): string {
  const known = figures.filter(({ quorum }) => quorum !== null);
  if (known.length < 2) return '';
  return `Mean latency by quorum: ${known.map(({ quorum, mean_latency_ms: ms }) => `${quorum}: ${ms} ms`).join(', ')}.`;
}

/** The write, and of every follower that certainly lacked it a read that was sent after the success. */
function earlyRequests(write: WatchedWrite, marginMs: number) {
  const isProof = write.answerMs !== null && isEarly({ ...write, answerMs: write.answerMs }, write.quorum ?? 0, marginMs);
  const after = write.reply.exchange.endMs;
  return isProof ? [write.reply.exchange, ...write.reads.flatMap(({ last }) => (last !== null && last.sentMs > after ? [last] : []))] : [];
}

/** The write, and of every follower the first read that showed it. */
function lateRequests(write: WatchedWrite) {
  const isLate = write.answerMs !== null && write.answerMs >= kthAfter(write, 1);
  return isLate ? [write.reply.exchange, ...write.reads.flatMap(({ first }) => (first === null ? [] : [first]))] : [];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
