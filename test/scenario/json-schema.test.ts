// The JSON Schema that ships for editors. Made from the zod schema by `npm run test:update`; draft 7, because that is the newest draft
// that the YAML servers of the editors understand whole.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageRoot } from '#entry';
import packageJson from '../../package.json' with { type: 'json' };
import { loadScenario } from '../../src/scenario/loader.ts';
import { scenarioSchema } from '../../src/scenario/schema.ts';
import { expectGolden } from '../support/golden.ts';

const SCENARIOS = join(packageRoot, 'scenarios');
const FILE = join(SCENARIOS, 'scenario.schema.json');

test('the schema that ships is the one that files are checked by', () => {
  const made = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7' });
  expectGolden('scenarios/scenario.schema.json', `${JSON.stringify(made, null, 2)}\n`);
});

test('the package ships it, and every scenario names it in its first line', () => {
  expect(packageJson.files).toContain('scenarios');
  for (const file of scenarioFiles()) {
    expect(readFileSync(file, 'utf8').split('\n')[0], file).toBe('# yaml-language-server: $schema=scenario.schema.json');
  }
});

const validate = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(FILE, 'utf8')));

function scenarioFiles(): string[] {
  return readdirSync(SCENARIOS)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => join(SCENARIOS, file));
}

test.each(scenarioFiles().map((file) => [basename(file), file] as const))('%s is right by it', (_name, file) => {
  const isRight = validate(parse(readFileSync(file, 'utf8')));
  expect(validate.errors).toBeNull();
  expect(isRight).toBe(true);
});

test('a file that leaves out all that may be left out is right by it', () => {
  expect(validate({ name: 'a', why: 'b', steps: [{ load: {} }] })).toBe(true);
});

describe('what is wrong by it is wrong by the loader too', () => {
  test.each<[string, string]>([
    ['a misspelt field at the top', 'stepps: []'],
    ['a misspelt field of the cluster', 'cluster: { folowers: 3 }'],
    ['a setting that nodes do not have', 'cluster: { settings: { FOO: 1 } }'],
    ['a name with a space', 'name: a b'],
    ['no steps', 'steps: []'],
    ['a misspelt field of a load', 'steps: [{ load: { write: 3 } }]'],
    ['two verbs in a step', 'steps: [{ kill: n2, pause: n3 }]'],
    ['no verb in a step', 'steps: [{ name: a }]'],
    ['a sweep without a load', 'steps: [{ sweep: { quorum: 1-5 } }]'],
    ['two parameters in a sweep', 'steps: [{ sweep: { quorum: 1-5, delay: [1] }, load: {} }]'],
    ['a text for a number', 'steps: [{ load: { writes: many } }]'],
    ['a fraction for a count', 'steps: [{ load: { writes: 1.5 } }]'],
    ['a duration without its unit', 'steps: [{ wait: "30" }]'],
    ['a number for a duration', 'steps: [{ wait: 30 }]'],
    ['an executor that is none', 'steps: [{ load: { executor: fast } }]'],
    ['a put without a value', 'steps: [{ put: { key: a } }]'],
    ['a value expected of a put', 'steps: [{ put: { key: a, value: 1, expect: { value: 1 } } }]'],
    ['an error that nobody answers', 'steps: [{ get: { key: a, expect: { error: quorum_not_meet } } }]'],
    ['an expectation that is no list', 'expect: { all: failed==0 }'],
  ])('%s', (_name, text) => {
    const right = { name: 'a', why: 'b', steps: [{ load: {} }] };
    const wrong = { ...right, ...(parse(text) as object) };
    expect(validate(wrong)).toBe(false);
    expect(loadScenario(JSON.stringify(wrong)).ok).toBe(false);
    expect(loadScenario(JSON.stringify(right)).ok).toBe(true);
  });
});
