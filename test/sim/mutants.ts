/**
 * Deliberately broken cores: each mutant replaces a method of the running program by one with a mistake that somebody could make, and puts it back.
 * A simulator that does not catch all of them would not catch the next real mistake either.
 */
import { Backlog } from '../../src/core/backlog.ts';
import { Follower } from '../../src/core/follower.ts';
import { Leader } from '../../src/core/leader.ts';
import { Link } from '../../src/core/link.ts';
import type { AskedOnce, Effect, Input, PutInput } from '../../src/core/message.ts';
import { Network } from '../../src/core/network.ts';
import { Opening } from '../../src/core/opening.ts';
import type { PeerAnswer, ReplicateAnswer, ReplicateRequest } from '../../src/core/peer.ts';
import { AckSet } from '../../src/core/quorum.ts';
import { QuorumSetting } from '../../src/core/quorum-setting.ts';
import type { HardState, KvRecord } from '../../src/core/record.ts';
import { Recovery } from '../../src/core/recovery.ts';
import { Replica } from '../../src/core/replica.ts';
import { Retries } from '../../src/core/retries.ts';
import { SeqWindow } from '../../src/core/seq-window.ts';
import type { Version } from '../../src/core/version.ts';
import { Watermark } from '../../src/core/watermark.ts';
import { type Write, Writes } from '../../src/core/writes.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import type { Page } from '../../src/store/store.ts';

export interface Mutant {
  /** What is broken, as one would say it in a review. */
  readonly name: string;
  /** Where the search begins, for what only one seed of thousands shows; otherwise 1. */
  readonly seed?: number;
  /** Breaks it; the answer repairs it. */
  readonly apply: () => () => void;
}

// biome-ignore lint/suspicious/noExplicitAny: methods of any class are exchanged here
type Method = (this: any, ...args: any[]) => any;

/** Replaces a method or getter by one made from the right one. */
export function patch(prototype: object, name: string, make: (right: Method) => Method): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined) throw new Error(`expected a member ${name} to break`);
  const isGetter = descriptor.get !== undefined;
  const broken = make((isGetter ? descriptor.get : descriptor.value) as Method);
  Object.defineProperty(prototype, name, { ...descriptor, ...(isGetter ? { get: broken } : { value: broken }) });
  return () => Object.defineProperty(prototype, name, descriptor);
}

/** The search begins there. */
export function from(seed: number, rare: Mutant): Mutant {
  return { ...rare, seed };
}

export function mutant(name: string, prototype: object, member: string, make: (right: Method) => Method): Mutant {
  return { name, apply: () => patch(prototype, member, make) };
}

/** Changes what leaves a replica. */
export function effects(name: string, change: (effect: Effect, replica: Replica) => Effect): Mutant {
  return mutant(
    name,
    Replica.prototype,
    'step',
    (right) =>
      function (now: number, input: Input) {
        return (right.call(this, now, input) as Effect[]).map((effect) => change(effect, this));
      },
  );
}

/** Changes what a replica answers another. */
function answers(name: string, change: (answer: PeerAnswer, replica: Replica) => PeerAnswer): Mutant {
  return effects(name, (effect, replica) => (effect.t === 'respond' ? { ...effect, message: change(effect.message, replica) } : effect));
}

/** What the disk was asked for counts as durable at once, where `when` says so. */
function early(name: string, kind: 'persist' | 'saveHard', when: (replica: Replica) => boolean): Mutant {
  const done = new WeakMap<Replica, Set<number>>();
  return mutant(
    name,
    Replica.prototype,
    'step',
    (right) =>
      function (now: number, input: Input): Effect[] {
        const tokens = done.get(this) ?? new Set();
        done.set(this, tokens);
        if ((input.t === 'persisted' || input.t === 'hardSaved') && tokens.delete(input.token)) return [];
        const out: Effect[] = [];
        for (const effect of right.call(this, now, input) as Effect[]) {
          out.push(effect);
          if (effect.t !== kind || !when(this)) continue;
          tokens.add(effect.token);
          const heard: Input =
            effect.t === 'persist' ? { t: 'persisted', token: effect.token, previous: new Map() } : { t: 'hardSaved', token: effect.token };
          out.push(...(right.call(this, now, heard) as Effect[]));
        }
        return out;
      },
  );
}

/** Changes what a write that is named by its client is asked with. */
function named(name: string, change: (once: AskedOnce, replica: Replica) => AskedOnce): Mutant {
  return mutant(
    name,
    Replica.prototype,
    'step',
    (right) =>
      function (now: number, input: Input) {
        if (input.t !== 'put' || input.idempotency === undefined) return right.call(this, now, input);
        return right.call(this, now, { ...input, idempotency: change(input.idempotency, this as Replica) });
      },
  );
}

const MEMORY_STORE = Object.getPrototypeOf(openMemoryStore()) as object;

export const MUTANTS: readonly Mutant[] = [
  mutant(
    'success at one ack less than needed',
    Writes.prototype,
    'isCommitted',
    () => (write: Write) => write.storedAt !== null && write.acks.count >= write.record.need - 1,
  ),
  {
    name: 'an ack that comes twice counts twice',
    apply: () => {
      const more = new WeakMap<AckSet, number>();
      const undo = [
        patch(
          AckSet.prototype,
          'add',
          (right) =>
            function (follower: number) {
              if (!right.call(this, follower)) more.set(this, (more.get(this) ?? 0) + 1);
              return true;
            },
        ),
        patch(
          AckSet.prototype,
          'count',
          (right) =>
            function () {
              return right.call(this) + (more.get(this) ?? 0);
            },
        ),
      ];
      return () => {
        for (const each of undo) each();
      };
    },
  },
  early('the leader answers before its own store is durable', 'persist', (replica) => replica.leader !== null),
  early('a follower acks before its store is durable', 'persist', (replica) => replica.leader === null),
  early('a promise is answered before it is durable', 'saveHard', () => true),
  mutant("the watermark moves to the head of a scan's first page", Watermark.prototype, 'page', (right) => {
    const firsts = new WeakMap<Watermark, { head: Version; from: Version }>();
    return function (page) {
      const first = firsts.get(this);
      const isSame = first !== undefined && first.from === this.watermark;
      if (!isSame) firsts.set(this, { head: page.head, from: this.watermark });
      right.call(this, { ...page, head: isSame ? first.head : page.head });
    };
  }),
  mutant(
    'the watermark is the cursor',
    Watermark.prototype,
    'page',
    (right) =>
      function (page) {
        right.call(this, { ...page, head: page.coversTo });
      },
  ),
  mutant(
    'the watermark skips a hole of one',
    SeqWindow.prototype,
    'contiguousFrom',
    (right) =>
      function (end: number) {
        const reached = right.call(this, end);
        const beyond = right.call(this, reached + 1);
        return beyond > reached + 1 ? beyond : reached;
      },
  ),
  mutant(
    'a follower drops what is just above its watermark',
    Watermark.prototype,
    'covers',
    (right) =>
      function (version: Version) {
        return right.call(this, { ...version, seq: version.seq - 1 });
      },
  ),
  mutant(
    'the leader takes the cursor for the watermark',
    Leader.prototype,
    'answered',
    (right) =>
      function (link, request, answer: ReplicateAnswer, now) {
        right.call(this, link, request, { ...answer, watermark: answer.cursor }, now);
      },
  ),
  mutant(
    'the ack of a stream record is lent to older versions',
    Link.prototype,
    'answered',
    (right) =>
      function (...args) {
        const sent = right.apply(this, args);
        const page = { since: { epoch: 0, seq: 0 }, coversTo: { epoch: 0, seq: 0 }, head: { epoch: 0, seq: 0 } };
        return sent === null ? null : { ...sent, page };
      },
  ),
  mutant(
    'a page does not wait for what is not due',
    Backlog.prototype,
    'release',
    (right) =>
      function (_now: number, durable: Version) {
        right.call(this, Number.POSITIVE_INFINITY, durable);
      },
  ),
  mutant(
    'one delay is drawn for all followers',
    Network.prototype,
    'drawDelays',
    (right) =>
      function (followers) {
        const delays = right.call(this, followers) as Float64Array;
        return delays.fill(delays[0] ?? 0);
      },
  ),
  mutant(
    'the delay is drawn anew after each partition',
    Network.prototype,
    'drawDelays',
    (right) =>
      function (followers) {
        right.call(this, followers);
        return right.call(this, followers);
      },
  ),
  mutant('a lost record is not sent again', Network.prototype, 'drawAgain', () => () => 1e12),
  {
    name: 'a follower that failed is never tried again',
    apply: () => {
      const isLost = (link: Link) => !link.isUp && link.answeredAt !== null;
      const undo = [
        patch(
          Link.prototype,
          'pump',
          (right) =>
            function (now, durable) {
              if (!isLost(this)) right.call(this, now, durable);
            },
        ),
        patch(
          Link.prototype,
          'wakeAt',
          (right) =>
            function (now) {
              return isLost(this) ? Number.POSITIVE_INFINITY : right.call(this, now);
            },
        ),
      ];
      return () => {
        for (const each of undo) each();
      };
    },
  },
  mutant(
    'another incarnation is not forgotten',
    Link.prototype,
    'reset',
    () =>
      function (request: number, now: number) {
        this.failed(request, now);
      },
  ),
  mutant(
    'a read sees what is pending',
    Writes.prototype,
    'committed',
    () => (_key: string, then: (record: undefined) => void) => then(undefined),
  ),
  mutant(
    'everything accepted is told as committed',
    Leader.prototype,
    'committedThrough',
    () =>
      function () {
        return this.head;
      },
  ),
  mutant(
    'an epoch opens without being installed',
    Leader.prototype,
    'installedOn',
    () =>
      function () {
        return ['n1', ...this.links.map((link: Link) => link.node)];
      },
  ),
  mutant(
    'a restarted leader goes on in its old epoch',
    Opening.prototype,
    'promise',
    (right) =>
      function () {
        const state = right.call(this) as HardState | null;
        return state === null || state.ledEpoch === 0 ? state : { ...state, promisedEpoch: state.promisedEpoch - 1 };
      },
  ),
  answers('acks count before the epoch is reached', (answer) =>
    answer.t === 'replicated' && !answer.isBlank ? { ...answer, isCounted: true } : answer,
  ),
  answers('a quorum is counted with blank nodes', (answer) =>
    answer.t === 'replicated' ? { ...answer, isBlank: false, isCounted: true } : answer,
  ),
  mutant(
    'a blank node does not stay blank',
    Follower.prototype,
    'takeOver',
    (right) =>
      function (state: HardState) {
        right.call(this, { ...state, blank: false });
      },
  ),
  mutant(
    'a blank node takes over the lowest promise',
    Recovery.prototype,
    'answered',
    (right) =>
      function (...args) {
        const state = right.apply(this, args) as HardState | null;
        return state === null ? null : { ...state, promisedEpoch: 1, promisedTo: 'n1' };
      },
  ),
  mutant(
    'seq is compared without epoch: old epochs are followed',
    Replica.prototype,
    'step',
    (right) =>
      function (now, input: Input) {
        const hard = (this as Replica).follower.hard;
        if (input.t !== 'request' || input.message.t !== 'replicate' || hard === null) return right.call(this, now, input);
        const message = { ...input.message, epoch: Math.max(input.message.epoch, hard.promisedEpoch) };
        return right.call(this, now, { ...input, message });
      },
  ),
  mutant(
    'k_min is forgotten',
    Leader.prototype,
    'kMin',
    () =>
      function () {
        return this.quorum;
      },
  ),
  mutant(
    'a lower quorum takes effect before a majority recorded it',
    QuorumSetting.prototype,
    'set',
    (right) =>
      function (id, quorum, _isForced, now) {
        right.call(this, id, quorum, true, now);
      },
  ),
  mutant(
    'an older version overwrites a newer',
    MEMORY_STORE,
    'apply',
    (right) =>
      function ({ records, ...rest }) {
        const older = (records as KvRecord[]).filter(({ key, version }) => (this.get(key)?.version.seq ?? 0) > version.seq);
        const done = right.call(this, { records, ...rest });
        const get = this.get.bind(this);
        if (older.length > 0) this.get = (key: string) => older.find((record) => record.key === key) ?? get(key);
        return done;
      },
  ),
  effects('a missed quorum is told as success', (effect) =>
    effect.t === 'reply' && !effect.result.ok && effect.result.code === 'quorum_not_met'
      ? { ...effect, result: succeed(effect.result.detail) }
      : effect,
  ),
  effects('a missed quorum is told as definite', (effect) =>
    effect.t === 'reply' && !effect.result.ok && effect.result.code === 'quorum_not_met'
      ? { ...effect, result: { ...effect.result, code: 'overloaded' } }
      : effect,
  ),
  mutant(
    'a client is answered twice',
    Replica.prototype,
    'step',
    (right) =>
      function (now, input) {
        return (right.call(this, now, input) as Effect[]).flatMap((effect): Effect[] =>
          effect.t === 'reply' ? [effect, effect] : [effect],
        );
      },
  ),
  mutant(
    'a linearizable read asks nobody',
    Leader.prototype,
    'read',
    (right) =>
      function (id, key, _isLinearizable, now) {
        right.call(this, id, key, false, now);
      },
  ),
  mutant('a write that is sent again does not look for its key among those that wait', Writes.prototype, 'keyed', () => () => undefined),
  named('a write that is sent again does not look for its key in the store', (once) => ({ ...once, stored: null })),
  named('whatever comes under a key that is taken is the same write', (once, replica) => {
    const { fingerprint } = replica.leader?.writes.keyed(once.key)?.record.idempotency ?? once.stored ?? once;
    return { ...once, fingerprint };
  }),
  mutant(
    'pages do not carry the keys of writes whose rows moved on',
    MEMORY_STORE,
    'scan',
    (right) =>
      function (range) {
        const { entries: _lost, ...page } = right.call(this, range) as Page;
        return page;
      },
  ),
  mutant(
    'the stream does not carry the keys of writes',
    Follower.prototype,
    'request',
    (right) =>
      function (id: number, message: ReplicateRequest) {
        if (message.t !== 'replicate') return right.call(this, id, message);
        const records = message.records.map(({ idempotency: _lost, ...record }) => record);
        return right.call(this, id, { ...message, records });
      },
  ),
  mutant(
    'a write that is sent again needs no acks any more',
    Retries.prototype,
    'take',
    (right) =>
      function (input: PutInput, now: number) {
        const stored = input.idempotency?.stored;
        const told = stored ? { ...input, idempotency: { ...input.idempotency, stored: { ...stored, need: 0 } } } : input;
        return right.call(this, told, now);
      },
  ),
  // What the simulator found in the core, once more.
  mutant('a stranger keeps a blank node from being filled', Recovery.prototype, 'hasHeard', () => () => true),
  mutant(
    "a birth's fence means whoever is there",
    Replica.prototype,
    'step',
    (right) =>
      function (now, input: Input) {
        const isFence = input.t === 'request' && input.message.t === 'fence' && input.message.isBirth;
        if (!isFence) return right.call(this, now, input);
        return right.call(this, now, { ...input, message: { ...input.message, incarnation: this.standing().incarnation } });
      },
  ),
];

function succeed(detail: Readonly<Record<string, unknown>>) {
  const [epoch = 0, seq = 0] = String(detail['version']).split('.').map(Number);
  const acks = Number(detail['follower_acks']);
  const need = Number(detail['required']);
  return { ok: true, version: { epoch, seq }, acks, need, existed: false, storeMs: 0, quorumMs: 1e9, floorMs: 0 } as const;
}
