/**
 * The history of the clients before judges that know nothing of this system: no version, no epoch, only who asked what when and was told what
 * (src/judge, the zones of Gibbons and Korach, by values).
 *
 * Beside check-reads.ts, which believes versions: were those wrong in the same way as the answers, it would see nothing.
 */
import { formatEvent, type HistoryEvent } from '../judge/event.ts';
import { parseHistory } from '../judge/history.ts';
import { judgeHistory } from '../judge/judge.ts';
import { assert } from '../lib/assert.ts';
import type { RegisterMistake, RegisterOp } from './check-reads.ts';

const NS_PER_MS = 1e6;

/**
 * The first contradiction that the judge finds, or null. What an operation wrote or saw is its `order`, so that no two writes of a key have
 * the same value; a delete is a write like any other then.
 */
export function askJudge(ops: readonly RegisterOp[]): RegisterMistake | null {
  if (!ops.some(({ f }) => f === 'read')) return null;
  const events = ops.flatMap(eventsOf).sort((a, b) => (a.time ?? 0) - (b.time ?? 0));
  const history = parseHistory(events.map(formatEvent));
  assert(history.ok, `a history of the simulator is one: ${history.ok ? '' : history.message}`);
  const { violations, verdict, why } = judgeHistory(history.value, { only: ['zones'] });
  const [violation] = violations;
  if (violation !== undefined) return { key: violation.key, message: violation.why };
  assert(verdict === 'ok', `zones decide a history of unique values: ${why}`);
  return null;
}

function eventsOf({ id, f, key, order, startedAt, endedAt }: RegisterOp): HistoryEvent[] {
  const value = order === 0 ? null : order;
  const common = { process: id, f, key };
  const invoke: HistoryEvent = { ...common, time: startedAt * NS_PER_MS, type: 'invoke', ...(f === 'write' ? { value } : {}) };
  return endedAt === Number.POSITIVE_INFINITY ? [invoke] : [invoke, { ...common, time: endedAt * NS_PER_MS, type: 'ok', value }];
}
