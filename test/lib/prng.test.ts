import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Prng } from '../../src/lib/prng.ts';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function draw(prng: Prng, count: number): number[] {
  return Array.from({ length: count }, () => prng.next());
}

/** sfc32 as published, with big integers reduced modulo 2^32 instead of the engine's 32-bit operators. */
function* slowSfc32(seed: number): Generator<number, never> {
  const word = 2n ** 32n;
  let a = BigInt(seed) % word;
  let b = BigInt(seed) / word;
  let c = 0n;
  let counter = 1n;
  const step = () => {
    const output = (a + b + counter) % word;
    counter = (counter + 1n) % word;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) % word;
    c = ((((c << 21n) % word) | (c >> 11n)) + output) % word;
    return output;
  };
  for (let i = 0; i < 15; i++) step();
  while (true) {
    const upper = step() >> 5n;
    const lower = step() >> 6n;
    yield Number(upper * 2n ** 26n + lower) / 2 ** 53;
  }
}

test('draws are those of sfc32, computed with big integers', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const slow = slowSfc32(seed);
      expect(draw(new Prng(seed), 20)).toEqual(Array.from({ length: 20 }, () => slow.next().value));
    }),
  );
});

test('golden values: a seed written down today gives the same run for ever', () => {
  expect(draw(new Prng(0), 2)).toEqual([0.9817317219131122, 0.5801159137713449]);
  expect(draw(new Prng(42), 2)).toEqual([0.7010580966032915, 0.3602520223017406]);
  expect(draw(new Prng(42).fork('n2'), 2)).toEqual([0.817671400240811, 0.9082953101018639]);
  expect(draw(new Prng(Number.MAX_SAFE_INTEGER).fork('n2').fork('delay'), 2)).toEqual([0.6156574990722188, 0.9671084560166584]);
});

test('a substream does not depend on what was drawn before, nor on other substreams', () => {
  fc.assert(
    fc.property(seeds, fc.string(), fc.string(), fc.nat(50), (seed, name, other, drawn) => {
      const untouched = draw(new Prng(seed).fork(name), 5);
      const used = new Prng(seed);
      draw(used, drawn);
      draw(used.fork(other), drawn);
      expect(draw(used.fork(name), 5)).toEqual(untouched);
    }),
  );
});

test('forking draws nothing from the parent', () => {
  const parent = new Prng(7);
  parent.fork('a');
  expect(draw(parent, 3)).toEqual(draw(new Prng(7), 3));
});

test('different names and different seeds give different substreams', () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 200; seed++) {
    for (let i = 0; i < 50; i++) firsts.add(new Prng(seed).fork(`n${i}`).next());
  }
  expect(firsts.size).toBe(200 * 50);
});

test('draws fill [0, 1) evenly, within a stream and over the first draws of substreams', () => {
  const stream = new Prng(1);
  const within = draw(stream, 50_000);
  const across = Array.from({ length: 50_000 }, (_, i) => stream.fork(`${i}`).next());
  for (const draws of [within, across]) {
    const cells = new Array<number>(50).fill(0);
    for (const u of draws) {
      expect(u >= 0 && u < 1).toBe(true);
      cells[Math.floor(u * 50)] = (cells[Math.floor(u * 50)] ?? 0) + 1;
    }
    const chiSquare = cells.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 49 degrees of freedom: 85.4 at one in a thousand; the seed is fixed, so this cannot flicker.
    expect(chiSquare).toBeLessThan(85.4);
  }
});

test('int stays below its bound, takes one draw and reaches every value', () => {
  const prng = new Prng(3);
  const twin = new Prng(3);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const value = prng.int(7);
    expect(value).toBe(Math.floor(twin.next() * 7));
    seen.add(value);
  }
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(() => prng.int(0)).toThrow('bound');
});

test('a seed that is no integer from 0 to 2^53 - 1 is a bug of the caller', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => new Prng(seed)).toThrow('seed');
});
