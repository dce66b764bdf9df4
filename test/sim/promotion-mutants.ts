/** Cores that are broken in a change of leader, one mistake each (see mutants.ts). */
import { Follower } from '../../src/core/follower.ts';
import { Leader } from '../../src/core/leader.ts';
import type { Link } from '../../src/core/link.ts';
import type { Effect, Input } from '../../src/core/message.ts';
import { type Opened, Opening } from '../../src/core/opening.ts';
import type { PeerAnswer, StandingAnswer } from '../../src/core/peer.ts';
import { type Named, Reconciliation } from '../../src/core/reconcile.ts';
import type { KvRecord } from '../../src/core/record.ts';
import { Replica } from '../../src/core/replica.ts';
import { ZERO } from '../../src/core/version.ts';
import { effects, from, type Mutant, mutant, patch } from './mutants.ts';

/** Changes what an opening was won with. */
function opened(name: string, change: (opened: Opened) => Opened): Mutant {
  return mutant(
    name,
    Opening.prototype,
    'opened',
    (right) =>
      function () {
        const won = right.call(this) as Opened | null;
        return won === null ? null : change(won);
      },
  );
}

/** Changes what a candidate hears. */
function heard(name: string, change: (answer: PeerAnswer, replica: Replica) => PeerAnswer): Mutant {
  return mutant(
    name,
    Replica.prototype,
    'step',
    (right) =>
      function (now, input: Input) {
        return right.call(this, now, input.t === 'answer' ? { ...input, message: change(input.message, this) } : input);
      },
  );
}

export const PROMOTION_MUTANTS: readonly Mutant[] = [
  mutant(
    'one responder fewer is taken for enough',
    Follower.prototype,
    'standing',
    (right) =>
      function () {
        const standing = right.call(this) as StandingAnswer;
        return { ...standing, kMin: standing.kMin === null ? null : standing.kMin + 1 };
      },
  ),
  mutant(
    'the candidate takes its own data for everything',
    Opening.prototype,
    'take',
    (right) =>
      function () {
        if (right.call(this).length > 0) this.stored();
        return [];
      },
  ),
  mutant('the best single node is taken instead of all together', Opening.prototype, 'answered', (right) => {
    const hasOne = new WeakSet<Opening>();
    return function (request, answer: PeerAnswer, now) {
      const isLater = answer.t === 'changes' && hasOne.has(this);
      if (answer.t === 'changes' && answer.rows.length > 0) hasOne.add(this);
      right.call(this, request, isLater ? { ...answer, rows: [] } : answer, now);
    };
  }),
  {
    name: 'what comes while the candidate stores what it has is taken for stored',
    seed: 201,
    apply: () => {
      const storing = new WeakSet<Opening>();
      const undo = [
        patch(
          Opening.prototype,
          'take',
          (right) =>
            function () {
              const rows = right.call(this) as readonly KvRecord[];
              if (rows.length > 0) storing.add(this);
              return rows;
            },
        ),
        patch(
          Opening.prototype,
          'stored',
          (right) =>
            function () {
              storing.delete(this);
              right.call(this);
            },
        ),
        patch(
          Opening.prototype,
          'answered',
          (right) =>
            function (request, answer: PeerAnswer, now) {
              const isLate = answer.t === 'changes' && storing.has(this);
              right.call(this, request, isLate ? { ...answer, rows: [] } : answer, now);
            },
        ),
      ];
      return () => {
        for (const each of undo) each();
      };
    },
  },
  {
    name: 'nodes of an older lineage are gathered from, with all that they hold',
    apply: () => {
      const undo = [
        heard('', (answer, replica) => {
          if (answer.t !== 'standing' || answer.isBlank) return answer;
          const own = replica.standing().watermark.epoch;
          return answer.watermark.epoch < own ? { ...answer, watermark: { epoch: own, seq: 0 } } : answer;
        }).apply(),
        effects('', (effect) =>
          effect.t === 'send' && effect.message.t === 'changes' ? { ...effect, message: { ...effect.message, since: ZERO } } : effect,
        ).apply(),
      ];
      return () => {
        for (const each of undo.toReversed()) each();
      };
    },
  },
  heard('candidates are compared by seq alone, whatever epoch they reached', (answer, replica) => {
    if (answer.t !== 'standing' || answer.isBlank || answer.watermark.epoch === 0) return answer;
    return { ...answer, watermark: { ...answer.watermark, epoch: replica.standing().watermark.epoch } };
  }),
  mutant(
    'a promoted leader opens at once',
    Leader.prototype,
    'installedOn',
    (right) =>
      function () {
        return this.epoch === 1 ? right.call(this) : ['n1', ...this.links.map(({ node }: Link) => node)];
      },
  ),
  heard('a blank node counts for a promotion', (answer, replica) => {
    if (answer.t !== 'standing' || !answer.isBlank) return answer;
    const { hard } = replica.follower;
    return { ...answer, isBlank: false, promisedEpoch: hard?.promisedEpoch ?? 0, promisedTo: replica.nodeId };
  }),
  opened('what was gathered is not remembered: the floor is the head', (won) => ({
    ...won,
    floor: { epoch: won.floor.epoch, seq: 2 ** 31 },
  })),
  opened('the smallest need is forgotten at the opening', (won) => ({ ...won, kMin: null })),
  mutant(
    'nothing is rolled back',
    Reconciliation.prototype,
    'scanned',
    (right) =>
      function (...args) {
        const named = right.apply(this, args) as Named | null | undefined;
        return named ? { ...named, suspects: [] } : named;
      },
  ),
  {
    name: 'what is above the boundary is rolled back, not what the lineage lacks',
    apply: () => {
      const boundaries = new WeakMap<Reconciliation, number>();
      const undo = [
        patch(
          Reconciliation.prototype,
          'begin',
          (right) =>
            function (id, message, position) {
              boundaries.set(this, message.history.at(-1)?.seq ?? 0);
              return right.call(this, id, message, position);
            },
        ),
        patch(
          Reconciliation.prototype,
          'scanned',
          (right) =>
            function (token, page, rows: readonly KvRecord[]) {
              const boundary = boundaries.get(this) ?? 0;
              return right.call(
                this,
                token,
                page,
                rows.filter(({ version }) => version.seq > boundary),
              );
            },
        ),
      ];
      return () => {
        for (const each of undo) each();
      };
    },
  },
  mutant(
    'everything that was named is rolled back, whether the lineage has it or not',
    Reconciliation.prototype,
    'begin',
    (right) =>
      function (id, message, position) {
        const rows = new Map([...message.rows.keys()].map((key) => [key, null]));
        return right.call(this, id, { ...message, rows }, position);
      },
  ),
  from(
    501,
    mutant(
      'who promised an epoch to the one who lost refuses the one who won it',
      Replica.prototype,
      'step',
      (right) =>
        function (now, input: Input): Effect[] {
          const { hard } = (this as Replica).follower;
          const message = input.t === 'request' ? input.message : null;
          const isWinners = message?.t === 'replicate' && message.epoch === hard?.promisedEpoch && message.from !== hard.promisedTo;
          if (input.t !== 'request' || !isWinners || message?.lineage !== hard?.lineage) return right.call(this, now, input);
          const refusal = { t: 'refused', code: 'stale_epoch', epoch: hard?.promisedEpoch ?? 0, message: '' } as const;
          return [{ t: 'respond', id: input.id, message: refusal }];
        },
    ),
  ),
];
