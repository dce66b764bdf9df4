/** A state file as `up` leaves it, for what reads it without asking a node. */
import { clusterPaths } from '../../src/cluster/home.ts';
import { type ClusterState, writeState } from '../../src/cluster/state.ts';

export function writeClusterState(home: string, name: string, ids: readonly string[], url = 'http://127.0.0.1:1'): void {
  const paths = clusterPaths(name, home);
  const node = (id: string, index: number): ClusterState['nodes'][number] => ({
    id,
    role: index === 0 ? 'leader' : 'follower',
    url,
    port: Number(new URL(url).port),
    pid: null,
    start_time: null,
    data_dir: null,
    log: `${paths.logRoot}/${id}.log`,
  });
  writeState(paths, {
    schema_version: 1,
    name,
    target: 'local',
    token: 'secret',
    spec: { name, followers: ids.length - 1, quorum: 0, delay: '0', store: 'memory', port: null, seed: 1, target: 'local', settings: {} },
    data_root: paths.dataRoot,
    nodes: ids.map(node),
    created_at: '2026-01-01T00:00:00.000Z',
    born_at: '2026-01-01T00:00:01.000Z',
  });
}
