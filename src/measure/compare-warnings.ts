/**
 * What besides the program under test differs between two runs, and what limits the belief in their figures: sentences for the
 * person who is about to draw a conclusion.
 */
import type { BenchResult } from './result.ts';

export interface Circumstances {
  /** How it is named in a sentence: the folder. */
  readonly run: string;
  readonly scenario: string | null;
  readonly seed: number;
  readonly ending: 'running' | 'complete' | 'interrupted' | 'failed';
  readonly environment: Readonly<Record<string, string>>;
  readonly sweeps: readonly BenchResult[];
}

/** Empty if the two differ in nothing that is known to matter. */
export function warningsOf(a: Circumstances, b: Circumstances): readonly string[] {
  return [
    ...(a.run === b.run ? ['both are the same run'] : []),
    ...(a.scenario === b.scenario ? [] : [`different scenarios: ${a.scenario ?? 'none'} in a, ${b.scenario ?? 'none'} in b`]),
    ...(a.seed === b.seed ? [] : [`different seeds: ${a.seed} in a, ${b.seed} in b, so that they drew different delays`]),
    ...machineWarnings(a, b),
    ...sweepWarnings(a, b),
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

function doubtWarnings(name: string, { sweeps }: Circumstances): string[] {
  const doubtful = sweeps.flatMap((sweep) => sweep.results).filter((row) => row.verdict === 'inconclusive' && row.successes > 0);
  if (doubtful.length === 0) return [];
  return [
    `${name} itself distrusts its mean in ${doubtful.map(({ row }) => row).join(', ')}: ${doubtful[0]?.reasons[0] ?? 'it does not say why'}`,
  ];
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

/** Of sweeps of the same name: the load and the cluster that they ran on. */
function sweepWarnings(a: Circumstances, b: Circumstances): string[] {
  const texts = a.sweeps.flatMap((sweep) => {
    const other = b.sweeps.find(({ name }) => name === sweep.name);
    if (other === undefined) return [];
    const of = a.sweeps.length > 1 ? ` of ${sweep.name}` : '';
    return [
      ...differences(`load${of}`, sweep.workload, other.workload),
      ...differences(`cluster${of}`, clusterOf(sweep), clusterOf(other)),
    ];
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
