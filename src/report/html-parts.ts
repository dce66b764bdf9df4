/**
 * What pages are made of: the frame with its policy, headings, paragraphs, tables, pictures, and the data that can be saved.
 *
 * Invariant: everything from outside goes through escapeHtml or escapeJson; the page's own policy forbids every request and
 * every script, so that what slips through would still do nothing.
 */
import type { Table } from './columns.ts';
import { STYLE } from './html-style.ts';

/** No request of any kind; styles are the page's own; `data:` is for the download link in browsers that count it as an image. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";

/** Pictures by the name of their chart, each one SVG element as render makes it; a chart without a picture is left out. */
export type Pictures = ReadonlyMap<string, string>;

export function page(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${body.filter((part) => part !== '').join('\n')}
</body>
</html>
`;
}

export function section(title: string, ...content: readonly string[]): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${content.join('\n')}\n</section>`;
}

export function paragraph(text: string, className?: string): string {
  return `<p${className === undefined ? '' : ` class="${className}"`}>${escapeHtml(text)}</p>`;
}

export function definition(term: string, html: string): string {
  return `<div><dt>${escapeHtml(term)}</dt><dd>${html}</dd></div>`;
}

/**
 * The SVG's own ids get the chart's name in front: two pictures on one page would otherwise clip each other. Namespaces are
 * for files of their own; without them no address at all is left in the page.
 */
export function figure(svg: string, name: string, alt: string): string {
  const own = svg
    .replaceAll(/ xmlns(:\w+)?="[^"]*"/g, '')
    .replaceAll(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#${name}-$1)`);
  return `<figure role="img" aria-label="${escapeHtml(alt)}" id="figure-${name}">${own.replace('<svg ', '<svg aria-hidden="true" focusable="false" ')}</figure>`;
}

export function table({ columns, rows, notes }: Table, caption: string, className = ''): string {
  const head = columns.map(
    ({ heading, unit, isNumber }) =>
      `<th scope="col"${isNumber ? ' class="number"' : ''}>${escapeHtml(heading)}${unit === '' ? '' : ` <span class="unit">${unit}</span>`}</th>`,
  );
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td${classOf(cell, columns[i]?.isNumber ?? false)}>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  const below = notes.map((note) => paragraph(note, 'small')).join('');
  return `<div class="wide"><table class="${className}" aria-label="${escapeHtml(caption)}"><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>${below}`;
}

/** Cells that a reader must not miss, with or without how many. */
const ALARMING = /^(?:inconclusive|mismatch|unreachable|failed|not met|worse|violation|unknown)(?: \(\d+\))?$/;

function classOf(cell: string, isNumber: boolean): string {
  const names = [...(isNumber ? ['number'] : []), ...(ALARMING.test(cell) ? ['bad'] : [])];
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

export function downloadLink(file: string, data: unknown, rawText: string): string {
  const href = `data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(data))}`;
  return (
    `<p class="screen"><a download="${file}" href="${href}">Save the results as JSON</a>; ` +
    `the same is in this page, in the element <code>kvctl-data</code>. ${escapeHtml(rawText)}</p>`
  );
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON that no parser of HTML can take for the end of its element, and that is still the same JSON. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
