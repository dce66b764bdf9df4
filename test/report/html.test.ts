import { expect, test } from 'vitest';
import { chartsOf, reportFiles } from '../../src/report/bundle.ts';
import { reportHtml } from '../../src/report/html.ts';
import type { ReportInput } from '../../src/report/input.ts';
import { type Lab, makeBench } from './bench-fixture.ts';

const inputOf = (lab: Lab = {}): ReportInput => ({
  ...makeBench(lab),
  environment: { kvctl: '0.1.0', node: 'v24' },
  startedAt: '2025-11-21T01:45:01Z',
  command: 'kvctl bench --seed 1',
});
const PICTURES = new Map([
  [
    'overview',
    '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><clipPath id="clip0"></clipPath><g clip-path="url(#clip0)"></g></svg>',
  ],
]);

const dataOf = (html: string): { result: unknown; latencies_ms: Record<string, number[]> | null } =>
  JSON.parse(/<script type="application\/json" id="kvctl-data">(.*?)<\/script>/s.exec(html)![1]!);

test('the page forbids every request and every script, and makes none', () => {
  const html = reportHtml(inputOf(), PICTURES);
  expect(html).toContain(
    `http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"`,
  );
  const addresses = [...html.matchAll(/\b(?:src|href|action|data|poster|xlink:href)="([^"]*)"/g)].map(([, address]) => address);
  expect(addresses.every((address) => address?.startsWith('data:'))).toBe(true);
  expect(html).not.toMatch(/@import|url\((?!#)/);
  // What is left are the addresses of the nodes, as text.
  expect([...html.matchAll(/https?:\/\/[^<"\s&]*/g)].every(([address]) => address.startsWith('http://127.0.0.1:'))).toBe(true);
  expect([...html.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag)).toEqual(['<script type="application/json" id="kvctl-data">']);
});

test('names and keys from outside stay text, and the data can still be read', () => {
  const input = inputOf({ quorums: [1] });
  const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u2028`;
  const result = {
    ...input.result,
    cluster: { ...input.result.cluster, name: evil },
    parity: input.result.parity.map((row) => ({ ...row, status: 'mismatch' as const, stale: 1, keys: [evil] })),
  };
  const html = reportHtml({ ...input, result, environment: { [evil]: evil }, command: evil }, new Map());
  expect(html).not.toMatch(/<img|<script>/);
  expect(html.match(/<\/script>/g)).toHaveLength(1);
  expect(dataOf(html).result).toEqual(result);
});

test('finding, tables, explanation, method and environment are there', () => {
  const html = reportHtml(inputOf(), PICTURES);
  for (const heading of [
    'Results',
    'Explanation',
    'Replicas',
    'Quorum 3 elsewhere',
    'All figures',
    'How it was measured',
    'Environment',
    'Data',
  ]) {
    expect(html).toContain(`<h2>${heading}</h2>`);
  }
  expect(html).toContain('The mean write latency rises from quorum 1');
  expect(html).toContain('kvctl bench --seed 1');
  expect(html).not.toMatch(/NaN|undefined/);
});

test('a picture is described for those who do not see it, and its ids are its own', () => {
  const html = reportHtml(inputOf(), PICTURES);
  expect(html).toMatch(/<figure role="img" aria-label="What a write quorum costs, and what it buys: [^"]+" id="figure-overview">/);
  expect(html).toContain('id="overview-clip0"');
  expect(html).toContain('url(#overview-clip0)');
});

test('the download link holds the same data', () => {
  const html = reportHtml(inputOf(), PICTURES);
  const [, encoded] = /<a download="kvctl-bench\.json" href="data:application\/json;charset=utf-8,([^"]*)"/.exec(html)!;
  expect(JSON.parse(decodeURIComponent(encoded!))).toEqual(dataOf(html));
  expect(dataOf(html).latencies_ms?.['5']).toHaveLength(100);
});

test('a long run leaves its single latencies to the file beside the page', () => {
  const html = reportHtml(inputOf({ quorums: [1], writes: 20_001, delay: '0' }), new Map());
  expect(dataOf(html).latencies_ms).toBeNull();
});

test('the bundle names every file of a report once', () => {
  const input = inputOf();
  const pictures = new Map(chartsOf(input).map(({ name }) => [name, '<svg ></svg>']));
  const files = reportFiles(input, pictures);
  expect(new Set(files.map(({ file }) => file)).size).toBe(files.length);
  expect(files.map(({ file }) => file)).toEqual(
    expect.arrayContaining(['summary.json', 'summary.csv', 'summary.md', 'charts/overview.vl.json', 'charts/overview.svg', 'report.html']),
  );
  expect(JSON.parse(files[0]!.text)).toEqual(input.result);
});
