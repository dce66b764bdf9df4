/**
 * What a check is: a question in a student's words, and how it is answered. The list of them is all.ts; running them, with what they
 * need and what happens when a server dies, is grade.ts.
 */
import type { Finding } from './finding.ts';
import type { Outage } from './outage-record.ts';
import type { FirstLook } from './probe.ts';
import type { Restart } from './restart.ts';
import type { Subject } from './subject.ts';
import type { Timing } from './timing.ts';

/** What a check cannot do without; where it is missing the verdict is unknown, and says what is missing. */
export type Need = 'writes' | 'followers' | 'two followers' | 'switch' | 'remove' | 'control' | 'delay' | 'durable' | 'body';

export interface Check {
  /** Short, kebab-case, for --only and JSON. */
  readonly id: string;
  /** What a right implementation does. */
  readonly title: string;
  /** Why anybody should care. */
  readonly about: string;
  readonly needs: readonly Need[];
  readonly run: (ground: Ground) => Promise<Finding>;
}

/** The servers, and the measurements that checks share: each is made when the first check asks for it. */
export interface Ground {
  readonly subject: Subject;
  readonly look: FirstLook;
  timing(): Promise<Timing>;
  outage(): Promise<Outage>;
  restart(): Promise<Restart>;
}
