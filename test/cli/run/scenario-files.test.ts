import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { inFile, readScenario, scenarioNames } from '../../../src/cli/run/scenario-files.ts';
import { KvctlError } from '../../../src/wire/errors.ts';
import { Home } from '../kvctl.ts';

const home = new Home();
const MINE = join(home.path, 'mine.yaml');
const TEXT = 'name: mine\nwhy: w\nsteps:\n  - load: { writes: 5 }\n';
beforeAll(() => {
  writeFileSync(MINE, TEXT);
  writeFileSync(join(home.path, 'no-ending'), TEXT);
  writeFileSync(join(home.path, 'mine.json'), JSON.stringify({ name: 'mine', why: 'w', steps: [{ kill: 'n2' }] }));
  writeFileSync(join(home.path, 'wrong.yaml'), 'name: mine\nwhy: w\nsteps:\n  - kil: n2\nextra: 1\n');
  mkdirSync(join(home.path, 'directory.yaml'));
});
afterAll(() => home[Symbol.dispose]());

function refusal(nameOrPath: string, overrides: readonly string[] = []): KvctlError {
  try {
    readScenario(nameOrPath, overrides);
  } catch (error) {
    if (error instanceof KvctlError) return error;
    throw error;
  }
  throw new Error('it was read');
}

test('the scenarios that come with kvctl are its YAML files, sorted, each under its own name', () => {
  const files = readdirSync(join(packageRoot, 'scenarios')).filter((file) => file.endsWith('.yaml'));
  expect(scenarioNames()).toEqual(files.map((file) => file.slice(0, -'.yaml'.length)).sort());
  for (const name of scenarioNames()) expect(readScenario(name).scenario.name).toBe(name);
});

describe('a scenario is found', () => {
  test.each([
    ['by the name of one that comes with kvctl', 'quick', 'quick'],
    ['by the path of a file', MINE, 'mine'],
    ['by a relative path', relative(process.cwd(), MINE), 'mine'],
    ['by a path whose file has no ending', join(home.path, 'no-ending'), 'mine'],
    ['in JSON', join(home.path, 'mine.json'), 'mine'],
  ])('%s', (_name, given, name) => {
    expect(readScenario(given).scenario.name).toBe(name);
  });

  test('with values in the place of its own', () => {
    expect(readScenario(MINE, ['steps.load.load.writes=9']).scenario.steps).toMatchObject([{ load: { writes: 9 } }]);
  });
});

describe('what is no scenario is refused', () => {
  test('a name that there is not, with all that there are', () => {
    const { code, message } = refusal('lab-6');
    expect(code).toBe('usage');
    expect(message).toBe(
      `expected a scenario among ${scenarioNames().join(', ')}, or the path of a file, got "lab-6"; \`kvctl scenarios\` says what they show`,
    );
  });

  test.each([[''], ['__proto__'], ['..'], ['scenario.schema']])('%j as a name', (name) => {
    expect(refusal(name).code).toBe('usage');
  });

  test.each([
    ['that is not there', 'absent.yaml', 'ENOENT'],
    ['that is a directory', 'directory.yaml', 'EISDIR'],
    ['below a file', 'mine.yaml/x.yaml', 'ENOTDIR'],
  ])('a path %s', (_name, file, reason) => {
    const path = join(home.path, file);
    const { code, message } = refusal(path);
    expect([code, message]).toEqual([
      'io',
      `expected a scenario file at ${path}, got ${reason}: \`kvctl scenarios\` lists those that come with kvctl`,
    ]);
  });

  test('a file with mistakes, each in a line with the file in front, as compilers do', () => {
    const path = join(home.path, 'wrong.yaml');
    const error = refusal(path);
    expect([error.code, error.exitCode, error.detail]).toEqual(['invalid_scenario', 104, { file: path }]);
    expect(error.message.split('\n')).toEqual([
      expect.stringMatching(/^.*wrong\.yaml: steps\.0 \(line 4\): expected one of load, sweep, .*, got \{"kil":"n2"\}$/),
      `${path}: extra (line 5): expected no field of this name, got "extra"`,
    ]);
    expect(inFile('f', 'a\nb')).toBe('f: a\nf: b');
    expect(inFile('f', '--set: a\nb')).toBe('--set: a\nf: b');
  });

  test('a value of --set that does not fit', () => {
    expect(refusal('quick', ['steps.sweep.load.writes=none']).message).toMatch(
      /quick\.yaml: steps\.0\.load\.writes \(--set\): expected a number, got "none"$/,
    );
  });
});
