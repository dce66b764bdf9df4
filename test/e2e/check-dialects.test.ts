/** kvctl's own node, graded in every dialect that it speaks, with the data on disk and nodes that can be killed. */
import { expect, test } from 'vitest';
import type { NodeControl, Peer, Target } from '../../src/grade/target.ts';
import { DIALECTS } from '../../src/labs/all.ts';
import { grade, verdictsText } from '../support/grade.ts';
import { RealCluster, type RealNode } from '../support/real-node.ts';

const DELAY = { kind: 'uniform', min: 0, max: 80 } as const;

test.each([...DIALECTS.values()])('a node that speaks $name fails no check', async (dialect) => {
  const environment = { DIALECT: dialect.name, DELAY: '0-80', CLUSTER_TOKEN: '', QUORUM_TIMEOUT_MS: '1500' };
  await using cluster = await RealCluster.start({ followers: 3, quorum: 2, store: 'sqlite', environment });
  const peerOf = ({ id, url }: RealNode): Peer => ({ name: id, url });
  const nodeOf = ({ name }: Peer) => cluster.nodes.find(({ id }) => id === name) as RealNode;
  const control: NodeControl = {
    stop: async (peers) => void (await Promise.all(peers.map((peer) => nodeOf(peer).kill()))),
    start: async (peers) => peers.forEach((peer) => void nodeOf(peer).start()),
  };
  const target: Target = {
    dialect,
    leader: peerOf(cluster.leader),
    followers: cluster.followers.map(peerOf),
    quorum: 2,
    delay: DELAY,
    isDurable: true,
    timeoutMs: 10_000,
    token: null,
  };
  const results = await grade(target, control, null);
  expect(results.filter(({ verdict }) => verdict === 'fail').length, verdictsText(results)).toBe(0);
  const passed = results.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id);
  for (const id of [
    'leader-only',
    'round-trip',
    'parity',
    'concurrent-requests',
    'odd-keys',
    'odd-bodies',
    'quorum-enforced',
    'catch-up',
    'restart',
  ])
    expect(passed, verdictsText(results)).toContain(id);
});
