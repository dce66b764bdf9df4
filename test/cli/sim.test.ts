import { afterAll, describe, expect, test } from 'vitest';
import { GOALS } from '../../src/sim/goals.ts';
import type { SweepRow } from '../../src/sim/sweep.ts';
import { finished, Home } from './kvctl.ts';

const home = new Home();
afterAll(() => home[Symbol.dispose]());

describe('kvctl sim', () => {
  test('says how much was simulated, what happened in it, and that nothing broke', async () => {
    const { stdout, stderr, exitCode } = await home.kvctl(['sim', '--seeds', '20']);
    expect({ stderr, exitCode }).toEqual({ stderr: '20 seeds from 1 on\n', exitCode: 0 });
    expect(stdout).toMatch(/^happened +in seeds\na follower acked after the client had its answer +\d+\n/);
    expect(stdout).toMatch(
      /\n\n20 seeds, \d\d,\d{3} events, [\d,]+ writes acknowledged: no violation\n\d+\.\d s, \d+ seeds\/s, [\d,]+ events\/s; /,
    );
  });

  test('gives the same document for the same seeds, but for the time it took', async () => {
    const args = ['sim', '--seeds', '5', '--seed', '40', '--events', '500', '-o', 'json', '-q'];
    const [one, other] = (await Promise.all([home.kvctl(args), home.kvctl(args)])).map(({ stdout }) => JSON.parse(stdout));
    expect({ ...one, seconds: 0 }).toEqual({ ...other, seconds: 0 });
    expect(one).toMatchObject({
      schema_version: 1,
      seeds: 5,
      first_seed: 40,
      violations: 0,
      failures: [],
      hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect([...one.goals_reached, ...one.goals_missed].sort()).toEqual([...GOALS].sort());
    const others = JSON.parse((await home.kvctl([...args.slice(0, 4), '41', ...args.slice(5)])).stdout);
    expect(others.hash).not.toBe(one.hash);
  });

  test('prints the goals as rows', async () => {
    const { stdout } = await home.kvctl(['sim', '--seeds', '1', '-o', 'csv', '-q']);
    expect(stdout).toMatch(/^goal,seeds\n/);
    expect(stdout.trim().split('\n')).toHaveLength(GOALS.length + 1);
  });

  test('ends with 105 at Ctrl-C, and says what was done until then', async () => {
    const child = home.start(['sim', '--seeds', '1000000', '-o', 'json']);
    let said = '';
    child.stderr?.on('data', (text: Buffer) => {
      said += text;
      if (said.includes('seeds from')) setTimeout(() => child.kill('SIGINT'), 300);
    });
    const { exitCode, stdout } = await finished(child);
    expect(exitCode).toBe(105);
    expect(JSON.parse(stdout)).toMatchObject({ violations: 0 });
    expect(JSON.parse(stdout).seeds).toBeLessThan(1_000_000);
  });

  test('sweeps the followers of clusters that no laptop can run', async () => {
    const { stdout, exitCode } = await home.kvctl([
      'sim',
      '--sweep',
      'followers=1,5,40',
      '--delay',
      '0-100',
      '--writes',
      '100',
      '-o',
      'json',
      '-q',
    ]);
    expect(exitCode).toBe(0);
    const { rows } = JSON.parse(stdout) as { rows: SweepRow[] };
    expect(rows.map(({ followers, quorum }) => [followers, quorum])).toEqual([
      [1, 1],
      [5, 3],
      [40, 20],
    ]);
    const { stdout: table } = await home.kvctl(['sim', '--sweep', 'quorum=0..2', '--followers', '2', '--writes', '50', '-q']);
    expect(table).toMatch(/^followers {2}quorum {2}mean ms/);
    expect(table.trim().split('\n')).toHaveLength(4);
  });

  test.each([
    ['faults of several seeds', ['--faults', '3'], /expected --seeds 1 with --faults/],
    ['faults that are no numbers', ['--seeds', '1', '--faults', '3,x'], /expected numbers of faults from 1, like 3,9, or none, got "3,x"/],
    ['no seeds', ['--seeds', '0'], /expected a whole number of at least 1, got "0"/],
    ['too many followers', ['--followers', '8'], /expected at most 7 followers without --sweep, got 8/],
    ['a sweep of nothing', ['--sweep', 'followers=5..1'], /expected what is swept and its values, .*got "followers=5\.\.1"/],
    ['a quorum larger than its cluster', ['--sweep', 'quorum=1..6'], /expected a quorum of at most the followers, got 6 of 5/],
  ])('refuses %s', async (_name, args, message) => {
    const { stderr, exitCode } = await home.kvctl(['sim', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
