import { readFileSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';
import { describe, expect, test } from 'vitest';
import { FONT_FAMILY, FONT_FILES, textWidth } from '../../src/render/font.ts';
import { renderPng } from '../../src/render/png.ts';
import { renderSvg } from '../../src/render/svg.ts';
import { charts } from '../../src/report/charts/all.ts';
import type { Chart } from '../../src/report/charts/spec.ts';
import { durabilityCharts } from '../../src/report/durability/bundle.ts';
import { factsOf } from '../../src/report/facts.ts';
import { allCharts, runCharts } from '../../src/report/run/charts.ts';
import { type Lab, type MadeBench, makeBench, makeSweep, type SweptLab } from '../report/bench-fixture.ts';
import { makeDurability } from '../report/durability-fixture.ts';
import { makeRun, RUNS } from '../report/run-fixture.ts';

const LABS: Readonly<Record<string, Lab>> = {
  'the course lab': {},
  'one quorum': { quorums: [3] },
  'quorums with gaps, one of them all failed': { quorums: [1, 3, 5], failShare: (k) => (k === 5 ? 1 : k === 3 ? 0.12 : 0) },
  'failures only': { failShare: () => 1 },
  'constant delays': { delay: '50' },
  'no follower': { followers: 0, quorums: [0] },
};

const SWEPT: Readonly<Record<string, SweptLab>> = {
  'delays of which one is long': { parameter: 'delay', values: ['0-10', '0-100;n2=5;n3=1000;n4=0.5-2', '3'], each: (delay) => ({ delay }) },
  'numbers far apart, one of them all failed': {
    parameter: 'concurrency',
    values: ['1', '10', '1000'],
    each: (n) => ({ concurrency: Number(n), failShare: () => (n === '10' ? 1 : 0) }),
  },
};

const chartsOf = ({ result, shapes }: MadeBench): readonly Chart[] => charts(factsOf(result), shapes);

/** Everything that is drawn anywhere, case by case. */
const CASES: readonly (readonly [name: string, charts: () => readonly Chart[]])[] = [
  ...Object.entries(LABS).map(([name, lab]) => [name, () => chartsOf(makeBench(lab))] as const),
  ...Object.entries(SWEPT).map(([name, lab]) => [name, () => chartsOf(makeSweep(lab))] as const),
  ['durability from quorum 0 on', () => durabilityCharts(makeDurability({ quorums: [0, 1, 2, 3, 4, 5] }))],
  ['durability with losses', () => durabilityCharts(makeDurability({ quorums: [1], lostSafely: 2 }))],
  ...Object.entries(RUNS).map(([name, story]) => [`run: ${name}`, () => allCharts(runCharts(makeRun(story).input))] as const),
];

async function paintAll(all: readonly Chart[], onWarning?: (message: string) => void): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  for (const { name, spec } of all) pictures.set(name, await renderSvg(spec, onWarning));
  return pictures;
}

const picturesOf = (lab: Lab) => paintAll(chartsOf(makeBench(lab)));

describe.each(CASES)('%s', (_, chartsOfCase) => {
  test('every picture is drawn without a warning and without a figure that is none', async () => {
    const warnings: string[] = [];
    const pictures = await paintAll(chartsOfCase(), (message) => warnings.push(message));
    expect(warnings).toEqual([]);
    for (const [name, svg] of pictures) {
      expect(svg, name).toMatch(/^<svg [^>]*viewBox=/);
      expect(svg, name).not.toMatch(/NaN|undefined|Infinity|null/);
    }
  });

  test('no text is outside its picture', async () => {
    for (const [name, svg] of await paintAll(chartsOfCase())) {
      const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!;
      const painted = paint(svg, 1).getBBox()!;
      expect(painted.x, name).toBeGreaterThanOrEqual(0);
      expect(painted.y, name).toBeGreaterThanOrEqual(0);
      expect(painted.x + painted.width, name).toBeLessThanOrEqual(Number(width));
      expect(painted.y + painted.height, name).toBeLessThanOrEqual(Number(height));
    }
  });
});

const textsOf = (svg: string | undefined): string[] => [...(svg ?? '').matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);

test('the ends of the lines are named with their figures, and ticks stand at the quorums that ran', async () => {
  const texts = textsOf((await picturesOf({ quorums: [1, 3, 5] })).get('latency-vs-quorum'));
  expect(texts).toEqual(expect.arrayContaining(['mean 839', 'model 833', 'p99 994', '186', '507', '1', '3', '5']));
  expect(texts).not.toContain('2');
});

test('a quorum whose writes all failed has a mark instead of a point', async () => {
  const svg = (await picturesOf({ quorums: [1, 5], failShare: (k) => (k === 5 ? 1 : 0) })).get('latency-vs-quorum');
  expect(textsOf(svg)).toContain('× all failed');
});

test('equal specifications give equal bytes, also when they are drawn at once', async () => {
  const { result, shapes } = makeBench();
  const all = charts(factsOf(result), shapes);
  const [first, second] = await Promise.all([
    Promise.all(all.map(({ spec }) => renderSvg(spec))),
    Promise.all(all.map(({ spec }) => renderSvg(spec))),
  ]);
  expect(second).toEqual(first);
  expect(await renderPng(first![0]!)).toEqual(await renderPng(second![0]!));
});

test('a chart that asks for a file or an address is refused, and the next one is drawn', async () => {
  const asking = (url: string) => ({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    data: { url },
    mark: 'point',
    encoding: {},
  });
  for (const url of ['/etc/hostname', 'file:///etc/hostname', 'http://127.0.0.1:9/x.json']) {
    await expect(renderSvg(asking(url))).rejects.toThrow('must carry its data');
  }
  expect((await picturesOf({ quorums: [1] })).size).toBeGreaterThan(4);
});

describe('the font', () => {
  test.each([
    ['Hello, world 0123456789', 400],
    ['latency of a write, ms (k = 3) × ≥ – “é” ·', 400],
    ['iiiiWWWW mean 839', 700],
  ])('measures %j as wide as it is painted', async (text, weight) => {
    const box = paint(textSvg(text, weight), 1).innerBBox()!;
    // The painted box leaves out the empty space at both ends of a line, a pixel or two at this size.
    expect(textWidth(text, 40, weight) / box.width).toBeGreaterThan(0.99);
    expect(textWidth(text, 40, weight) / box.width).toBeLessThan(1.03);
  });

  test('is the only one: no system font is asked', async () => {
    const pixels = await pixelsOf(await renderPng(textSvg('kvctl', 400), { scale: 1 }));
    const inked = inkOf(pixels);
    expect(inked.count).toBeGreaterThan(300);
    expect(inked.width / textWidth('kvctl', 40, 400)).toBeGreaterThan(0.9);
    expect(inked.width / textWidth('kvctl', 40, 400)).toBeLessThan(1.05);
  });

  test('has the regular and the bold face in files of the package', () => {
    for (const file of Object.values(FONT_FILES)) expect(readFileSync(file).subarray(0, 4)).toEqual(Buffer.from([0, 1, 0, 0]));
    expect(textWidth('mean', 12, 'bold')).toBeGreaterThan(textWidth('mean', 12, undefined));
  });
});

test('a PNG has the picture on white, at the scale that was asked for', async () => {
  const svg = (await picturesOf({ quorums: [1, 2] })).get('latency-vs-quorum')!;
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!;
  const png = await renderPng(svg, { scale: 2 });
  expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const image = await pixelsOf(png);
  expect([image.width, image.height]).toEqual([Math.ceil(Number(width) * 2), Math.ceil(Number(height) * 2)]);
  expect([...image.pixels.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
  const colours = new Set<string>();
  for (let i = 0; i < image.pixels.length; i += 4) colours.add(image.pixels.subarray(i, i + 3).toString('hex'));
  // The blue of what was measured and the orange of the model.
  expect(colours).toContain('0072b2');
  expect(colours).toContain('d55e00');
});

function textSvg(text: string, weight: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="80"><text x="10" y="50" font-size="40" font-weight="${weight}" font-family="${FONT_FAMILY}">${text}</text></svg>`;
}

function paint(svg: string, scale: number): Resvg {
  return new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: {
      loadSystemFonts: false,
      fontFiles: Object.values(FONT_FILES),
      defaultFontFamily: 'DejaVu Sans',
      sansSerifFamily: 'DejaVu Sans',
    },
  });
}

/** The painter reads its own format back: a picture in a picture has its pixels. */
async function pixelsOf(png: Uint8Array): Promise<{ width: number; height: number; pixels: Buffer }> {
  const view = new DataView(png.buffer, png.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  const image = new Resvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${href}" width="${width}" height="${height}"/></svg>`,
  ).render();
  return { width, height, pixels: image.pixels };
}

function inkOf({ width, pixels }: { width: number; pixels: Buffer }): { count: number; width: number } {
  let count = 0;
  let [left, right] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i]! > 128) continue;
    count++;
    left = Math.min(left, (i / 4) % width);
    right = Math.max(right, (i / 4) % width);
  }
  return { count, width: right - left };
}
