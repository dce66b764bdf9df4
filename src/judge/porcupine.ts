/**
 * A history for Porcupine (github.com/anishathalye/porcupine): the lines that the key-value parser of its tests reads (`parseKvLog`), to be
 * checked with its `kvModel`. A key that is absent is the empty text there; a delete writes it. There is no cas.
 *
 * Weaker there than here: what failed and reads without an answer are left out. Operations that may still happen have no end, which that
 * parser adds at the end.
 */
import { fail, ok, type Result } from '../lib/result.ts';
import type { History, Operation } from './history.ts';
import { replay } from './replay.ts';
import { ABSENT, type Value, type Values } from './values.ts';

export function porcupineText({ operations, values }: History): Result<string> {
  const cas = operations.find(({ f }) => f === 'cas');
  if (cas !== undefined)
    return fail(`expected reads, writes and deletes, which are all that Porcupine’s key-value model has, got the cas of line ${cas.line}`);
  const relevant = operations.filter(({ f, outcome }) => outcome === 'ok' || (outcome === 'info' && f !== 'read'));
  const lines = replay(relevant).map(({ process, moment, operation }) => {
    const isRead = operation.f === 'read';
    const value = isRead && moment === 'call' ? 'nil' : `"${textOf(operation.value, values)}"`;
    return `{:process ${process}, :type ${moment === 'call' ? ':invoke' : ':ok'}, :f ${isRead ? ':get' : ':put'}, :key "${keyOf(operation)}", :value ${value}}\n`;
  });
  return ok(lines.join(''));
}

/** The parser takes what stands between the quotes as it is, so nothing is escaped but what would end the line. */
function keyOf({ key }: Operation): string {
  return JSON.stringify(key).slice(1, -1);
}

/** A text as it is, if it cannot be taken for JSON; else its JSON. */
function textOf(value: Value, values: Values): string {
  if (value === ABSENT) return '';
  const json = values.textOf(value);
  const bare = json.slice(1, -1);
  return json.startsWith('"') && /^[\p{L}_][\p{L}\d_ .:-]*$/u.test(bare) && !/^(?:true|false|null)$/.test(bare) ? bare : json;
}
