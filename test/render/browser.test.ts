// The reports in a real browser, with the network cut: they must open without a request, without a complaint, and with their pictures.
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { parseHistory } from '../../src/judge/history.ts';
import { judgeHistory } from '../../src/judge/judge.ts';
import { renderSvg } from '../../src/render/svg.ts';
import { chartsOf } from '../../src/report/bundle.ts';
import type { Chart } from '../../src/report/charts/spec.ts';
import { historyHtml } from '../../src/report/history/html.ts';
import { reportHtml } from '../../src/report/html.ts';
import type { Pictures } from '../../src/report/html-parts.ts';
import { allCharts, runCharts } from '../../src/report/run/charts.ts';
import { runHtml } from '../../src/report/run/html.ts';
import { makeBench } from '../report/bench-fixture.ts';
import { makeRun, makeStale, RUNS } from '../report/run-fixture.ts';
import { requireOrSkip } from '../support/require.ts';

const CHROME = process.env['CHROME_PATH'] ?? '/usr/bin/chromium';

interface Page {
  readonly charts: readonly Chart[];
  readonly html: (pictures: Pictures) => string;
  /** Of its heading. */
  readonly title: string;
  /** Pictures that the page draws itself. */
  readonly own?: number;
}

const PAGES: Readonly<Record<string, () => Page>> = {
  'a benchmark': () => {
    const input = { ...makeBench(), environment: { node: 'v24' }, startedAt: '2025-11-21T01:45:01Z', command: null };
    return { charts: chartsOf(input), html: (pictures) => reportHtml(input, pictures), title: 'What a write quorum costs' };
  },
  'a run with faults, reads, sweeps and stale reads': () => {
    const { input } = makeRun({ ...RUNS['faults, reads and a sweep of delays'], staleReads: [makeStale().stale] });
    const charts = runCharts(input);
    return { charts: allCharts(charts), html: (pictures) => runHtml(input, charts, pictures), title: 'lab-2' };
  },
  'a judged history': () => {
    const file = new URL('../judge/testdata/split-brain-bad.ndjson', import.meta.url);
    const parsed = parseHistory(readFileSync(file, 'utf8').split('\n'));
    if (!parsed.ok) throw new Error(parsed.message);
    const judgement = judgeHistory(parsed.value);
    return { charts: [], own: judgement.violations.length, html: () => historyHtml(judgement, 'split-brain'), title: 'split-brain' };
  },
};

for (const [name, make] of Object.entries(PAGES)) {
  test(`the page of ${name} opens offline with all its pictures, in light and in dark`, async (ctx) => {
    requireOrSkip(ctx, 'browser', isExecutable(CHROME), `no browser at ${CHROME}; set CHROME_PATH`);
    await opensOffline(make());
  }, 60_000);
}

async function opensOffline({ charts, html, title, own = 0 }: Page): Promise<void> {
  const pictures = new Map<string, string>();
  for (const { name, spec } of charts) pictures.set(name, await renderSvg(spec));
  const dir = await mkdtemp(join(tmpdir(), 'kvctl-report-'));
  const page = join(dir, 'report.html');
  await writeFile(page, html(pictures));
  const browser = await chromium.launch({ executablePath: CHROME, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ colorScheme, offline: true });
      const tab = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      tab.on('console', (message) => complaints.push(message.text()));
      tab.on('pageerror', (error) => complaints.push(String(error)));
      tab.on('request', (request) => requests.push(request.url()));
      await tab.goto(pathToFileURL(page).href);
      const figures = await tab.locator('figure svg').all();
      expect(figures).toHaveLength(pictures.size + own);
      for (const figure of figures) {
        const box = await figure.boundingBox();
        expect(box?.width).toBeGreaterThan(300);
        expect(box?.height).toBeGreaterThan(150);
      }
      expect(await tab.locator('h1').textContent()).toContain(title);
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(page).href]);
      await context.close();
    }
  } finally {
    await browser.close();
    await rm(dir, { recursive: true, force: true });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
