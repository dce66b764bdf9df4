/**
 * One line of a node's log: NDJSON as pino writes it, or whatever Node prints when it dies. Text in, text out.
 */

/** A line, and when it was written, in ms of Unix time; null if the line does not say. */
export interface LogLine {
  readonly node: string;
  readonly text: string;
  readonly timeMs: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
/** Said by the prefix, or the same in every line. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'node', 'node_id', 'name', 'msg']);

export function parseLogLine(node: string, text: string): LogLine {
  const time = parseFields(text)?.['time'];
  // pino writes a number or, if told so, ISO 8601.
  const timeMs = typeof time === 'string' ? Date.parse(time) : time;
  return { node, text, timeMs: typeof timeMs === 'number' && Number.isFinite(timeMs) ? timeMs : null };
}

/** `21:04:05.678 n1 info  message key=value`, in local time; a stack under it. Foreign lines keep their words. */
export function renderLogLine(line: LogLine): string {
  const fields = parseFields(line.text);
  if (fields === null) return `${' '.repeat(12)} ${line.node} ${line.text}`;
  const time = line.timeMs === null ? ' '.repeat(12) : timeOfDay(new Date(line.timeMs));
  const level = LEVELS[Number(fields['level'])] ?? `${fields['level'] ?? ''}`;
  const rest = Object.entries(fields).filter(([name]) => !HIDDEN.has(name));
  const pairs = rest.map(([name, value]) => `${name}=${renderValue(value)}`);
  return [`${time} ${line.node} ${level.padEnd(5)}`, `${fields['msg'] ?? ''}`, ...pairs].filter((part) => part !== '').join(' ');
}

/** One JSON document per line, whatever the line was: a foreign one becomes the message of a line of its node. */
export function ndjsonLogLine(line: LogLine): string {
  const fields = parseFields(line.text);
  if (fields === null) return JSON.stringify({ node: line.node, msg: line.text });
  return fields['node'] === undefined ? JSON.stringify({ node: line.node, ...fields }) : line.text;
}

/**
 * Lines of several nodes by time, each node's in its own order. A line that does not say when it was written stays behind
 * the one before it: a stack trace belongs to its error.
 */
export function mergeLogLines(byNode: readonly (readonly LogLine[])[]): LogLine[] {
  const dated = byNode.flatMap((lines) => {
    let last = 0;
    return lines.map((line, index) => {
      last = Math.max(last, line.timeMs ?? last);
      return { line, at: last, index };
    });
  });
  // The sort is stable, so equal times keep the order of the nodes and of each node's lines.
  return dated.sort((a, b) => a.at - b.at || (a.line.node === b.line.node ? a.index - b.index : 0)).map(({ line }) => line);
}

function parseFields(text: string): Fields | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return null;
  }
}

function renderValue(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string') return `\n${value.stack}`;
  return typeof value === 'string' && !/[\s"=]/.test(value) && value !== '' ? value : JSON.stringify(value);
}

function timeOfDay(date: Date): string {
  const part = (value: number, digits: number) => `${value}`.padStart(digits, '0');
  return `${part(date.getHours(), 2)}:${part(date.getMinutes(), 2)}:${part(date.getSeconds(), 2)}.${part(date.getMilliseconds(), 3)}`;
}
