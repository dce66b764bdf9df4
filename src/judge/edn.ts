/**
 * A history for Knossos (github.com/jepsen-io/knossos), a file of EDN per key: `lein run --model cas-register FILE`.
 *
 * Knossos takes a read of nil for one whose answer is not known, so an absent register is `:absent` here, written before everything.
 * Weaker there than here: a cas that was refused is a `:fail`, which Knossos takes for nothing.
 */
import { type History, type Operation, operationsByKey } from './history.ts';
import { replay } from './replay.ts';
import { ABSENT, type Value, type Values } from './values.ts';

export interface ExportedFile {
  readonly name: string;
  readonly text: string;
}

const LONGEST_NAME = 60;

export function knossosFiles(history: History): ExportedFile[] {
  return [...operationsByKey(history)].map(([key, operations], i) => {
    const name = `${i + 1}-${encodeURIComponent(key.toWellFormed()).slice(0, LONGEST_NAME)}.edn`;
    return { name, text: `; key ${JSON.stringify(key)}\n${knossosText(operations, history.values)}` };
  });
}

/** `operations` of one key. */
function knossosText(operations: readonly Operation[], values: Values): string {
  const initial = [0, 1].map((i) => `{:process 0, :type ${i === 0 ? ':invoke' : ':ok'}, :f :write, :value :absent}\n`);
  const open: string[] = [];
  const lines = replay(operations, 1).map(({ process, moment, operation }) => {
    const line = (type: string, value: string) => `{:process ${process}, :type ${type}, :f ${actionOf(operation)}, :value ${value}}\n`;
    const value = argumentOf(operation, values);
    if (moment === 'end') return line(`:${operation.outcome}`, operation.outcome === 'ok' || operation.f !== 'read' ? value : 'nil');
    if (!Number.isFinite(operation.end)) open.push(line(':info', operation.f === 'read' ? 'nil' : value));
    return line(':invoke', operation.f === 'read' ? 'nil' : value);
  });
  return [...initial, ...lines, ...open].join('');
}

function actionOf({ f }: Operation): string {
  return f === 'delete' ? ':write' : `:${f}`;
}

function argumentOf({ f, value, from }: Operation, values: Values): string {
  return f === 'cas' ? `[${ednValue(from, values)} ${ednValue(value, values)}]` : ednValue(value, values);
}

function ednValue(value: Value, values: Values): string {
  return value === ABSENT ? ':absent' : edn(JSON.parse(values.textOf(value)));
}

/** JSON as EDN. Members' names stay strings. */
export function edn(json: unknown): string {
  if (json === null) return 'nil';
  if (typeof json === 'string') return ednString(json);
  if (Array.isArray(json)) return `[${json.map(edn).join(' ')}]`;
  if (typeof json !== 'object') return String(json);
  return `{${Object.entries(json)
    .map(([name, member]) => `${ednString(name)} ${edn(member)}`)
    .join(', ')}}`;
}

/** JSON's escapes are EDN's, but for two control characters. */
function ednString(text: string): string {
  return JSON.stringify(text).replaceAll(/\\[bf]|\\\\/g, (found) => (found === '\\b' ? '\\u0008' : found === '\\f' ? '\\u000c' : found));
}
