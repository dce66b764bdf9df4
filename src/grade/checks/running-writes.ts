import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';
import { isEarly } from '../judge/quorum-timing.ts';
import { isAnswered, kthAfter, kthBy } from '../judge/timed-write.ts';
import type { Subject } from '../subject.ts';
import { type WatchedWrite, watchWrite } from '../watch.ts';

const ATTEMPTS = 16;
const LEAST_TELLING = 5;
const LEAST_PROOFS = 2;

export const RUNNING_WRITES: Check = {
  id: 'running-writes',
  title: 'A write that is under way keeps the quorum that it began with',
  about: 'A client that was promised five copies must not be answered after one because somebody else turned the quorum down meanwhile.',
  needs: ['writes', 'two followers', 'switch'],
  run: async (ground) => {
    const { subject } = ground;
    const { diagnosis } = await ground.timing();
    if (diagnosis.kind !== 'at-quorum' && diagnosis.kind !== 'unclear')
      return unknown('Cannot be told as long as it is not clear when success comes: see at-quorum.');
    if (subject.followers.length < 3)
      return unknown(
        'It takes three followers to see it: one to show that the write began, one to answer after the switch, one to be missing.',
      );
    const attempts: Attempt[] = [];
    for (let index = 0; index < ATTEMPTS; index++) attempts.push(await attempt(subject));
    const { marginMs } = subject.pace;
    const all = subject.followers.length;
    const released = attempts.filter(({ write }) => isAnswered(write) && isEarly(write, all, marginMs));
    // Time for the switch, then an acknowledgement that could release the write, then the last follower clearly after it.
    const telling = attempts.filter(
      ({ write, switchedMs }) => switchedMs <= kthAfter(write, all - 1) && kthAfter(write, all) - kthBy(write, all - 1) >= 2 * marginMs,
    );
    const requests = released
      .slice(0, 2)
      .flatMap(({ write, request }) => [write.reply.exchange, request, ...write.reads.flatMap(({ last }) => last ?? [])]);
    if (released.length >= LEAST_PROOFS) {
      return failed(
        `${released.length} of ${attempts.length} writes that began at quorum ${all} were answered before all followers had them, because the quorum was set to 1 meanwhile.`,
        { requests },
      );
    }
    if (released.length > 0 || telling.length < LEAST_TELLING) {
      return unknown(
        `Cannot be told: in ${telling.length} of ${attempts.length} attempts the switch came in time and a follower clearly after it.`,
        { requests },
      );
    }
    return pass(
      `${telling.length} writes that began at quorum ${all} waited for all followers, though the quorum was set to 1 while they ran.`,
    );
  },
};

interface Attempt {
  readonly write: WatchedWrite;
  /** When the switch had been answered, since the write was sent. */
  readonly switchedMs: number;
  readonly request: WatchedWrite['reply']['exchange'];
}

/** The quorum is turned down when the first follower shows the write: then the write has begun for certain. */
async function attempt(subject: Subject): Promise<Attempt> {
  const all = subject.followers.length;
  await subject.setQuorum(all);
  const begun = Promise.withResolvers<void>();
  const watching = watchWrite(subject, all, begun.resolve).finally(begun.resolve);
  await begun.promise;
  const reply = await subject.setQuorum(1);
  const write = await watching;
  if (reply === null) throw new Error('the quorum cannot be set');
  return { write, switchedMs: reply.exchange.endMs - write.reply.exchange.sentMs, request: reply.exchange };
}
