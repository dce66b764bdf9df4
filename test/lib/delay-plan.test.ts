import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDelays, parseDelays } from '../../src/lib/delay-plan.ts';
import { distributions } from './arbitrary-distribution.ts';

test('one delay stands for all nodes', () => {
  expect(parseDelays('0-1000')).toEqual({ ok: true, value: { all: { kind: 'uniform', min: 0, max: 1000 }, perNode: new Map() } });
});

test('nodes have delays of their own, with and without one for the rest', () => {
  const n3 = { kind: 'constant', value: 50 };
  expect(parseDelays('n2=5-10; n3=50')).toEqual({
    ok: true,
    value: {
      all: null,
      perNode: new Map<string, unknown>([
        ['n2', { kind: 'uniform', min: 5, max: 10 }],
        ['n3', n3],
      ]),
    },
  });
  expect(parseDelays('n3=50;exponential:20')).toEqual({
    ok: true,
    value: { all: { kind: 'exponential', mean: 20 }, perNode: new Map([['n3', n3]]) },
  });
});

test.each(['', ';', '0-10;', '0-10;50', 'n2=5;n2=6', '=5', 'n2=', 'n2', 'a b=5', 'n2=5,n3=6'])('"%s" is refused', (text) => {
  const parsed = parseDelays(text);
  expect(parsed.ok).toBe(false);
  if (!parsed.ok) expect(parsed.message).toMatch(/^expected .* (got|two)/);
});

test('a formatted plan parses to itself', () => {
  const plans = fc.record({
    all: fc.option(distributions),
    perNode: fc.array(fc.tuple(fc.stringMatching(/^n[1-9]\d?$/), distributions)).map((pairs) => new Map(pairs)),
  });
  fc.assert(
    fc.property(plans, (plan) => {
      fc.pre(plan.all !== null || plan.perNode.size > 0);
      expect(parseDelays(formatDelays(plan))).toEqual({ ok: true, value: plan });
    }),
  );
});
