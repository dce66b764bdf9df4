/** The words of a checked file in the words of a plan: loads, actions, expected answers. What is left out gets its default here. */
import { checkLoad, LAB_LOAD, type LoadOptions, totalWrites } from '../experiment/load.ts';
import type { Action, DataExpectation, NetworkChange } from '../experiment/step.ts';
import { parseDelays } from '../lib/delay-plan.ts';
import { type Ms, parseDuration } from '../lib/units.ts';
import { Misplanned } from './misplanned.ts';
import { type ActionKind, type DataExpectationText, MAX_REQUESTS, type ScenarioLoad, type ScenarioNetwork } from './schema.ts';
import type { Path } from './source.ts';

/** What loads say where they say nothing: the course lab's. Throws Misplanned. */
export function loadOf(file: ScenarioLoad, path: Path): LoadOptions {
  const { executor } = file;
  const isCounted = executor.endsWith('-iterations');
  if (executor === 'ramping-vus' && file.concurrency !== undefined) {
    throw new Misplanned(path, `${executor}: expected no concurrency, because its stages say how many are in flight`);
  }
  const load: LoadOptions = {
    executor,
    writes: file.writes ?? (isCounted ? LAB_LOAD.writes : null),
    durationMs: file.duration === undefined ? null : msOf(file.duration),
    concurrency: file.concurrency ?? LAB_LOAD.concurrency,
    keys: file.keys ?? LAB_LOAD.keys,
    valueBytes: file.value_bytes ?? LAB_LOAD.valueBytes,
    readShare: file.read_share ?? 0,
    rate: file.rate ?? null,
    stages: (file.stages ?? []).map(({ duration, target }) => ({ durationMs: msOf(duration), target })),
    start: file.start ?? 0,
    warmup: file.warmup ?? 0,
  };
  const checked = checkLoad(load, (field) => field);
  if (!checked.ok) throw new Misplanned(path, checked.message);
  const writes = totalWrites(load);
  if (writes !== null && writes > MAX_REQUESTS) {
    throw new Misplanned(path, `expected at most ${MAX_REQUESTS} writes of all clients together, got ${writes}`);
  }
  return load;
}

/** The member `kind` of a step, or of an entry of `during`. */
export function actionOf(file: Partial<Record<ActionKind, unknown>>, kind: ActionKind): Action {
  switch (kind) {
    case 'quorum':
      return { kind, quorum: file.quorum as number };
    case 'network':
      return { kind, change: networkOf(file.network as ScenarioNetwork) };
    case 'partition':
    case 'heal': {
      const groups = [file[kind] as string | string[]].flat();
      // Every pair: the same as no groups at all.
      return { kind, groups: kind === 'heal' && groups.join() === 'all' ? [] : groups };
    }
    default:
      return { kind, nodes: file[kind] as string };
  }
}

export function networkOf({ delay, loss, nodes = 'followers' }: ScenarioNetwork): NetworkChange {
  const parsed = delay === undefined ? null : parseDelays(`${delay}`);
  return { nodes, delay: parsed?.ok ? parsed.value : null, loss: loss ?? null };
}

export function expectationOf(expect: DataExpectationText | undefined): DataExpectation {
  if (expect === undefined || expect === 'ok') return { kind: 'ok' };
  if ('error' in expect) return { kind: 'error', code: expect.error };
  return { kind: 'value', valueText: JSON.stringify(expect.value) };
}

/** Of a duration that the schema has checked. */
export function msOf(text: string): Ms {
  const parsed = parseDuration(text);
  return parsed.ok ? parsed.ms : 0;
}
