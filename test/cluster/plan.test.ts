import { expect, test } from 'vitest';
import { maskToken, planCluster, renderPlan } from '../../src/cluster/plan.ts';
import { parseSpec } from '../../src/cluster/spec.ts';

const paths = { dataRoot: '/home/clusters/lab/data', logRoot: '/home/clusters/lab/logs', project: 'kvctl-lab-0a1b2c3d' };

test('the plan says everything that a node is started with, and hides the token', async () => {
  const spec = parseSpec({ name: 'lab', followers: 1, delay: '0-200;n2=50', port: 9000, settings: { LOG_LEVEL: 'debug' } });
  await expect(renderPlan(planCluster(spec, 9000, paths, 'secret'))).toMatchFileSnapshot('golden/plan.txt');
});

test('in containers the nodes know each other by name, and clients by the published ports', async () => {
  const spec = parseSpec({ name: 'lab', followers: 1, delay: '0-200', port: 9000, target: 'compose' });
  await expect(renderPlan(planCluster(spec, 9000, paths, 'secret'))).toMatchFileSnapshot('golden/plan-compose.txt');
});

test('n1 leads on the base port and the others follow on the next ones, all knowing all', () => {
  const { nodes } = planCluster(parseSpec({}), 8000, paths, 'secret');
  expect(nodes.map(({ id, role, port, url }) => [id, role, port, url])).toEqual([
    ['n1', 'leader', 8000, 'http://127.0.0.1:8000'],
    ['n2', 'follower', 8001, 'http://127.0.0.1:8001'],
    ['n3', 'follower', 8002, 'http://127.0.0.1:8002'],
    ['n4', 'follower', 8003, 'http://127.0.0.1:8003'],
    ['n5', 'follower', 8004, 'http://127.0.0.1:8004'],
    ['n6', 'follower', 8005, 'http://127.0.0.1:8005'],
  ]);
  expect(new Set(nodes.map(({ environment }) => environment['NODES'])).size).toBe(1);
  expect(nodes[0]?.environment['NODES']?.split(',')).toHaveLength(6);
});

test('a node of the memory store gets no data directory', () => {
  const [node] = planCluster(parseSpec({ store: 'memory' }), 8000, paths, 'secret').nodes;
  expect(node?.data_dir).toBeNull();
  expect(node?.environment).not.toHaveProperty('DATA_DIR');
});

test('masking hides the token and nothing else', () => {
  const plan = planCluster(parseSpec({ followers: 2 }), 8000, paths, 'secret');
  expect(JSON.stringify(maskToken(plan))).not.toContain('secret');
  expect(JSON.stringify(maskToken(plan)).replaceAll('***', 'secret')).toBe(JSON.stringify(plan));
});
