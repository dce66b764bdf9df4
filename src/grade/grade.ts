/**
 * Runs checks one after the other against one subject. A check whose needs are not met is unknown and says what is missing; one that
 * leaves a server dead has failed, and those after it are unknown.
 */
import type { Ms } from '../lib/units.ts';
import { CHECKS } from './all.ts';
import type { Check, Ground, Need } from './check.ts';
import { hasBody } from './checks/odd-bodies.ts';
import { type Finding, failed, unknown } from './finding.ts';
import { causeOutage } from './outage.ts';
import type { Outage } from './outage-record.ts';
import { type FirstLook, writeRouteMissing } from './probe.ts';
import { type Restart, restartAll } from './restart.ts';
import type { Subject } from './subject.ts';
import type { Peer } from './target.ts';
import { measureTiming, type Timing } from './timing.ts';

export interface CheckResult extends Finding {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly tookMs: Ms;
}

/** Whoever does not answer for so long is taken for dead. */
const PULSE_MS = 6_000;

export class Grader implements Ground {
  readonly subject: Subject;
  readonly look: FirstLook;
  /** Why nothing more can be told; null as long as everybody answers. */
  #ended: string | null = null;
  #timing: Promise<Timing> | null = null;
  #outage: Promise<Outage> | null = null;
  #restart: Promise<Restart> | null = null;

  constructor(subject: Subject, look: FirstLook) {
    this.subject = subject;
    this.look = look;
  }

  timing(): Promise<Timing> {
    this.#timing ??= measureTiming(this.subject, this.look);
    return this.#timing;
  }

  outage(): Promise<Outage> {
    this.#outage ??= causeOutage(this.subject, this.look);
    return this.#outage;
  }

  restart(): Promise<Restart> {
    this.#restart ??= restartAll(this.subject);
    return this.#restart;
  }

  /** Rejects only when the signal is aborted, or for a bug of ours. */
  async run(check: Check): Promise<CheckResult> {
    const startMs = performance.now();
    const finding = await this.#find(check);
    const { id, title, about } = check;
    return { id, title, about, ...finding, tookMs: performance.now() - startMs };
  }

  async #find(check: Check): Promise<Finding> {
    if (this.#ended !== null) return unknown(this.#ended);
    const missing = check.needs.map((need) => missingFor(need, this)).find((why) => why !== null);
    if (missing !== undefined && missing !== null)
      return unknown(missing, {
        requests: this.look.switched === null || !check.needs.includes('switch') ? [] : [this.look.switched.exchange],
      });
    const finding = await check.run(this);
    const silent = await this.#silent();
    if (silent.length === 0) return finding;
    const names = silent.map(({ name }) => name).join(', ');
    this.#ended = `Cannot be told: ${names} stopped answering during the check ${check.id}.`;
    // Whom this run stopped and could not start again is no verdict on the servers.
    if (silent.every(({ name }) => this.subject.stopped.has(name))) return finding;
    const why = `${names} stopped answering during this check, and did not answer again for ${PULSE_MS / 1000} s.`;
    return finding.verdict === 'fail' ? { ...finding, why: `${finding.why} ${why}` } : failed(why, finding);
  }

  /** Of those who answered at the beginning. */
  async #silent(): Promise<Peer[]> {
    const { subject, look } = this;
    const peers = subject.peers.filter((peer) => !look.silent.includes(peer));
    const answers = await Promise.all(peers.map((peer) => subject.answers(peer, true, PULSE_MS)));
    return peers.filter((_, index) => answers[index] === null);
  }
}

/** The checks of these names, in their own order; all without names. */
export function chosenChecks(ids: readonly string[] | null): readonly Check[] {
  return ids === null ? CHECKS : CHECKS.filter(({ id }) => ids.includes(id));
}

/** What it would take, or null if it is there. */
export function missingFor(need: Need, { subject, look }: Pick<Ground, 'subject' | 'look'>): string | null {
  const { followers, target, api } = subject;
  switch (need) {
    case 'writes':
      return writeRouteMissing(look);
    case 'followers':
    case 'two followers':
      if (look.silent.length > 0)
        return `Cannot be told: ${look.silent.map(({ name, url }) => `${name} does not answer at ${url}`).join(', ')}.`;
      if (followers.length === 0) return 'Cannot be told: no follower was given (--follower URL).';
      return need === 'two followers' && followers.length < 2 ? 'Cannot be told: it takes two followers to see a difference.' : null;
    case 'switch':
      if (!subject.canSwitch) return 'Cannot be told: the dialect has no call that sets the quorum.';
      return look.canSwitch
        ? null
        : `Cannot be told: the leader did not set the quorum, it answered ${look.switched?.exchange.status ?? look.switched?.exchange.answer}.`;
    case 'remove':
      return api.dialect.remove === undefined ? 'Cannot be told: the dialect has no call that deletes a key.' : null;
    case 'body':
      return hasBody(api.dialect.write.body) ? null : 'Does not apply: the dialect has no value in the body of a write.';
    case 'control':
      return subject.control === null
        ? 'Cannot be told: it takes nodes that can be stopped and started (--stop-cmd and --start-cmd, or --compose).'
        : null;
    case 'delay':
      return target.delay === null ? 'Not stated: say the delays with --delay, like --delay 0-100.' : null;
    case 'durable':
      return target.isDurable ? null : 'Not promised: say with --durable that data survive a restart of all nodes.';
  }
}
