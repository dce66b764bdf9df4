/**
 * One outage, from which four checks are judged: followers are stopped, first so many that the quorum can still be met, then one more;
 * what the leader says meanwhile is kept, and what every replica shows when all are back (outage-record.ts). Nothing is judged here.
 *
 * Invariant: what was stopped is started again on every way out, also when somebody presses Ctrl-C.
 */
import type { Ms } from '../lib/units.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Reading, Reply } from './api.ts';
import { type OutagePlan, planOutage } from './outage-plan.ts';
import type { Attempt, DoubtfulKey, Outage, Return } from './outage-record.ts';
import type { FirstLook } from './probe.ts';
import { type Expected, inLanes, type Mismatch, type Subject } from './subject.ts';
import type { Peer } from './target.ts';
import { shuffled } from './timing.ts';

const KEPT_KEYS = 4;
const MISSED_KEYS = 8;
const REWRITTEN_KEYS = 4;
const DELETED_KEYS = 3;
/** The first alone: a server that gives up on its quorum after one timeout would answer the next ones with success. */
const UNMET_WRITES = 3;
const DOWN_MS = 20_000;
const UP_MS = 60_000;
/** A follower that comes back is caught up within seconds by whoever has that at all; some look around only every ten. */
const CATCH_UP_MS = 15_000;
const NEXT_WRITE_MS = 5_000;

export async function causeOutage(subject: Subject, look: FirstLook): Promise<Outage> {
  const { control, followers } = subject;
  if (control === null) throw new Error('nothing can be stopped');
  const plan = planOutage(followers.length, subject.target.quorum, look.canSwitch);
  const chosen = shuffled(followers, subject.prng.fork('outage')).slice(0, plan.first + plan.more);
  const course = new Course(subject, plan, chosen, look.canSwitch);
  try {
    return await course.run();
  } catch (error) {
    if (!(error instanceof KvctlError)) throw error;
    return { ...course.soFar(), trouble: error.message };
  } finally {
    await course.putBack();
  }
}

class Course {
  readonly #subject: Subject;
  readonly #plan: OutagePlan;
  readonly #chosen: readonly Peer[];
  readonly #canSwitch: boolean;
  /** Stopped and not started again. */
  #down: Peer[] = [];
  #met: Attempt | null = null;
  #unmet: Attempt | null = null;
  #doubtful: DoubtfulKey[] = [];
  #return: Return | null = null;

  constructor(subject: Subject, plan: OutagePlan, chosen: readonly Peer[], canSwitch: boolean) {
    this.#canSwitch = canSwitch;
    this.#subject = subject;
    this.#plan = plan;
    this.#chosen = chosen;
  }

  async run(): Promise<Outage> {
    const { followers } = this.#subject;
    const { first, met, unmet } = this.#plan;
    const kept = this.#keys('kept', KEPT_KEYS);
    const rewritten = this.#keys('rewritten', REWRITTEN_KEYS);
    const deleted = this.#subject.api.dialect.remove === undefined ? [] : this.#keys('deleted', DELETED_KEYS);
    const doubted = this.#subject.key('doubtful');
    await this.#subject.useQuorum(followers.length);
    const before = await this.#write([...kept, ...rewritten, ...deleted, doubted]);
    await this.#subject.mismatches(before, followers, this.#subject.pace.settleMs);

    // While all are up: some leaders need a majority to take a lower quorum.
    if (met !== null) await this.#setQuorum(met);
    await this.#stop(this.#chosen.slice(0, first));
    const written =
      met === null ? new Map<string, unknown>() : await this.#whileMet(met, [...this.#keys('missed', MISSED_KEYS), ...rewritten]);
    const deletes = met === null ? [] : await inLanes(deleted, 4, (key) => this.#subject.api.remove(this.#subject.leader, key));

    await this.#stop(this.#chosen.slice(first));
    const doubtful = await this.#whileUnmet(unmet, doubted, before.get(doubted) ?? null);

    const startedMs = performance.now();
    await this.#startAll();
    await this.#subject.useQuorum(met ?? followers.length);
    const gone = new Map(deleted.filter((_, index) => deletes[index]?.outcome === 'success').map((key) => [key, null]));
    const had = new Map(kept.map((key) => [key, before.get(key)]));
    if (written.size > 0) this.#return = await this.#watchReturn({ written, had, gone, deletes }, startedMs);
    this.#doubtful = await this.#settleDoubts(doubtful);
    return this.soFar();
  }

  soFar(): Outage {
    return { trouble: null, stopped: this.#chosen, met: this.#met, unmet: this.#unmet, doubtful: this.#doubtful, return: this.#return };
  }

  async putBack(): Promise<void> {
    if (this.#down.length > 0) await this.#subject.control?.start(this.#down);
    this.#down = [];
  }

  async #whileMet(quorum: number, keys: readonly string[]): Promise<Expected> {
    this.#subject.onDetail('writing while followers are down and the quorum can be met');
    const replies: Reply[] = [];
    const written = await this.#write(keys, replies);
    this.#met = { quorum, alive: this.#alive, replies };
    return written;
  }

  async #whileUnmet(quorum: number | null, doubted: string, before: unknown): Promise<Omit<DoubtfulKey, 'atLeader' | 'atFollowers'>[]> {
    const { api, leader } = this.#subject;
    if (quorum === null && this.#alive > 0) return [];
    this.#subject.onDetail('writing while the quorum cannot be met');
    if (quorum !== null) await this.#setQuorum(quorum);
    const attempt = async (key: string, was: unknown) => {
      const tried = this.#subject.value();
      const reply = await api.write(leader, key, tried);
      return { key, before: was, tried, reply, rightAfter: await api.read(leader, key) };
    };
    const first = await attempt(doubted, before);
    const more = await Promise.all(this.#keys('doubtful', UNMET_WRITES - 1).map((key) => attempt(key, null)));
    const all = [first, ...more];
    this.#unmet = { quorum, alive: this.#alive, replies: all.map(({ reply }) => reply) };
    return all;
  }

  async #watchReturn(
    what: { written: Expected; had: Expected; gone: Expected; deletes: readonly Reply[] },
    startedMs: Ms,
  ): Promise<Return> {
    const { written, had, gone, deletes } = what;
    this.#subject.onDetail('waiting until the followers have caught up');
    const all = new Map([...written, ...had, ...gone]);
    const lacking = await this.#subject.mismatches(all, this.#chosen, CATCH_UP_MS);
    const waitedMs = performance.now() - startedMs;
    const of = (expected: Expected, found: readonly Mismatch[]) => found.filter(({ key }) => expected.has(key));
    const missed = of(written, lacking);
    return {
      tookMs: lacking.length === 0 ? waitedMs : null,
      waitedMs,
      missed,
      forgotten: of(had, lacking),
      undeleted: of(gone, lacking),
      deletes,
      counts: { missed: written.size, kept: had.size, deleted: gone.size },
      afterNextWrite: missed.length === 0 ? null : await this.#nextWrite(written),
    };
  }

  /** Some leaders send a follower what it missed only along with the next write. */
  async #nextWrite(written: Expected): Promise<NonNullable<Return['afterNextWrite']>> {
    const next = await this.#write([this.#subject.key('next')]);
    const arrived = (await this.#subject.mismatches(next, this.#chosen, NEXT_WRITE_MS)).length === 0;
    return { missed: await this.#subject.mismatches(written, this.#chosen, NEXT_WRITE_MS), arrived };
  }

  /** Waits until leader and followers agree, or for as long as replication may take. */
  async #settleDoubts(doubtful: readonly Omit<DoubtfulKey, 'atLeader' | 'atFollowers'>[]): Promise<DoubtfulKey[]> {
    const { api, leader, followers, pace } = this.#subject;
    const stayed = followers.filter((peer) => !this.#chosen.includes(peer));
    return Promise.all(
      doubtful.map(async (item) => {
        let last: DoubtfulKey | null = null;
        await this.#subject.until(pace.settleMs, async () => {
          const atLeader = await api.read(leader, item.key);
          const atFollowers = await Promise.all(stayed.map(async (peer) => ({ peer, reading: await api.read(peer, item.key) })));
          last = { ...item, atLeader, atFollowers };
          return atFollowers.every(({ reading }) => isSame(reading, atLeader)) ? true : null;
        });
        return last as unknown as DoubtfulKey;
      }),
    );
  }

  async #stop(peers: readonly Peer[]): Promise<void> {
    if (peers.length === 0) return;
    this.#subject.onDetail(`stopping ${peers.map(({ name }) => name).join(', ')}`);
    this.#down.push(...peers);
    for (const { name } of peers) this.#subject.stopped.add(name);
    await this.#subject.control?.stop(peers);
    for (const peer of peers) {
      if ((await this.#subject.answers(peer, false, DOWN_MS)) === null) {
        throw new KvctlError('node_failed', `expected ${peer.name} to be down after it was stopped, got an answer from ${peer.url}`);
      }
    }
  }

  async #startAll(): Promise<void> {
    const peers = this.#down;
    this.#subject.onDetail(`starting ${peers.map(({ name }) => name).join(', ')}`);
    await this.putBack();
    for (const peer of peers) {
      if ((await this.#subject.answers(peer, true, UP_MS)) === null) {
        throw new KvctlError(
          'node_failed',
          `expected ${peer.name} to answer at ${peer.url} after it was started, got nothing for ${UP_MS / 1000} s`,
        );
      }
    }
  }

  async #setQuorum(quorum: number): Promise<void> {
    if (!this.#canSwitch || (await this.#subject.useQuorum(quorum))) return;
    throw new KvctlError('node_failed', `expected the leader to set the quorum to ${quorum}, got a refusal`);
  }

  get #alive(): number {
    return this.#subject.followers.length - this.#down.length;
  }

  #keys(label: string, count: number): string[] {
    return Array.from({ length: count }, () => this.#subject.key(label));
  }

  /** What was answered with success, by key. */
  async #write(keys: readonly string[], replies: Reply[] = []): Promise<Map<string, unknown>> {
    const written = new Map<string, unknown>();
    await inLanes(keys, 4, async (key) => {
      const value = this.#subject.value();
      const reply = await this.#subject.api.write(this.#subject.leader, key, value);
      replies.push(reply);
      if (reply.outcome === 'success') written.set(key, value);
    });
    return written;
  }
}

export function isSame(a: Reading, b: Reading): boolean {
  return a.outcome === b.outcome && JSON.stringify(a.value) === JSON.stringify(b.value);
}
