// The report in a real browser, with the network cut: it must open without a request, without a complaint, and with its pictures.
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { renderSvg } from '../../src/render/svg.ts';
import { chartsOf } from '../../src/report/bundle.ts';
import { reportHtml } from '../../src/report/html.ts';
import { makeBench } from '../report/bench-fixture.ts';
import { requireOrSkip } from '../support/require.ts';

const CHROME = process.env['CHROME_PATH'] ?? '/usr/bin/chromium';

test('report.html opens offline with all its pictures, in light and in dark', async (ctx) => {
  requireOrSkip(ctx, 'browser', isExecutable(CHROME), `no browser at ${CHROME}; set CHROME_PATH`);
  const input = { ...makeBench(), environment: { node: 'v24' }, startedAt: '2025-11-21T01:45:01Z', command: null };
  const pictures = new Map<string, string>();
  for (const { name, spec } of chartsOf(input)) pictures.set(name, await renderSvg(spec));
  const dir = await mkdtemp(join(tmpdir(), 'kvctl-report-'));
  const page = join(dir, 'report.html');
  await writeFile(page, reportHtml(input, pictures));
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
      expect(figures).toHaveLength(pictures.size);
      for (const figure of figures) {
        const box = await figure.boundingBox();
        expect(box?.width).toBeGreaterThan(300);
        expect(box?.height).toBeGreaterThan(150);
      }
      expect(await tab.locator('h1').textContent()).toContain('What a write quorum costs');
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(page).href]);
      await context.close();
    }
  } finally {
    await browser.close();
    await rm(dir, { recursive: true, force: true });
  }
}, 60_000);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
