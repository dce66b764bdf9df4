import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseHistory } from '../../src/judge/history.ts';
import { judgeHistory } from '../../src/judge/judge.ts';
import type { Judgement, ShownViolation } from '../../src/judge/judgement.ts';
import { historyHtml } from '../../src/report/history/html.ts';
import { violationText } from '../../src/report/history/text.ts';
import { timelineSvg } from '../../src/report/history/timeline.ts';

function judged(...lines: readonly (object | string)[]): Judgement {
  const parsed = parseHistory(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))));
  if (!parsed.ok) throw new Error(parsed.message);
  return judgeHistory(parsed.value);
}

const testdata = (name: string): Judgement =>
  judged(...readFileSync(new URL(`../judge/testdata/${name}.ndjson`, import.meta.url), 'utf8').split('\n'));

const first = ({ violations }: Judgement): ShownViolation => violations[0] as ShownViolation;
const count = (text: string, part: string): number => text.split(part).length - 1;

test('the timeline has a lane per client and a bar per operation, with its details where the pointer rests', () => {
  const svg = timelineSvg(first(testdata('split-brain-bad')), 'ns');
  expect(count(svg, '<text x="8"')).toBe(4);
  expect(count(svg, '<g class="bar"')).toBe(4);
  expect(svg).toContain('<title>write 1, by client 0\ncalled 0.000 ms (line 1), completed 2.00 ms (line 3)</title>');
});

test('an operation that may still happen is open to the right, and its client goes on in a row of its own', () => {
  const at = (process: number, type: string, f: string, value?: unknown) => ({ process, type, f, key: 'k', value });
  const judgement = judged(
    at(1, 'invoke', 'write', 5),
    at(1, 'info', 'write'),
    at(1, 'invoke', 'read'),
    at(1, 'ok', 'read', 5),
    at(1, 'invoke', 'read'),
    at(1, 'ok', 'read', null),
  );
  const svg = timelineSvg(first(judgement), 'position');
  expect(svg).toMatch(/<g class="bar doubt"><title>write 5 \(unknown\), by client 1\ncalled #1 \(line 1\), completed #2/);
  const tops = [...svg.matchAll(/<rect x="\d+" y="(\d+)"/g)].map(([, y]) => Number(y));
  expect(new Set(tops).size).toBe(2);
  // One lane's name for both rows.
  expect(count(svg, '<text x="8"')).toBe(1);
});

test('bars are as wide as their labels need, and none beside another overlap', () => {
  const { violations, time_unit: unit } = testdata('two-cas-bad');
  const svg = timelineSvg(violations[0] as ShownViolation, unit);
  const bars = [...svg.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)".*?<text[^>]*>([^<]*)</g)].map(([, x, y, width, label]) => ({
    ...{ left: Number(x), top: Number(y), right: Number(x) + Number(width) },
    needed: 5 * (label ?? '').length,
  }));
  expect(bars).toHaveLength(3);
  for (const [i, { left, top, right, needed }] of bars.entries()) {
    expect(right - left).toBeGreaterThan(needed);
    for (const other of bars.slice(i + 1)) if (other.top === top) expect(other.left).toBeGreaterThan(right);
  }
});

test('what was done to the system stands where it was done', () => {
  const event = (time: number, process: number | string, type: string, f: string, value?: unknown) => ({
    time,
    process,
    type,
    f,
    key: 'k',
    value,
  });
  const judgement = judged(
    event(1, 1, 'invoke', 'write', 5),
    event(2, 1, 'ok', 'write'),
    event(3, 'nemesis', 'info', 'kill', 'n3'),
    event(4, 1, 'invoke', 'read'),
    event(5, 1, 'ok', 'read', null),
    event(9, 'nemesis', 'info', 'heal'),
  );
  expect(first(judgement).marks).toEqual([{ position: 2, time: 3, text: 'kill n3' }]);
  expect(timelineSvg(first(judgement), 'ns')).toContain('<title>kill n3</title><line class="mark"');
});

test('the page forbids every request and every script, and what comes from outside stays text', () => {
  const evil = `</title></svg><script>alert(1)</script><img src=x onerror=alert(1)>"'&`;
  const line = (type: string, f: string, value?: unknown) => ({ process: evil, type, f, key: evil, value, node: evil, error: evil });
  const judgement = judged(
    { time: 1, ...line('invoke', 'write', evil) },
    { time: 2, ...line('ok', 'write') },
    { time: 3, process: 'nemesis', type: 'info', f: evil, value: evil },
    { time: 4, ...line('invoke', 'read') },
    { time: 5, ...line('ok', 'read', null) },
  );
  const html = historyHtml(judgement, evil);
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'`);
  expect(html).not.toMatch(/<script|<img|https?:/);
  expect(html).not.toMatch(/NaN|undefined/);
  expect(count(html, '<figure')).toBe(judgement.violations.length);
  expect(judgement.violations[0]?.marks).toHaveLength(1);
});

test('a page of a history without violations says so', () => {
  const html = historyHtml(testdata('twice-ok'), 'history');
  expect(html).toContain('<p class="finding">Ok: every key is linearizable (5 operations on 1 key)</p>');
  expect(html).not.toContain('<figure');
});

test('a page names the keys that were not decided', () => {
  const judgement: Judgement = {
    ...testdata('twice-ok'),
    verdict: 'unknown',
    undecided: [{ judge: 'linearizability', key: 'hard', why: 'not decided in the time given' }],
  };
  expect(historyHtml(judgement, 'history')).toMatch(/<h2>Not decided<\/h2>.*hard.*not decided in the time given/s);
});

test('in a terminal that is too narrow the bars are left out, and a long part is cut', () => {
  const violation = first(testdata('late-write-bad'));
  expect(violationText(violation, 40).chart).not.toContain('|--');
  expect(violationText(violation, 80).chart).toContain('|--');
  const operations = Array.from({ length: 60 }, () => violation.operations[0]!);
  expect(violationText({ ...violation, operations }, 80).chart).toMatch(/\n {2}… and 20 more$/);
});
