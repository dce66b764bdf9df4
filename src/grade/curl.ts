/** A request as a line that can be typed into a shell again, and what came of it. */
import { visible } from '../lib/text.ts';
import type { RequestRow } from './exchange.ts';

/** `curl --path-as-is -X PUT 'http://…' -H 'content-type: application/json' -d '{"value":"x"}'  # n1: 200 after 12.3 ms {…}`. */
export function curlOf(row: RequestRow): string {
  const { method, url, body, node, status, ms, answer, at_ms: atMs } = row;
  const words = ['curl', '--path-as-is', ...(method === 'GET' ? [] : ['-X', method]), quoted(url)];
  if (body !== null) words.push('-H', quoted('content-type: application/json'), '-d', quoted(body));
  const outcome = status === null ? answer : `${status} ${answer}`;
  return `${words.join(' ')}  # ${node}, at ${atMs.toFixed(0)} ms: ${visible(shortened(outcome))} after ${ms.toFixed(1)} ms`;
}

function quoted(text: string): string {
  return `'${visible(text).replaceAll("'", "'\\''")}'`;
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
