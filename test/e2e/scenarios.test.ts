// Every scenario that ships, in a shortened form (fewer writes, shorter delays; no step and no expectation is left out), twice: on our
// nodes, which must pass, and on nodes that are broken in what the scenario is about, which must not.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { down } from '../../src/cluster/cluster.ts';
import { listNames } from '../../src/cluster/state.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { Home, type Ran } from '../cli/kvctl.ts';

interface Case {
  readonly scenario: string;
  readonly shorter: readonly string[];
  /** A program of test/support/broken, and what must come of it: 99 a threshold failed, 3 a replica is wrong. */
  readonly broken: string;
  readonly exitCode: number;
}

/** Whose reports are drawn, too: they have between them every kind of step. */
const DRAWN = ['lab-5', 'quorum-lost', 'stale-reads'];

const CASES: readonly Case[] = [
  { scenario: 'quick', shorter: [], broken: 'no-catch-up', exitCode: 3 },
  {
    scenario: 'lab-1',
    shorter: ['cluster.network.delay=0-400', 'steps.0.load.writes=30'],
    broken: 'shared-delay',
    exitCode: 99,
  },
  {
    scenario: 'lab-2',
    shorter: ['cluster.network.delay=0-400', 'steps.0.load.writes=30'],
    broken: 'shared-delay',
    exitCode: 99,
  },
  { scenario: 'lab-3', shorter: ['steps.0.load.writes=36', 'steps.consistency.load.writes=24'], broken: 'waits-for-all', exitCode: 99 },
  { scenario: 'lab-4', shorter: ['steps.0.load.writes=400'], broken: 'whole-delay', exitCode: 99 },
  { scenario: 'lab-5', shorter: ['steps.reads-and-writes.load.writes=60'], broken: 'quorum-ignored', exitCode: 99 },
  {
    scenario: 'follower-crash',
    shorter: [
      'steps.crash.load.duration=2s',
      'steps.crash.during.0.at=300ms',
      'steps.crash.during.1.at=900ms',
      'steps.away.load.writes=30',
    ],
    broken: 'no-catch-up',
    exitCode: 3,
  },
  {
    scenario: 'quorum-lost',
    shorter: ['all-up', 'one-down', 'three-down'].map((step) => `steps.${step}.load.writes=5`),
    broken: 'quorum-ignored',
    exitCode: 99,
  },
  { scenario: 'slow-follower', shorter: ['steps.0.load.writes=20'], broken: 'waits-for-all', exitCode: 99 },
  { scenario: 'long-tail', shorter: ['steps.0.load.writes=60'], broken: 'shared-delay', exitCode: 99 },
  { scenario: 'flaky-network', shorter: ['steps.0.load.writes=40'], broken: 'quorum-ignored', exitCode: 99 },
  {
    scenario: 'stale-reads',
    shorter: [
      'cluster.network.delay=0-300',
      'steps.one-ack.stale-reads.writes=60',
      'steps.three-acks.stale-reads.writes=60',
      'steps.all-acks.stale-reads.writes=16',
    ],
    broken: 'shared-delay',
    exitCode: 99,
  },
];

/** A state directory whose clusters are gone at the end of the test. */
async function makeHome(): Promise<Home & AsyncDisposable> {
  const home = new Home();
  return Object.assign(home, {
    [Symbol.asyncDispose]: async () => {
      for (const name of listNames(home.path)) await down(name, { home: home.path });
      home[Symbol.dispose]();
    },
  });
}

function runScenario(home: Home, { scenario, shorter }: Case, env: Readonly<Record<string, string>>, ...more: string[]): Promise<Ran> {
  const settings = shorter.flatMap((setting) => ['--set', setting]);
  return home.kvctl(['run', scenario, ...settings, ...more, '-o', 'json'], { env });
}

/** What a failed test should show. */
function account(ran: Ran): string {
  const result = ran.stdout === '' ? null : (JSON.parse(ran.stdout) as RunResult);
  const unmet = result?.expectations.filter((each) => !each.is_met) ?? [];
  return `${ran.stderr}\n${JSON.stringify(unmet)}\n${JSON.stringify(result?.steps.filter(({ status }) => status !== 'done'))}`;
}

// The two runs are side by side, and two scenarios at a time: most of their time is spent waiting for delays.
test.concurrent.for(CASES)('$scenario shows what it promises, and notices nodes of the kind "$broken"', async (each, { expect }) => {
  await using home = await makeHome();
  const entry = join(packageRoot, 'test', 'support', 'broken', `${each.broken}.ts`);
  const report = DRAWN.includes(each.scenario) ? [] : ['--no-report'];
  const [first, broken] = await Promise.all([
    runScenario(home, each, {}, ...report),
    runScenario(home, each, { KVCTL_NODE_ENTRY: entry }, '--no-report'),
  ]);
  // Clusters that came up beside it may have spoiled a mean: then ours is measured once more, with less around it. The broken one is not.
  const ran = first.exitCode === 99 ? await runScenario(home, each, {}, ...report) : first;

  // 5: a busy machine spoiled the means, and that is said. The expectations were met all the same.
  expect([0, 5], account(ran)).toContain(ran.exitCode);
  const result = JSON.parse(ran.stdout) as RunResult;
  expect(result.steps.every(({ status }) => status === 'done')).toBe(true);
  expect(result.expectations.length).toBeGreaterThan(0);

  expect(broken.exitCode, account(broken)).toBe(each.exitCode);
  if (each.exitCode === 99) expect(broken.stderr).toContain('threshold failed');
  expect(listNames(home.path)).toEqual([]);
});

test('every scenario that ships is among these', () => {
  const files = readdirSync(join(packageRoot, 'scenarios')).filter((file) => file.endsWith('.yaml'));
  expect(files.map((file) => file.replace('.yaml', '')).sort()).toEqual(CASES.map(({ scenario }) => scenario).sort());
});
