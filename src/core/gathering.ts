/**
 * What the fenced nodes hand over of the epoch that they reached: who has something to give, what came of it, and what is stored here.
 *
 * Not here: who is asked when (opening.ts), and the commit itself (candidacy.ts).
 * Invariant: a source counts as done only when everything up to its head is durable here; a page that came while others were being stored
 * is not in them.
 */
import type { ChangesAnswer, NodeId, StandingAnswer } from './peer.ts';
import type { IdempotencyEntry, KvRecord } from './record.ts';
import { isNewer, maxVersion, type Version } from './version.ts';

/** Of one node that was fenced and has something to give. */
interface Source {
  cursor: Version;
  isDone: boolean;
}

export class Gathering {
  readonly #fenced = new Map<NodeId, StandingAnswer>();
  readonly #sources = new Map<NodeId, Source>();
  #came: { node: NodeId; answer: ChangesAnswer }[] = [];
  /** What is being stored; what comes meanwhile is not in it. */
  #taken: { node: NodeId; answer: ChangesAnswer }[] = [];

  /** Of a new epoch: whoever was fenced for another one promised nothing for this. */
  begin(): void {
    this.#fenced.clear();
    this.#sources.clear();
    this.#came = [];
    this.#taken = [];
  }

  /** @param from what it has above this is to be had; null: it has nothing to give */
  fenced(node: NodeId, standing: StandingAnswer, from: Version | null): void {
    this.#fenced.set(node, standing);
    if (from !== null) this.#sources.set(node, { cursor: from, isDone: false });
  }

  came(node: NodeId, answer: ChangesAnswer): void {
    if (this.#sources.has(node)) this.#came.push({ node, answer });
  }

  /**
   * The rows that came since the last call, which are to be stored; then tell `stored` once they and the `entries` are durable.
   * @param reached the candidate's epoch: a row of a later one came by a leader whose lineage nobody here belongs to
   */
  take(reached: number): readonly KvRecord[] {
    this.#taken = this.#came;
    this.#came = [];
    const rows = this.#taken.flatMap(({ answer }) => answer.rows.filter(({ version }) => version.epoch <= reached));
    if (rows.length === 0 && this.entries(reached).length === 0) this.stored();
    return rows;
  }

  /** What came of `Idempotency-Key`s with what `take` answered, by the same rule. */
  entries(reached: number): readonly IdempotencyEntry[] {
    return this.#taken.flatMap(({ answer }) => (answer.page.entries ?? []).filter(({ version }) => version.epoch <= reached));
  }

  stored(): void {
    for (const { node, answer } of this.#taken) {
      const source = this.#sources.get(node);
      if (source === undefined) continue;
      source.cursor = maxVersion(source.cursor, answer.page.coversTo);
      source.isDone = !isNewer(answer.page.head, answer.page.coversTo);
    }
    this.#taken = [];
  }

  /** Everything that came is durable here. */
  get isStored(): boolean {
    return this.#came.length + this.#taken.length === 0;
  }

  /** Who promised the epoch, as it stood then. */
  get standings(): ReadonlyMap<NodeId, StandingAnswer> {
    return this.#fenced;
  }

  /** Of those, whoever has nothing left to give. */
  complete(): ReadonlyMap<NodeId, StandingAnswer> {
    return new Map([...this.#fenced].filter(([node]) => this.#sources.get(node)?.isDone !== false));
  }

  /** Up to where a fenced node's changes are here; null: it has no more to give. */
  cursorOf(node: NodeId): Version | null {
    const source = this.#sources.get(node);
    return source === undefined || source.isDone ? null : source.cursor;
  }

  /** Not fenced yet, or with something left to give. */
  isOwing(node: NodeId): boolean {
    return !this.#fenced.has(node) || this.cursorOf(node) !== null;
  }

  /** What it gave last is not stored yet, so that its cursor is not known. */
  isStoring(node: NodeId): boolean {
    return this.#came.some((each) => each.node === node) || this.#taken.some((each) => each.node === node);
  }
}
