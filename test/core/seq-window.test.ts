import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeqWindow } from '../../src/core/seq-window.ts';

test('a window of seqs knows what a set knows', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ t: fc.constant('add' as const), ahead: fc.oneof(fc.nat(70), fc.nat(2000)) }) },
    // A run, so that whole words fill up.
    { weight: 2, arbitrary: fc.record({ t: fc.constant('run' as const), ahead: fc.nat(80), length: fc.nat(100) }) },
    { weight: 2, arbitrary: fc.record({ t: fc.constant('raise' as const), by: fc.oneof(fc.nat(3), fc.nat(300)) }) },
    { weight: 2, arbitrary: fc.record({ t: fc.constant('follow' as const) }) },
    { weight: 1, arbitrary: fc.record({ t: fc.constant('clear' as const) }) },
  );
  fc.assert(
    fc.property(fc.nat(100), fc.array(step, { maxLength: 60, size: 'max' }), (start, steps) => {
      const window = new SeqWindow();
      let arrived = new Set<number>();
      let end = start;
      const contiguous = () => {
        let seq = end;
        while (arrived.has(seq + 1)) seq += 1;
        return seq;
      };
      for (const step of steps) {
        if (step.t === 'clear') {
          window.clear();
          arrived = new Set();
        } else if (step.t === 'raise') end += step.by;
        else if (step.t === 'follow') end = contiguous();
        else {
          const first = end + step.ahead - 5;
          for (let seq = Math.max(0, first); seq <= first + (step.t === 'run' ? step.length : 0); seq++) {
            window.add(seq, end);
            arrived.add(seq);
          }
        }
        expect(window.contiguousFrom(end)).toBe(contiguous());
      }
    }),
    { numRuns: 500 },
  );
});

test('a seq too far ahead is forgotten, which is a gap and no lie', () => {
  const window = new SeqWindow();
  const far = 2 ** 22 + 1;
  window.add(far, 0);
  window.add(far - 1, 0);
  expect(window.contiguousFrom(far - 2)).toBe(far - 1);
  window.add(1, 0);
  expect(window.contiguousFrom(far - 1)).toBe(far - 1);
});
