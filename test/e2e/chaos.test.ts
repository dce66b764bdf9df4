// `kvctl chaos` on real processes: faults that took effect, a history that the judges pass, and a node that lies, which they notice.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '#entry';
import type { ChaosResult } from '../../src/cli/chaos/result.ts';
import { listNames } from '../../src/cluster/state.ts';
import { finished, type Home } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { homePerTest } from './home-per-test.ts';

let home: Home;
homePerTest((own) => {
  home = own;
});

function folder(): string {
  return realpathSync(join(home.path, 'runs', 'latest'));
}

/** Fixed, so that a failure can be had again; its schedule has every kind of fault, the leader's among them: its disk, its link. */
const SEED = '621';

test('sixteen seconds of every fault leave a linearizable history, equal replicas and no cluster', async () => {
  const ran = await home.kvctl(['chaos', '--for', '16s', '--followers', '4', '--seed', SEED, '-o', 'json']);
  expect(ran.stderr).toContain(`repeat it with: kvctl chaos --for 16s --followers 4 --seed ${SEED}`);
  expect(ran.exitCode, `${ran.stderr}\n${ran.stdout}`).toBe(0);
  const result = JSON.parse(ran.stdout) as ChaosResult;
  expect(result).toMatchObject({ verdict: 'ok', judgement: { verdict: 'ok', keys: 5 }, local_reads: { violations: [] } });
  for (const { kind, took_effect: done } of result.faults) expect(done, kind).toBeGreaterThan(0);
  for (const { operation, ok } of result.operations) expect(ok, operation).toBeGreaterThan(0);
  expect(result.operations.reduce((sum, { ok }) => sum + ok, 0)).toBeGreaterThan(300);
  expect(result.judgement?.judges.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  expect(result.parity?.map(({ status }) => status)).toEqual(['match', 'match', 'match', 'match']);
  expect(readdirSync(folder())).toEqual(
    expect.arrayContaining(['history.ndjson', 'local-reads.ndjson', 'spec.json', 'chaos.json', 'charts', 'logs']),
  );
  // Everything that the nodes said, of all their lives.
  const log = readFileSync(join(folder(), 'logs', 'n1.log'), 'utf8')
    .trimEnd()
    .split('\n');
  expect(log.filter((line) => line.includes('"msg":"listening"')).length).toBeGreaterThan(1);
  expect(listNames(home.path)).toEqual([]);
});

test('a leader whose committed reads are stale is found out: 3, with the operations that show it', async () => {
  const entry = join(packageRoot, 'test', 'support', 'broken', 'stale-reads.ts');
  const args = ['chaos', '--for', '4s', '--followers', '2', '--faults', 'network', '--seed', SEED];
  const ran = await home.kvctl(args, { env: { KVCTL_NODE_ENTRY: entry } });
  expect(ran.exitCode, `${ran.stderr}\n${ran.stdout}`).toBe(3);
  expect(ran.stdout).toMatch(/key "key\d" is not linearizable: these \d+ of its \d+ operations show it/);
  expect(readFileSync(join(folder(), 'history.html'), 'utf8')).toContain('is not linearizable');
  expect(JSON.parse(readFileSync(join(folder(), 'outcome.json'), 'utf8'))).toMatchObject({ ending: 'complete', exit_code: 3 });
});

test('a leader that does what it says it certainly does not do is found out, by its own reads and by those of followers', async () => {
  const entry = join(packageRoot, 'test', 'support', 'broken', 'denied-writes.ts');
  const args = ['chaos', '--for', '4s', '--followers', '2', '--faults', 'network', '--seed', SEED, '-o', 'json'];
  const ran = await home.kvctl(args, { env: { KVCTL_NODE_ENTRY: entry } });
  expect(ran.exitCode, `${ran.stderr}\n${ran.stdout}`).toBe(3);
  const { judgement, local_reads: local } = JSON.parse(ran.stdout) as ChaosResult;
  expect(judgement?.judges.find(({ judge }) => judge === 'definite-errors')).toMatchObject({ verdict: 'violation' });
  expect(local?.violations[0]).toMatch(/^n[23] showed key\d = "v\d+" at version 1\.\d+, which had failed for certain$/);
});

test('a node that ends by itself fails the run, with its log kept, though no answer was wrong', async () => {
  const entry = join(packageRoot, 'test', 'support', 'broken', 'ends-by-itself.ts');
  const args = ['chaos', '--for', '3s', '--followers', '2', '--faults', 'network', '--seed', SEED, '-o', 'json'];
  const ran = await home.kvctl(args, { env: { KVCTL_NODE_ENTRY: entry } });
  expect(ran.exitCode, `${ran.stderr}\n${ran.stdout}`).toBe(1);
  expect(ran.stderr).toContain('expected n2 to run, but it had ended by itself');
  expect(JSON.parse(ran.stdout)).toMatchObject({ verdict: 'failed', parity: null, judgement: { verdict: 'ok' } });
  expect(readdirSync(join(folder(), 'logs'))).toEqual(['n1.log', 'n2.log', 'n3.log']);
});

test('Ctrl-C in the middle ends it with 105: the history is kept, the cluster is gone', async () => {
  const child = home.start(['chaos', '--for', '60s', '--followers', '2', '--seed', SEED]);
  const ending = finished(child);
  const root = join(home.path, 'runs');
  const history = () => (existsSync(root) ? readdirSync(root) : []).map((run) => join(root, run, 'history.ndjson')).find(existsSync);
  const lines = () => readFileSync(history() ?? '/dev/null', 'utf8').split('\n').length;
  await until('clients have recorded something', () => lines() > 50, 60_000);
  child.kill('SIGINT');
  const ran = await ending;
  expect(ran.exitCode, ran.stderr).toBe(105);
  expect(listNames(home.path)).toEqual([]);
  expect(lines()).toBeGreaterThan(50);
});

test('a schedule can be seen without a cluster, and one that is too long or without nodes to spare is refused', async () => {
  const shown = await home.kvctl(['chaos', '--for', '5s', '--dry-run', '-o', 'json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    seed: 1,
    schedule: expect.arrayContaining([expect.objectContaining({ for_ms: expect.any(Number) })]),
  });
  const long = await home.kvctl(['chaos', '--for', '1h']);
  expect([long.exitCode, long.stderr]).toEqual([2, expect.stringContaining('expected a duration from 3s to 10m')]);
  const few = await home.kvctl(['chaos', '--followers', '1']);
  expect(few.exitCode).toBe(2);
  const strange = await home.kvctl(['chaos', '--faults', 'kill,flood']);
  expect([strange.exitCode, strange.stderr]).toEqual([2, expect.stringContaining('got "flood"')]);
  expect(listNames(home.path)).toEqual([]);
});
