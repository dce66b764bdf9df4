/** Puts a report into a run folder: pictures first, then what shows them. One that cannot be painted is a remark: the figures are what a run is for. */
import type { ReportFile } from '../../report/bundle.ts';
import type { Chart } from '../../report/charts/spec.ts';
import { RUN_FILES, type Run } from '../../runs/run.ts';

export interface WriteOptions {
  /** Leave summary.json as it is. */
  readonly keepsSummary?: boolean;
}

export interface Painted {
  /** By the name of the chart, as SVG; their PNGs are in `charts/` already. */
  readonly pictures: ReadonlyMap<string, string>;
  /** What could not be painted, and why. */
  readonly failures: readonly string[];
}

/** Throws `io`. */
export async function paint(run: Run, charts: readonly Chart[]): Promise<Painted> {
  // Loaded here, after the measuring: half a second, and a library of the machine's own that may be missing.
  const painters = await Promise.all([import('../../render/svg.ts'), import('../../render/png.ts')]).catch((error: unknown) =>
    String(error),
  );
  if (typeof painters === 'string') return { pictures: new Map(), failures: [`no pictures were painted: ${painters}`] };
  const [{ renderSvg }, { renderPng }] = painters;
  const failures: string[] = [];
  // SVGs wait for each other, and their PNGs are made meanwhile, on threads of their own.
  const painted = await Promise.all(
    charts.map(async ({ name, spec }) => {
      try {
        const svg = await renderSvg(spec);
        await run.write(`charts/${name}.png`, await renderPng(svg));
        return [[name, svg] as const];
      } catch (error) {
        failures.push(`could not paint ${name}: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    }),
  );
  return { pictures: new Map(painted.flat()), failures };
}

/** Throws `io`. */
export async function writeFiles(run: Run, files: readonly ReportFile[], { keepsSummary = false }: WriteOptions): Promise<void> {
  for (const { file, text } of files) {
    if (file !== RUN_FILES.summary || !keepsSummary) await run.write(file, text);
  }
}
