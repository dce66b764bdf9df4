/**
 * kvctl's own node, graded in every dialect that it speaks, with the data on disk and nodes that can be killed; by all checks with
 * `npm run test:grade`, else by those that take seconds.
 */
import { test } from 'vitest';
import type { NodeControl, Peer, Target } from '../../src/grade/target.ts';
import { DIALECTS } from '../../src/labs/all.ts';
import { gradeUntilTold, verdictsText, WHOLE } from '../support/grade.ts';
import { RealCluster, type RealNode } from '../support/real-node.ts';

const DELAY = { kind: 'uniform', min: 0, max: 80 } as const;

const MUST_PASS = ['leader-only', 'round-trip', 'odd-keys', 'odd-bodies', 'quorum-enforced', 'restart'];
const MUST_PASS_TOO = ['parity', 'concurrent-requests', 'catch-up'];

test.concurrent.for([...DIALECTS.values()])('a node that speaks $name fails no check', async (dialect, { expect }) => {
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
  const results = await gradeUntilTold(target, control, WHOLE ? null : MUST_PASS, MUST_PASS);
  expect(results.filter(({ verdict }) => verdict === 'fail').length, verdictsText(results)).toBe(0);
  const passed = results.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id);
  expect(passed, verdictsText(results)).toEqual(expect.arrayContaining([...MUST_PASS, ...(WHOLE ? MUST_PASS_TOO : [])]));
});
