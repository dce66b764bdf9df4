// What holds for every picture, whatever it shows.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { compile, type TopLevelSpec } from 'vega-lite';
import { expect } from 'vitest';
import type { Chart, ChartSpec } from '../../src/report/charts/spec.ts';

const schemaFile = createRequire(import.meta.url).resolve('vega-lite/vega-lite-schema.json');
// The schema describes formats (uri, color-hex) that say nothing about structure.
const isVegaLite = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')));

/** By the schema of vega-lite, and by its compiler. */
export function expectValid({ name, spec }: Chart): void {
  expect(isVegaLite(spec), `${name}: ${JSON.stringify(isVegaLite.errors?.slice(0, 3))}`).toBe(true);
  expect(warningsOf(spec), name).toEqual([]);
}

/** Plain JSON with its data inside. */
export function expectSelfContained({ name, spec }: Chart): void {
  expect(JSON.parse(JSON.stringify(spec)), name).toEqual(spec);
  const { $schema, ...rest } = spec;
  expect($schema).toBe('https://vega.github.io/schema/vega-lite/v6.json');
  expect(JSON.stringify(rest), name).not.toMatch(/https?:|"url"|NaN/);
}

export function expectNamed(all: readonly Chart[]): void {
  expect(new Set(all.map((chart) => chart.name)).size).toBe(all.length);
  for (const { name, alt, spec } of all) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(alt.length).toBeGreaterThan(20);
    expect((spec['title'] as { text: string }).text).not.toMatch(/NaN|undefined|null/);
  }
}

function warningsOf(spec: ChartSpec): string[] {
  const warnings: string[] = [];
  const note = (...messages: readonly unknown[]) => {
    warnings.push(messages.join(' '));
    return logger;
  };
  const logger = { level: () => logger, error: note, warn: note, info: () => logger, debug: () => logger };
  compile(spec as unknown as TopLevelSpec, { logger: logger as never });
  return warnings;
}
