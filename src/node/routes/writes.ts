/**
 * `GET /writes/:version`: what became of a write whose client was told that nobody knows.
 *
 * A version alone does not name its key, and the store has one row per key: of a version that has no row any more, and that lies above the floor of a change
 * of leader (core/lineage.ts), only the key tells whether it was overwritten or rolled back.
 */
import type Router from '@koa/router';
import type { Leader } from '../../core/leader.ts';
import { fateOf } from '../../core/lineage.ts';
import { formatVersion, isNewer, parseVersion, type Version } from '../../core/version.ts';
import { KvctlError } from '../../wire/errors.ts';
import { parseQuery } from '../../wire/query.ts';
import type { Runtime } from '../runtime.ts';

type Fate = { readonly status: 'pending' | 'committed' | 'superseded' | 'rolled_back' | 'unknown'; readonly why: string };

export function writesRoutes(router: Router, runtime: Runtime): void {
  router.get('/writes/:version', (context) => {
    const text = String(context.params.version);
    const version = parseVersion(text);
    if (version === null || version.seq === 0)
      throw new KvctlError('bad_request', `expected the version of a write, like 1.42, got ${JSON.stringify(text.slice(0, 40))}`);
    const { key } = parseQuery(context.querystring, ['key']);
    runtime.mustServeCommitted();
    const { leader } = runtime.replica;
    if (leader === null) throw new KvctlError('not_open', 'expected an open leader');
    context.body = { version: formatVersion(version), ...whatBecameOf(runtime, leader, version, key) };
  });
}

function whatBecameOf({ replica, store }: Runtime, leader: Leader, version: Version, key: string | undefined): Fate {
  if (isNewer(version, leader.head))
    return { status: 'unknown', why: `no write has this version yet: the newest is ${formatVersion(leader.head)}` };
  if (version.epoch === leader.epoch && leader.writes.get(version.seq) !== undefined)
    return { status: 'pending', why: 'fewer followers than it needs hold it' };
  if (hasRow(store, version)) return { status: 'committed', why: 'it is the newest write of its key' };
  const fate = fateOf(version, leader.epoch, replica.follower.position.history);
  const { purgeFloor } = store.position();
  const isCollected = !isNewer(version, purgeFloor);
  if (fate === 'kept') {
    const gone = isCollected ? ', or it was a delete whose tombstone is collected' : '';
    return { status: 'superseded', why: `a newer write of its key took its place${gone}` };
  }
  if (fate === 'void') return { status: 'rolled_back', why: 'a change of leader left it behind' };
  if (key === undefined)
    return {
      status: 'unknown',
      why: 'a change of leader left it behind, or a newer write of its key took its place: ask with ?key= of the write',
    };
  const row = store.get(key);
  if (row === null && isCollected)
    return {
      status: 'unknown',
      why: `a change of leader left it behind, or the key was deleted since: tombstones up to ${formatVersion(purgeFloor)} are collected`,
    };
  if (row === null || isNewer(version, row.version))
    return {
      status: 'rolled_back',
      why: `a change of leader left it behind; the key is at ${row === null ? 'nothing' : formatVersion(row.version)}`,
    };
  if (row.version.epoch === version.epoch) return { status: 'superseded', why: `${formatVersion(row.version)} took its place` };
  return {
    status: 'unknown',
    why: `${formatVersion(row.version)}, of a later epoch, took its place, or the place of what it was rolled back to`,
  };
}

/** True if the store holds this very version of some key. */
export function hasRow(store: Runtime['store'], version: Version): boolean {
  const { rows } = store.scan({ since: { epoch: version.epoch, seq: version.seq - 1 }, until: version, limit: 1, maxBytes: 1 });
  return rows.length > 0;
}
