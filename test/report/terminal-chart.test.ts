import { expect, test } from 'vitest';
import { factsOf } from '../../src/report/facts.ts';
import { terminalChart } from '../../src/report/terminal-chart.ts';
import { type Lab, makeBench } from './bench-fixture.ts';

const draw = (lab: Lab, width = 80, isAscii = false): string => terminalChart(factsOf(makeBench(lab).result), { width, isAscii });

test('the course lab in 80 columns', () => {
  expect(draw({})).toBe(
    [
      'write latency, ms   ● mean   ╶─╴ 95 %   ◆ model   ◈ both',
      'quorum 1           ╶◆●─╴                                                 186 ±28',
      'quorum 2                     ╶◆●──╴                                      357 ±36',
      'quorum 3                              ╶─◈──╴                             507 ±38',
      'quorum 4                                        ╶─◈─╴                    672 ±35',
      'quorum 5                                                   ╶◈─╴          839 ±26',
      '          ┴───────────┴───────────┴───────────┴───────────┴───────────┴',
      '          0          200         400         600         800       1000',
    ].join('\n'),
  );
});

test('without anything beyond ASCII if so asked', () => {
  const text = draw({ quorums: [1, 3, 5], failShare: (k) => (k === 5 ? 1 : 0.1) }, 80, true);
  expect(text).toMatch(/^[\x20-\x7e\n]+$/);
  expect(text).toContain('[-@--]');
});

test('no line is wider than the terminal, nor ends in spaces', () => {
  for (const width of [50, 60, 80, 120, 300]) {
    for (const line of draw({ failShare: (k) => (k === 2 ? 0.3 : 0) }, width).split('\n')) {
      expect(line.length).toBeLessThanOrEqual(Math.min(width, 100));
      expect(line).toBe(line.trimEnd());
    }
  }
});

test('a quorum whose writes all failed says so in its line', () => {
  expect(draw({ quorums: [1, 5], failShare: (k) => (k === 5 ? 1 : 0) })).toMatch(/^quorum 5 +× 100 failed$/m);
});

test('without any success there is no axis', () => {
  expect(draw({ quorums: [1], failShare: () => 1 }).split('\n')).toHaveLength(2);
});

test('without a model no model is announced', () => {
  expect(draw({ loss: 0.1 })).not.toContain('model');
});
