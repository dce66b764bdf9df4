/** A state directory for each test of a file. */
import { afterEach, beforeEach } from 'vitest';
import { down } from '../../src/cluster/cluster.ts';
import { listNames } from '../../src/cluster/state.ts';
import { Home } from '../cli/kvctl.ts';

/** Hands a fresh one over before each test; afterwards clusters that the test left behind are taken down, and it is removed. */
export function homePerTest(handOver: (home: Home) => void): void {
  let home: Home;
  beforeEach(() => {
    home = new Home();
    handOver(home);
  });
  afterEach(async () => {
    for (const name of listNames(home.path)) await down(name, { home: home.path });
    home[Symbol.dispose]();
  });
}
