/**
 * What the environment of a lab's program says, as data beside the lab's dialect: the names of its variables, their form and unit, its defaults.
 *
 * Not here: how one is recognised (recognise.ts), and what becomes of it (environment.ts).
 */
export interface LabEnvironment {
  /** The dialect's name. */
  readonly name: string;
  /** `true` or `false`; `leader` or `follower`. null: the lab has a program per role, and a node that is told of followers leads. */
  readonly role: 'IS_LEADER' | 'NODE_TYPE' | 'ROLE' | null;
  /** The variables that may tell the followers, one at a time: `host:port,…`, `URL,…`, or a JSON list of URLs. */
  readonly followers: Readonly<Record<string, 'hosts' | 'urls' | 'json'>>;
  /** URLs, where none are told: followers that the lab's program has built in. */
  readonly fixedFollowers: readonly string[];
  /** null: the lab has no simulated delay. */
  readonly delay: LabDelay | null;
  /** Default of WRITE_QUORUM; fewer where there are not so many followers. */
  readonly quorum: number;
  /** Default of PORT. */
  readonly port: number;
  readonly store: 'memory' | 'sqlite';
}

export interface LabDelay {
  /** The variables' names. */
  readonly min: string;
  readonly max: string;
  readonly unit: 'whole ms' | 'ms' | 's';
  /** Defaults of min and max, as they would be given. */
  readonly otherwise: readonly [min: string, max: string];
}
