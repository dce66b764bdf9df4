/**
 * What besides the program under test differs between two runs, and what limits the belief in their figures: sentences for the
 * person who is about to draw a conclusion.
 */
import type { DurabilityResult } from './durability-result.ts';
import type { BenchResult } from './result.ts';

export interface Circumstances extends Setting {
  /** How it is named in a sentence: the folder. */
  readonly run: string;
  readonly scenario: string | null;
  readonly seed: number;
  readonly ending: 'running' | 'complete' | 'interrupted' | 'failed';
  readonly environment: Readonly<Record<string, string>>;
}

/** What was run, and what the run itself thinks of it. */
interface Setting {
  /** By the names under which they are compared. */
  readonly loads: readonly { readonly name: string; readonly load: object; readonly cluster: object }[];
  /** What follows "it itself ..." in a sentence. */
  readonly doubts: readonly string[];
}

export function settingOfSweeps(sweeps: readonly BenchResult[]): Setting {
  const doubtful = sweeps.flatMap((sweep) => sweep.results).filter((row) => row.verdict === 'inconclusive' && row.successes > 0);
  const rows = doubtful.map(({ row }) => row).join(', ');
  return {
    loads: sweeps.map((sweep) => ({ name: sweep.name, load: sweep.workload, cluster: clusterOf(sweep) })),
    doubts: doubtful.length === 0 ? [] : [`distrusts its mean in ${rows}: ${doubtful[0]?.reasons[0] ?? 'it does not say why'}`],
  };
}

export function settingOfDurability({ trials, cluster: { followers, store, delay }, results }: DurabilityResult): Setting {
  const of = (verdict: 'violation' | 'inconclusive') => results.filter((row) => row.verdict === verdict);
  const say = (what: string, rows: DurabilityResult['results']) =>
    rows.length === 0 ? [] : [`${what} in ${rows.map(({ quorum }) => `quorum=${quorum}`).join(', ')}: ${rows[0]?.reasons[0]}`];
  return {
    loads: [{ name: 'durability', load: { trials }, cluster: { followers, store, delay } }],
    doubts: [...say('found a violation', of('violation')), ...say('distrusts its figures', of('inconclusive'))],
  };
}

/** Empty if the two differ in nothing that is known to matter. */
export function warningsOf(a: Circumstances, b: Circumstances): readonly string[] {
  return [
    ...(a.run === b.run ? ['both are the same run'] : []),
    ...(a.scenario === b.scenario ? [] : [`different scenarios: ${a.scenario ?? 'none'} in a, ${b.scenario ?? 'none'} in b`]),
    ...(a.seed === b.seed ? [] : [`different seeds: ${a.seed} in a, ${b.seed} in b, so that they drew different delays`]),
    ...machineWarnings(a, b),
    ...loadWarnings(a, b),
    ...[
      { name: 'a', run: a },
      { name: 'b', run: b },
    ].flatMap(({ name, run }) => [...endingWarnings(name, run), ...doubtWarnings(name, run)]),
  ];
}

const ENDINGS: Readonly<Record<Circumstances['ending'], string>> = {
  running: 'has not ended, or was killed',
  interrupted: 'was interrupted',
  failed: 'ended with an error',
  complete: '',
};

function endingWarnings(name: string, { ending }: Circumstances): string[] {
  return ending === 'complete' ? [] : [`${name} ${ENDINGS[ending]}: its rows are those that it had by then`];
}

function doubtWarnings(name: string, { doubts }: Circumstances): string[] {
  return doubts.map((doubt) => `${name} itself ${doubt}`);
}

/** Another version of kvctl is often the very question, so it is told apart from another machine. */
function machineWarnings(a: Circumstances, b: Circumstances): string[] {
  const names = [...new Set([...Object.keys(a.environment), ...Object.keys(b.environment)])];
  return names.flatMap((name) => {
    const [before, after] = [a.environment[name] ?? 'unknown', b.environment[name] ?? 'unknown'];
    if (before === after) return [];
    return [`different ${name === 'kvctl' ? 'versions of kvctl' : name}: ${before} in a, ${after} in b`];
  });
}

/** Of loads of the same name: what was asked for and the cluster that they ran on. */
function loadWarnings(a: Circumstances, b: Circumstances): string[] {
  const texts = a.loads.flatMap(({ name, load, cluster }) => {
    const other = b.loads.find((each) => each.name === name);
    if (other === undefined) return [];
    const of = a.loads.length > 1 ? ` of ${name}` : '';
    return [...differences(`load${of}`, load, other.load), ...differences(`cluster${of}`, cluster, other.cluster)];
  });
  return [...new Set(texts)];
}

/** What of a cluster sets its figures; names and addresses do not. */
function clusterOf({ cluster: { followers, store, delay, loss } }: BenchResult) {
  return { followers, store, delay, loss };
}

function differences(what: string, a: object, b: object): string[] {
  const other: Readonly<Record<string, unknown>> = { ...b };
  return Object.entries(a).flatMap(([name, value]) =>
    value === other[name] ? [] : [`different ${what}: ${name} ${String(value)} in a, ${String(other[name])} in b`],
  );
}
