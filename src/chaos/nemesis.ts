/**
 * Carries out the schedule on real processes, each fault from its beginning to its end, and keeps what became of it.
 *
 * Faults overlap. Starting again takes as long as it takes, so what was planned apart may meet: then a fault waits, and in the end is left
 * out, rather than taking away more nodes than the schedule allows (absences.ts).
 * Not here: how a fault is done, and by what its effect is seen (fault-effects.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Absences } from './absences.ts';
import type { ChaosCluster } from './cluster.ts';
import { aimOf, type Deed, deedOf } from './deed.ts';
import { FaultEffects } from './fault-effects.ts';
import { type Episode, type Fault, type Schedule, victimsOf } from './plan.ts';

export interface NemesisOptions {
  readonly cluster: ChaosCluster;
  readonly schedule: Schedule;
  /** ms since the load began. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly onDeed: (kind: string, text: string) => void;
}

/** A fault that cannot be done yet waits so long. */
const PATIENCE_MS = 2_000;
const POLL_MS = 20;

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #absences: Absences;
  readonly #effects: FaultEffects;
  /** In the order in which they ended. */
  readonly deeds: Deed[] = [];

  /** Remembers the settings that it will put back. */
  static async begin(options: NemesisOptions): Promise<Nemesis> {
    const absences = new Absences(options.schedule.maxAway);
    return new Nemesis(options, absences, await FaultEffects.prepare({ ...options, absences }));
  }

  private constructor(options: NemesisOptions, absences: Absences, effects: FaultEffects) {
    this.#options = options;
    this.#absences = absences;
    this.#effects = effects;
  }

  /** Returns at `forMs`, or later, when every fault has ended; what it did is in `deeds` by then. Throws if a node did not come back. */
  async run(forMs: number): Promise<void> {
    const played = await Promise.allSettled(this.#options.schedule.episodes.map((episode) => this.#play(episode)));
    if (this.#options.signal.aborted) return;
    const broken = played.find((each) => each.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
    await this.#sleepUntil(forMs).catch(() => undefined);
  }

  /** Everybody runs and hears everybody, nothing is lost or delayed more than at first, and the quorum is the run's own. */
  heal(): Promise<void> {
    return this.#effects.heal();
  }

  async #play(episode: Episode): Promise<void> {
    const { fault, atMs, forMs } = episode;
    const victims = victimsOf(fault);
    await this.#sleepUntil(atMs);
    const leader = this.#options.cluster.leader.id;
    const obstacle = await this.#untilPossible(fault, atMs + PATIENCE_MS);
    if (obstacle !== null) {
      this.deeds.push(deedOf(episode, leader, null, null, obstacle, false));
      return;
    }
    this.#absences.take(victims);
    let beganMs: number | null = null;
    let seen: string | null = null;
    try {
      seen = await this.#effects.begin(fault);
      beganMs = this.#tell(fault.kind, aimOf(fault));
      await this.#effects.hold(fault, beganMs + forMs);
      seen = (await this.#effects.end(fault)) ?? seen;
      const endedMs = this.#tell(ENDING[fault.kind], fault.kind === 'clock' ? fault.node : victims.join(', '));
      this.deeds.push(deedOf(episode, leader, beganMs, endedMs, seen ?? NOTHING, seen !== null));
    } catch (error) {
      const why = this.#options.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error);
      this.deeds.push(deedOf(episode, leader, beganMs, null, seen ?? why, seen !== null));
      throw error;
    } finally {
      this.#absences.give(victims);
    }
  }

  /** What is in its way for so long that it is left out; null: nothing any more. */
  async #untilPossible(fault: Fault, deadlineMs: number): Promise<string | null> {
    for (;;) {
      const obstacle = this.#absences.obstacleTo(fault, this.#options.cluster.leader.id, this.#effects.isClockOff);
      if (obstacle === null || this.#options.nowMs() > deadlineMs) return obstacle;
      await delay(POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  #tell(kind: string, text: string): number {
    this.#options.onDeed(kind, text);
    return this.#options.nowMs();
  }

  async #sleepUntil(atMs: number): Promise<void> {
    const { nowMs, signal } = this.#options;
    await delay(Math.max(0, atMs - nowMs()), undefined, { signal });
  }
}

const NOTHING = 'no effect was seen';
const ENDING = {
  kill: 'restart',
  pause: 'resume',
  partition: 'heal',
  'one-way': 'heal',
  promote: 'leads',
  disk: 'disk-mended',
  clock: 'clock-back',
  restart: 'restarted',
  quorum: 'quorum-back',
  network: 'network-back',
} as const satisfies Record<Fault['kind'], string>;
