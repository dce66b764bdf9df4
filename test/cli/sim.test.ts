import { afterAll, describe, expect, test } from 'vitest';
import { GOALS } from '../../src/sim/goals.ts';
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

  test.each([
    ['faults of several seeds', ['--faults', '3'], /expected --seeds 1 with --faults/],
    ['faults that are no numbers', ['--seeds', '1', '--faults', '3,x'], /expected numbers of faults from 1, like 3,9, or none, got "3,x"/],
    ['no seeds', ['--seeds', '0'], /expected a whole number of at least 1, got "0"/],
    ['too many followers', ['--followers', '8'], /expected a whole number from 0 to 7, got "8"/],
  ])('refuses %s', async (_name, args, message) => {
    const { stderr, exitCode } = await home.kvctl(['sim', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
