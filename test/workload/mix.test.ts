import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Prng } from '../../src/lib/prng.ts';
import { RequestMix } from '../../src/workload/mix.ts';

const spec = { label: 'q3', keys: 10, valueBytes: 16, readShare: 0.25 };

test('request i is the same in whatever order requests are made', () => {
  fc.assert(
    fc.property(fc.nat(), fc.uniqueArray(fc.nat(500), { minLength: 2 }), (seed, indexes) => {
      const forwards = new RequestMix(spec, new Prng(seed));
      const backwards = new RequestMix(spec, new Prng(seed));
      const expected = new Map(indexes.map((index) => [index, forwards.at(index)]));
      for (const index of indexes.toReversed()) expect(backwards.at(index)).toEqual(expected.get(index));
    }),
  );
});

test('another read share leaves the keys as they were', () => {
  const [few, many] = [0.1, 0.9].map((readShare) => new RequestMix({ ...spec, readShare }, new Prng(1))) as [RequestMix, RequestMix];
  for (let i = 0; i < 100; i++) expect(few.at(i).key).toBe(many.at(i).key);
});

test('reads make up their share, within chance', () => {
  for (const readShare of [0, 0.25, 1]) {
    const mix = new RequestMix({ ...spec, readShare }, new Prng(2));
    const reads = Array.from({ length: 10_000 }, (_, i) => mix.at(i)).filter((request) => request.op === 'get').length;
    // Fixed seed; four standard errors of a quarter of 10,000 are 173.
    expect(Math.abs(reads - readShare * 10_000)).toBeLessThan(readShare === 0.25 ? 173 : 1);
  }
});

test('a mix that cannot be drawn is a bug of the caller', () => {
  for (const wrong of [{ keys: 0 }, { valueBytes: -1 }, { readShare: 1.1 }]) {
    expect(() => new RequestMix({ ...spec, ...wrong }, new Prng(1))).toThrow('expected');
  }
});
