import { describe, expect, test } from 'vitest';
import { differences, parseName, parseSpec } from '../../src/cluster/spec.ts';
import { KvctlError } from '../../src/wire/errors.ts';

describe('a wish becomes a spec', () => {
  test('nothing asked for is the course lab', () => {
    expect(parseSpec({})).toEqual({
      name: 'default',
      followers: 5,
      quorum: 3,
      delay: '0-1000',
      store: 'sqlite',
      port: null,
      seed: 1,
      target: 'local',
      settings: {},
    });
  });

  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [9, 3],
  ])('the quorum of %i followers is %i unless asked for', (followers, quorum) => {
    expect(parseSpec({ followers }).quorum).toBe(quorum);
  });

  test('the same delay in other words is the same delay', () => {
    expect(parseSpec({ delay: ' uniform:0,200 ; n2=constant:50' }).delay).toBe(parseSpec({ delay: '0-200;n2=50' }).delay);
  });

  test.each([
    [{ followers: -1 }, '--followers: expected an integer from 0 to 31, got -1'],
    [{ followers: 2.5 }, 'got 2.5'],
    [{ quorum: 6 }, '--quorum: expected an integer from 0 to 5 (the number of followers), got 6'],
    [{ delay: '5-1' }, '--delay: expected the smaller delay first'],
    [{ delay: 'n9=5' }, '--delay: expected nodes among n1, n2'],
    [{ store: 'disk' }, '--store: expected sqlite or memory, got "disk"'],
    [{ port: 80 }, '--port: expected an integer from 1024 to 65530, got 80'],
    [{ port: 65_531 }, 'got 65531'],
    [{ seed: -1 }, '--seed: expected an integer from 0'],
    [{ target: 'swarm' }, '--target: expected local or compose'],
    [{ settings: { PORT: '1' } }, '--set: expected REQUEST_TIMEOUT or'],
    [{ settings: { WINDOW: '65' } }, '--set: WINDOW: expected an integer from 1 to 64, got "65"'],
    [{ settings: { QUORUM_TIMEOUT_MS: 'abc' } }, '--set: QUORUM_TIMEOUT_MS: expected a number from 1 to 600000, got "abc"'],
    [{ settings: { LOG_LEVEL: 'loud' } }, '--set: LOG_LEVEL: expected one of fatal, error'],
    [{ settings: { FAULT_INJECTION: 'yes' } }, '--set: FAULT_INJECTION: expected on or off'],
    [{ name: '../x' }, '--name: expected 1 to 40 of a-z'],
  ])('%j is refused with what was expected and got', (wish, message) => {
    const attempt = () => parseSpec(wish);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }) as KvctlError);
  });

  test.each(['a', 'lab-1', 'x_2', '0'])('%s is a name', (name) => {
    expect(parseName(name)).toBe(name);
  });

  // macOS folds case: "Lab" and "lab" would be one directory with two states.
  test.each(['', '.', '..', 'a/b', 'Lab', '-n', 'a b', 'x'.repeat(41), 'ü'])('%j is no name', (name) => {
    expect(() => parseName(name)).toThrow(KvctlError);
  });
});

describe('two specs differ', () => {
  const standing = parseSpec({});

  test('not at all if they are the same', () => {
    expect(differences(standing, 8000, parseSpec({}))).toEqual([]);
  });

  test('in every option that was asked for, each in a sentence with both sides', () => {
    const wanted = parseSpec({ followers: 3, quorum: 1, delay: '50', store: 'memory', port: 9000, seed: 7, settings: { WINDOW: '4' } });
    expect(differences(standing, 8000, wanted)).toEqual([
      'followers: it has 5, asked for 3',
      'quorum: it has 3, asked for 1',
      'delay: it has 0-1000, asked for 50',
      'store: it has sqlite, asked for memory',
      'port: it has 8000, asked for 9000',
      'seed: it has 1, asked for 7',
      'WINDOW: it has its default, asked for 4',
    ]);
  });

  test('not in the port if none was asked for', () => {
    expect(differences(parseSpec({ port: 9000 }), 9000, parseSpec({}))).toEqual([]);
  });

  test('not in the port if the one that was asked for is the one that it found by itself', () => {
    expect(differences(standing, 8006, parseSpec({ port: 8006 }))).toEqual([]);
  });
});
