/**
 * `npm run bench:start`: how long six nodes take until ready, how long `kvctl --help` takes, and how much memory an idle node holds.
 * Each five times, the median counts; `node --version` is timed beside it, for comparing machines.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { median } from './cluster.ts';
import { kvctl } from './command.ts';

const ROUNDS = 5;
const GOALS = { up: 2500, help: 200, rss: 100 };

const home = await mkdtemp(join(tmpdir(), 'kvctl-start-'));
const environment = { KVCTL_HOME: home };
const ups: number[] = [];
const helps: number[] = [];
const bare: number[] = [];
const resident: { leader: number; follower: number }[] = [];
try {
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await timeNode());
    helps.push((await kvctl(['--help'], environment)).ms);
    const up = await kvctl(['up', '--quiet', '--followers', '5'], environment);
    if (up.code !== 0) throw new Error(`kvctl up ended with ${up.code}`);
    ups.push(up.ms);
    const { stdout } = await kvctl(['status', '-o', 'json'], environment);
    const { nodes } = JSON.parse(stdout) as { nodes: { url: string; role: string }[] };
    const rss = await Promise.all(
      nodes.map(async ({ url }) => ((await (await fetch(`${url}/status`)).json()) as { loop: { rss_bytes: number } }).loop.rss_bytes / 1e6),
    );
    resident.push({ leader: rss[0] as number, follower: median(rss.slice(1)) });
    await kvctl(['down', '--purge', '--quiet'], environment);
  }
} finally {
  await kvctl(['down', '--purge', '--quiet'], environment);
  await rm(home, { recursive: true, force: true });
}
print('kvctl up, six nodes ready', median(ups), 'ms', GOALS.up);
print('kvctl --help', median(helps), 'ms', GOALS.help);
print('node --version, for comparison', median(bare), 'ms', null);
print('an idle leader resident', median(resident.map((each) => each.leader)), 'MB', GOALS.rss);
print('an idle follower resident', median(resident.map((each) => each.follower)), 'MB', GOALS.rss);

function print(what: string, value: number, unit: string, goal: number | null): void {
  const verdict = goal === null ? '' : `  goal ${goal} ${unit}: ${value <= goal ? 'met' : 'missed'}`;
  process.stdout.write(`${what.padEnd(32)} ${value.toFixed(0).padStart(6)} ${unit}${verdict}\n`);
}

async function timeNode(): Promise<number> {
  const begun = performance.now();
  await new Promise((resolve) => spawn(process.execPath, ['--version'], { stdio: 'ignore' }).once('close', resolve));
  return performance.now() - begun;
}
