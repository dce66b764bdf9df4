import { expect, test } from 'vitest';
import { compareVersions } from '../../src/core/version.ts';
import { ordinalOf, sayOrdinal, versionOf } from '../../src/sim/ordinal.ts';

const VERSIONS = [0, 1, 2, 300].flatMap((epoch) => [0, 1, 7, 2 ** 32 - 1].map((seq) => ({ epoch, seq })));

test('an ordinal orders exactly as versions do, and names one of them', () => {
  for (const a of VERSIONS) {
    expect(versionOf(ordinalOf(a))).toEqual(a);
    for (const b of VERSIONS) expect(Math.sign(ordinalOf(a) - ordinalOf(b))).toBe(Math.sign(compareVersions(a, b)));
  }
  expect([sayOrdinal(0), sayOrdinal(ordinalOf({ epoch: 2, seq: 7 }))]).toEqual(['nothing', '2.7']);
});
