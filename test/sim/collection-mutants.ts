/** Cores that are broken where they forget: tombstones, snapshots, keys of writes; one mistake each (see mutants.ts). */
import { Leader } from '../../src/core/leader.ts';
import { meetingOf } from '../../src/core/lineage.ts';
import { Mail } from '../../src/core/mail.ts';
import type { Effect, Input } from '../../src/core/message.ts';
import type { InstallRequest, ReplicateRequest } from '../../src/core/peer.ts';
import { Reconciliation, type Rollback } from '../../src/core/reconcile.ts';
import type { Position } from '../../src/core/record.ts';
import { Replica } from '../../src/core/replica.ts';
import { Staging } from '../../src/core/staging.ts';
import { maxVersion, minVersion, type Version, ZERO } from '../../src/core/version.ts';
import { MemoryTable } from '../../src/store/memory-table.ts';
import { effects, from, type Mutant, mutant, patch } from './mutants.ts';

type Persist = Extract<Effect, { t: 'persist' }>;

/** Changes what the disk is asked for. */
function commits(name: string, change: (commit: Persist) => Persist): Mutant {
  return effects(name, (effect) => (effect.t === 'persist' ? change(effect) : effect));
}

export const COLLECTION_MUTANTS: readonly Mutant[] = [
  mutant(
    'tombstones go at once, whoever lacks them',
    MemoryTable.prototype,
    'collect',
    (right) =>
      function (from: Version) {
        return right.call(this, from, this.newest());
      },
  ),
  mutant(
    'tombstones go that the leader alone has',
    Leader.prototype,
    'committedThrough',
    () =>
      function () {
        return this.durable;
      },
  ),
  {
    name: 'a follower that lacks collected tombstones is filled by pages',
    apply: () => {
      const undo = [
        patch(Mail.prototype, 'mustSnapshot', () => () => false),
        effects('no floor is told', (effect) =>
          effect.t === 'send' && effect.message.t === 'replicate'
            ? { ...effect, message: { ...effect.message, purgeFloor: ZERO } }
            : effect,
        ).apply(),
      ];
      return () => {
        for (const each of undo) each();
      };
    },
  },
  commits('a snapshot is stored over what is there, and not in its place', ({ stage, ...commit }) =>
    stage === undefined ? commit : { ...commit, records: stage.rows },
  ),
  mutant(
    'a promise is lost by a snapshot',
    Replica.prototype,
    'step',
    (right) =>
      function (now: number, input: Input): Effect[] {
        return (right.call(this, now, input) as Effect[]).flatMap((effect) => {
          const { hard } = (this as Replica).follower;
          if (effect.t !== 'persist' || !effect.stage?.swap || hard === null) return [effect];
          return [effect, { t: 'saveHard', token: -1, state: { ...hard, promisedEpoch: hard.promisedEpoch - 1 } }];
        });
      },
  ),
  commits('the watermark moves with each part of a snapshot', (commit) => {
    const { stage, position } = commit;
    if (stage === undefined || stage.swap !== null || position === null) return commit;
    const watermark = stage.rows.reduce((newest, { version }) => maxVersion(newest, version), position.watermark);
    return { ...commit, position: { ...position, watermark } };
  }),
  mutant(
    'a snapshot that comes again goes back to what it was',
    Staging.prototype,
    'take',
    (right) =>
      function (message: ReplicateRequest, part) {
        return right.call(this, message, part) === 'lost' ? 'lost' : 'next';
      },
  ),
  from(
    7302,
    mutant(
      'a node whose deletes are void believes that it holds what they deleted',
      Reconciliation.prototype,
      'begin',
      (right) =>
        function (id: number, message: InstallRequest, position: Position) {
          const { completeTo, suspectsAbove } = meetingOf(position, message.history);
          const rollback = right.call(this, id, message, position) as Rollback | null;
          if (rollback === null || rollback.position.watermark.epoch > 0) return rollback;
          return { ...rollback, position: { ...rollback.position, watermark: minVersion(completeTo, suspectsAbove) } };
        },
    ),
  ),
  commits('keys that no page told are kept', ({ dropUntoldAfter, ...commit }) => commit),
  from(
    6963,
    commits('keys of writes that nobody holds are kept', ({ dropOrphansAfter, ...commit }) => commit),
  ),
];
