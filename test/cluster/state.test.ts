import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { clusterPaths, stateHome } from '../../src/cluster/home.ts';
import { findProcess } from '../../src/cluster/process.ts';
import { listNames, loadState, observe, readState, withProcess, writeState } from '../../src/cluster/state.ts';
import { makeHome, stateOf } from './sandbox.ts';

test('a state that was written is read again, and is for this user only', () => {
  const home = makeHome();
  const paths = clusterPaths('lab', home);
  const state = stateOf('lab', home);
  writeState(paths, state);
  expect(loadState('lab', home)).toEqual(state);
  expect(statSync(paths.stateFile).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(paths.stateFile)).mode & 0o777).toBe(0o700);
});

test('an unknown cluster is an error that says how to start one, and which are known', () => {
  const home = makeHome();
  expect(() => loadState('lab', home)).toThrow('no cluster "lab" is known: start one with `kvctl up -n lab`');
  expect(() => loadState('default', home)).toThrow('start one with `kvctl up`');
  writeState(clusterPaths('two', home), stateOf('two', home));
  expect(() => loadState('lab', home)).toThrow('(known: two; choose one by -n)');
  expect(listNames(home)).toEqual(['two']);
});

test('a state file that is none is an error that names it', () => {
  const home = makeHome();
  const paths = clusterPaths('lab', home);
  mkdirSync(paths.directory, { recursive: true });
  writeFileSync(paths.stateFile, '{"schema_version":2}');
  expect(() => readState(paths)).toThrow(paths.stateFile);
  expect(() => readState(paths)).toThrow(expect.objectContaining({ code: 'io' }) as Error);
  writeFileSync(paths.stateFile, '{');
  expect(() => readState(paths)).toThrow('expected a kvctl state file');
  rmSync(paths.stateFile);
});

test('a node is running only if the process with its pid has its start time', () => {
  const self = findProcess(process.pid)!;
  const state = stateOf('lab', makeHome());
  expect(observe(state.nodes).map((node) => node.state)).toEqual(['stopped', 'stopped']);
  const running = withProcess(state, 'n2', self);
  expect(observe(running.nodes).map((node) => node.state)).toEqual(['stopped', 'running']);
  const reused = withProcess(state, 'n2', { pid: self.pid, start_time: 'before' });
  expect(observe(reused.nodes).map((node) => node.state)).toEqual(['stopped', 'stopped']);
  expect(observe(withProcess(running, 'n2', null).nodes).map((node) => node.identity)).toEqual([null, null]);
});

test('the state directory is KVCTL_HOME, else that of XDG, else in the home directory', () => {
  expect(stateHome({ KVCTL_HOME: '/a', XDG_STATE_HOME: '/b' })).toBe('/a');
  expect(stateHome({ KVCTL_HOME: '', XDG_STATE_HOME: '/b' })).toBe('/b/kvctl');
  // The XDG specification: relative paths are to be ignored.
  expect(stateHome({ XDG_STATE_HOME: 'b' })).toMatch(/\/\.local\/state\/kvctl$/);
  expect(stateHome({})).toBe(stateHome({ XDG_STATE_HOME: '' }));
  expect(stateHome({ KVCTL_HOME: 'relative' })).toBe(join(process.cwd(), 'relative'));
});
