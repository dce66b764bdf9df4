/** Sections that the pages of benchmarks and of scenarios share: how it was measured, where, how to repeat it, and the data to save. */
import { equivalentsOf } from './equivalents.ts';
import type { Facts } from './facts.ts';
import { definition, downloadLink, escapeHtml, escapeJson, section } from './html-parts.ts';

/** Beyond this they stay in samples.ndjson: a page of many megabytes opens nowhere well. */
const MAX_EMBEDDED_LATENCIES = 20_000;

export function method(terms: readonly { readonly term: string; readonly text: string }[]): string {
  return section('How it was measured', `<dl>${terms.map(({ term, text }) => definition(term, escapeHtml(text))).join('')}</dl>`);
}

export function circumstances(environment: Readonly<Record<string, string>>, command: string | null): string {
  return section(
    'Environment',
    `<dl>${Object.entries(environment)
      .map(([name, value]) => definition(name, escapeHtml(value)))
      .join('')}</dl>`,
    ...(command === null ? [] : [`<p>Again, with the same delays: <code>${escapeHtml(command)}</code></p>`]),
  );
}

/** What the quorum in the middle of a sweep is called by other systems; nothing without followers. */
export function elsewhere({ followers, exampleQuorum }: Facts): string {
  if (followers === 0) return '';
  const rows = equivalentsOf(exampleQuorum, followers).map(
    ({ system, setting, note }) =>
      `<tr><th scope="row">${escapeHtml(system)}</th><td><code>${escapeHtml(setting)}</code></td><td class="prose">${escapeHtml(note)}</td></tr>`,
  );
  const head = '<tr><th scope="col">system</th><th scope="col">setting</th><th scope="col">difference</th></tr>';
  return section(
    `Quorum ${exampleQuorum} elsewhere`,
    `<div class="wide"><table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table></div>`,
  );
}

/** The document, the environment and, up to a size that a mailed page may have, the latency of every write. */
export function embedded(documents: object, latencies: readonly (readonly [name: string, ms: readonly number[]])[]): object {
  const isSmall = latencies.reduce((sum, [, values]) => sum + values.length, 0) <= MAX_EMBEDDED_LATENCIES;
  const rounded = latencies.map(([name, values]) => [name, values.map((ms) => Number(ms.toFixed(3)))] as const);
  return { ...documents, latencies_ms: isSmall ? Object.fromEntries(rounded) : null };
}

/** The last parts of a page: the link to save the data and where the raw data is, the end of its main part, and the data themselves. */
export function dataParts(file: string, data: object, rawText = 'Every request is in samples.ndjson of the run folder.'): string[] {
  return [
    section('Data', downloadLink(file, data, rawText)),
    '</main>',
    `<script type="application/json" id="kvctl-data">${escapeJson(data)}</script>`,
  ];
}
