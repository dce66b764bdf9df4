/**
 * An HTTP dialect: how somebody's key-value store spells the calls that every one of them has. Plain data that JSON or YAML
 * can hold, so that one description serves three readers: the node that answers in it, the grader that drives somebody else's
 * implementation by it, and the mapping file that a user writes for an API of their own.
 *
 * Not here: the meaning of a call, which is ours in every dialect; parsing, matching and rendering (template.ts).
 * Invariant: a dialect says everything about a call's spelling and nothing about replication.
 */

/**
 * JSON with placeholders. A string that is exactly `{name}` stands for the value itself, of whatever type it has; inside a
 * longer string (`key {key} not found`) for its text. Anything else stands for itself. As an expectation of somebody's request
 * or answer only the members that are named count: more may be there.
 */
export type Template = string | number | boolean | null | readonly Template[] | { readonly [name: string]: Template };

/**
 * What a placeholder may stand for. Requests: `key`, `value`, `quorum`. Answers: these and
 * `acks` and `required` (follower acks reached and needed), `version`, `node` and `role` (of who answers), `leader` (public URL, or
 * null), `message` (a sentence), `data` (the whole store, as one object of values by key).
 */
export const PLACEHOLDERS = ['key', 'value', 'quorum', 'acks', 'required', 'version', 'node', 'role', 'leader', 'message', 'data'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

export interface Answer {
  /** HTTP status, 200 to 599. */
  readonly status: number;
  /** null: nothing is promised of the body. A node of ours then answers as it does natively. */
  readonly body: Template | null;
}

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /**
   * `/kv/{key}`; a placeholder is one whole segment, percent-encoded. Begins with `/`, has no query. A node of ours lets the last
   * placeholder take the rest of the path, slashes and all, as its native calls do.
   */
  readonly path: string;
  /** By parameter: `{ key: '{key}' }`. */
  readonly query?: Readonly<Record<string, string>>;
  /** JSON body of the request; absent: none. */
  readonly body?: Template;
  /** The call did what it says. */
  readonly ok: Answer;
  // The refusals that the API promises. One that is absent promises nothing but a status of 400 or more; a node of ours spells it
  // by `errorBody`, with the status that the reason has natively (403, 503, 404).
  /** Refused because this node does not lead. */
  readonly notLeader?: Answer;
  /** Too few followers acked in time. */
  readonly quorumNotMet?: Answer;
  /** The key has no value. */
  readonly keyNotFound?: Answer;
}

export interface Dialect {
  readonly name: string;
  /** One line for people: whose API this is. */
  readonly title: string;
  readonly write: Call;
  readonly read: Call;
  /** Absent: the API has no such call, and what depends on it cannot be told. */
  readonly remove?: Call;
  /** Every key and value of one node. */
  readonly dump?: Call;
  /** Where `dump` exists only on some nodes. */
  readonly dumpOn?: 'all' | 'followers';
  readonly health?: Call;
  /** Switches the write quorum while it runs, on the leader. */
  readonly setQuorum?: Call;
  /** How every other refusal is spelt, with the status of the reason (400, 404, 503, …): a body with `{message}`. */
  readonly errorBody: Template;
}
