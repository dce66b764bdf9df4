/**
 * A checked scenario becomes a plan for experiment/: names for all steps, rows for every value of a sweep, thresholds parsed and
 * bound to what they speak of. What cannot be (a quorum above the followers, a node or row that does not exist) is refused here,
 * with the place in the file.
 *
 * Pure: files are read by who calls.
 */
import { type ClusterWish, DEFAULT_QUORUM, parseSpec } from '../cluster/spec.ts';
import { parseQuorums } from '../experiment/bench.ts';
import { checkLoad, LAB_LOAD, type LoadOptions } from '../experiment/load.ts';
import type { ExperimentPlan } from '../experiment/plan.ts';
import { Planner } from '../experiment/planner.ts';
import type { Action, DataExpectation, NetworkChange, TimedAction } from '../experiment/step.ts';
import { parseDelays } from '../lib/delay-plan.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms, parseDuration } from '../lib/units.ts';
import { WAIT_FIGURES } from '../measure/figures.ts';
import { parseThreshold } from '../measure/threshold.ts';
import { KvctlError } from '../wire/errors.ts';
import { bindExpectations, type Subject } from './expectations.ts';
import type { LoadedScenario } from './loader.ts';
import {
  ACTION_KINDS,
  type ActionKind,
  type DataExpectationText,
  type Scenario,
  type ScenarioLoad,
  type ScenarioNetwork,
  SWEEP_PARAMETERS,
  type SweepParameter,
} from './schema.ts';
import type { Path } from './source.ts';

export interface PlanScenarioOptions {
  /** Name of the cluster that is made for the run. */
  readonly clusterName: string;
  /** Instead of the file's. */
  readonly target: 'local' | 'compose' | null;
  readonly seed: number | null;
}

type FileStep = Scenario['steps'][number];

/** What the loads say where they say nothing: the course lab's, and 50 keys where stale reads need them. */
const STALE_KEYS = 50;
/** Of put, get and del: the value of `node`. */
const DEFAULT_NODE = 'leader';

/** Fails with a sentence that names the place in the file. */
export function planScenario({ scenario, where }: LoadedScenario, options: PlanScenarioOptions): Result<ExperimentPlan> {
  try {
    return ok(new ScenarioPlanner(scenario, options).plan());
  } catch (error) {
    if (error instanceof Misplanned) return fail(`${where(error.path)}: ${error.message}`);
    throw error;
  }
}

/** Leaves the planning from wherever the mistake is found. */
class Misplanned extends Error {
  readonly path: Path;

  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

class ScenarioPlanner {
  readonly #scenario: Scenario;
  readonly #seed: number;
  readonly #spec: ReturnType<typeof parseSpec>;
  readonly #planner: Planner;
  readonly #names = new Set<string>();
  readonly #subjects: Subject[] = [];
  #store: 'sqlite' | 'memory';

  constructor(scenario: Scenario, options: PlanScenarioOptions) {
    this.#scenario = scenario;
    this.#seed = options.seed ?? scenario.seed;
    const { cluster } = scenario;
    const settings = Object.fromEntries(Object.entries(cluster.settings ?? {}).map(([name, value]) => [name, `${value}`]));
    const { followers, quorum, store } = cluster;
    const delay = cluster.network?.delay;
    const wish: ClusterWish = {
      name: options.clusterName,
      followers,
      quorum,
      store,
      delay: delay === undefined ? undefined : `${delay}`,
      seed: this.#seed,
      target: options.target ?? scenario.target,
      settings,
    };
    try {
      this.#spec = parseSpec(wish);
    } catch (error) {
      if (error instanceof KvctlError) throw new Misplanned(['cluster'], error.message);
      throw error;
    }
    this.#store = this.#spec.store;
    this.#planner = new Planner({ kind: 'own', spec: this.#spec }, null);
  }

  plan(): ExperimentPlan {
    this.#loseRecords(['cluster', 'network', 'loss']);
    this.#scenario.steps.forEach((step, index) => {
      this.#step(step, ['steps', index]);
    });
    const bound = bindExpectations(this.#scenario.expect ?? {}, this.#subjects);
    if (!bound.ok) throw new Misplanned(bound.path, bound.message);
    return {
      ...this.#planner.finish(this.#seed),
      name: this.#scenario.name,
      why: this.#scenario.why.trim(),
      expectations: bound.expectations,
      acceptsInconclusive: this.#scenario.accept_inconclusive,
    };
  }

  /** A new cluster has no loss: it is set as the first step of all that follow. */
  #loseRecords(path: Path): void {
    const loss = this.#scenario.cluster.network?.loss ?? 0;
    if (loss === 0) return;
    const change = { nodes: 'followers', delay: null, loss };
    this.#must(path, this.#planner.act(this.#name(undefined, 'network'), { kind: 'network', change }));
  }

  #step(step: FileStep, path: Path): void {
    if ('sweep' in step) return this.#sweep(step, path);
    if ('load' in step) return this.#load(step, path);
    const kind = Object.keys(step).find((key) => key !== 'name') as Exclude<keyof typeof step, 'name'>;
    const at: Path = [...path, kind];
    const name = this.#name(step.name, kind);
    if (isActionKind(kind)) {
      this.#must(at, this.#planner.act(name, this.#action(step as Partial<Record<ActionKind, unknown>>, kind, path)));
      return;
    }
    if ('stale-reads' in step) this.#staleReads(step['stale-reads'], name, at);
    else if ('parity' in step) this.#parity(step.parity, name, at);
    else if ('wait' in step) this.#wait(step.wait, name, at);
    else if ('put' in step) this.#data('put', step.put, name, at);
    else if ('get' in step) this.#data('get', step.get, name, at);
    else if ('del' in step) this.#data('del', step.del, name, at);
  }

  #load(step: Extract<FileStep, { load: unknown }>, path: Path): void {
    const name = this.#name(step.name, 'load');
    const load = this.#loadOptions(step.load, [...path, 'load']);
    const quorum = this.#planner.quorum;
    const sweep = this.#planner.sweep({ name, parameter: 'quorum', values: [`${quorum}`], load });
    const during = this.#during(step.during, path);
    const set = { quorum: null, network: null };
    const wish = { sweep, step: name, value: `${quorum}`, label: `${name}, quorum ${quorum}`, set, load, during };
    this.#must(path, this.#planner.row(wish));
    this.#subjects.push({ subject: name, step: name, kind: 'row', at: null });
  }

  #sweep(step: Extract<FileStep, { sweep: unknown }>, path: Path): void {
    const name = this.#name(step.name, 'sweep');
    const parameter = SWEEP_PARAMETERS.find((each) => each in step.sweep) as SweepParameter;
    const at: Path = [...path, 'sweep', parameter];
    const values = valuesOf(parameter, (step.sweep as Record<string, string | number | (string | number)[]>)[parameter] ?? []);
    if (!values.ok) throw new Misplanned(at, values.message);
    const loads = values.value.map((value) => this.#loadOptions(withParameter(step.load, parameter, value), [...path, 'load']));
    const sweep = this.#planner.sweep({ name, parameter, values: values.value, load: loads[0] as LoadOptions });
    for (const [index, value] of values.value.entries()) {
      const row = `${name} ${parameter}=${value}`;
      const set = this.#settingOf(parameter, value, row, at);
      const load = loads[index] as LoadOptions;
      const during = this.#during(step.during, path);
      const label = `${parameter.replace('_', ' ')} ${value}`;
      this.#must(at, this.#planner.row({ sweep, step: row, value, label, set, load, during }));
      this.#subjects.push({ subject: row, step: name, kind: 'row', at: `${parameter}=${value}` });
    }
  }

  /** What a value of a sweep asks of the cluster; `followers` and `store` ask for another one. */
  #settingOf(parameter: SweepParameter, value: string, row: string, at: Path) {
    const nothing = { quorum: null, network: null };
    if (parameter === 'quorum') return { ...nothing, quorum: Number(value) };
    if (parameter === 'delay' || parameter === 'loss') {
      return { ...nothing, network: this.#network(parameter === 'delay' ? { delay: value } : { loss: Number(value) }, at) };
    }
    if (parameter === 'followers' || parameter === 'store') {
      const followers = parameter === 'followers' ? Number(value) : this.#planner.followers.length;
      this.#store = parameter === 'store' ? (value as 'sqlite' | 'memory') : this.#store;
      // Not the quorum of the smaller cluster before: what the file asks for, as far as there are followers for it.
      const quorum = Math.min(this.#scenario.cluster.quorum ?? DEFAULT_QUORUM, followers);
      const title = parameter === 'followers' ? `another cluster, of ${value} followers` : `another cluster, with store ${value}`;
      const step = { kind: 'cluster', step: `${row} cluster`, title, followers, store: this.#store, quorum, expectedMs: 3_000 } as const;
      this.#must(at, this.#planner.add(step));
      this.#loseRecords(at);
    }
    return nothing;
  }

  #staleReads(file: Extract<FileStep, { 'stale-reads': unknown }>['stale-reads'], step: string, path: Path): void {
    const { writes, keys = STALE_KEYS, nodes = 'followers', quorum = null } = file;
    const afterMs = file.after.map(msOf).sort((a, b) => a - b);
    const title = `${writes} writes, each read at a follower ${afterMs.join(', ')} ms after its answer`;
    const expectedMs = this.#planner.staleMs(writes / Math.min(8, keys, writes), afterMs, quorum) + this.#planner.settlingMs();
    this.#must(path, this.#planner.add({ kind: 'stale-reads', step, title, writes, keys, nodes, afterMs, quorum, expectedMs }));
    for (const ms of afterMs) this.#subjects.push({ subject: `${step} after=${ms}ms`, step, kind: 'stale', at: `after=${ms}ms` });
  }

  #parity(file: Extract<FileStep, { parity: unknown }>['parity'], step: string, path: Path): void {
    const withinMs = file === 'now' ? null : msOf(file.within);
    const title = withinMs === null ? 'compare the replicas' : `all replicas level within ${formatMs(withinMs)}`;
    const expectedMs = withinMs === null ? 50 : Math.min(withinMs, this.#planner.settlingMs());
    this.#must(path, this.#planner.add({ kind: 'parity', step, title, withinMs, expectedMs }));
    this.#subjects.push({ subject: step, step, kind: 'parity', at: null });
  }

  #wait(file: Extract<FileStep, { wait: unknown }>['wait'], step: string, path: Path): void {
    if (typeof file === 'string') {
      const withinMs = msOf(file);
      this.#must(
        path,
        this.#planner.add({ kind: 'wait', step, title: `wait ${file}`, until: null, nodes: 'all', withinMs, expectedMs: withinMs }),
      );
      return;
    }
    const until = parseThreshold(file.until, WAIT_FIGURES);
    if (!until.ok) throw new Misplanned([...path, 'until'], until.message);
    const { nodes = 'followers' } = file;
    const title = `wait until ${file.until}${nodes === 'followers' ? '' : ` of ${nodes}`}, at most ${file.within}`;
    const waiting = { kind: 'wait', step, title, until: until.value, nodes, withinMs: msOf(file.within), expectedMs: 0 } as const;
    this.#must(path, this.#planner.add(waiting));
  }

  #data(
    kind: 'put' | 'get' | 'del',
    file: {
      key: string;
      value?: unknown;
      node?: string | undefined;
      quorum?: number | undefined;
      timeout?: string | undefined;
      read?: 'committed' | 'local' | undefined;
      within?: string | undefined;
      expect?: DataExpectationText | undefined;
    },
    step: string,
    path: Path,
  ): void {
    const { key, node = DEFAULT_NODE, quorum = null, read = null } = file;
    const valueText = kind === 'put' ? JSON.stringify(file.value) : null;
    const what = valueText === null ? key : `${key}=${valueText}`;
    const withinMs = file.within === undefined ? 0 : msOf(file.within);
    const timeoutMs = file.timeout === undefined ? null : msOf(file.timeout);
    const title = `${kind} ${what} at ${node}`;
    const expect = expectationOf(file.expect);
    this.#must(
      path,
      this.#planner.add({ kind, step, title, node, key, valueText, quorum, timeoutMs, read, expect, withinMs, expectedMs: 10 }),
    );
  }

  #during(entries: readonly unknown[] | undefined, path: Path): TimedAction[] {
    return (entries ?? []).map((entry, index) => {
      const timed = entry as { at: string } & Partial<Record<ActionKind, unknown>>;
      const kind = ACTION_KINDS.find((each) => each in timed) as ActionKind;
      return { atMs: msOf(timed.at), action: this.#action(timed, kind, [...path, 'during', index]) };
    });
  }

  #action(file: Partial<Record<ActionKind, unknown>>, kind: ActionKind, path: Path): Action {
    switch (kind) {
      case 'quorum':
        return { kind, quorum: file.quorum as number };
      case 'network':
        return { kind, change: this.#network(file.network as ScenarioNetwork, [...path, kind]) };
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

  #network({ delay, loss, nodes = 'followers' }: ScenarioNetwork, path: Path): NetworkChange {
    const parsed = delay === undefined ? null : parseDelays(`${delay}`);
    if (parsed !== null && !parsed.ok) throw new Misplanned([...path, 'delay'], parsed.message);
    return { nodes, delay: parsed?.value ?? null, loss: loss ?? null };
  }

  #loadOptions(file: ScenarioLoad, path: Path): LoadOptions {
    const { executor } = file;
    const isCounted = executor.endsWith('-iterations');
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
    return load;
  }

  /** The name in the file, else the kind, numbered from its second on. */
  #name(given: string | undefined, kind: string): string {
    let name = given ?? kind;
    for (let number = 2; given === undefined && this.#names.has(name); number++) name = `${kind}-${number}`;
    this.#names.add(name);
    return name;
  }

  #must(path: Path, result: Result<unknown>): void {
    if (!result.ok) throw new Misplanned(path, result.message);
  }
}

function isActionKind(kind: string): kind is ActionKind {
  return (ACTION_KINDS as readonly string[]).includes(kind);
}

/** The schema has checked it. */
function msOf(text: string): Ms {
  const parsed = parseDuration(text);
  return parsed.ok ? parsed.ms : 0;
}

function expectationOf(expect: DataExpectationText | undefined): DataExpectation {
  if (expect === undefined || expect === 'ok') return { kind: 'ok' };
  if ('error' in expect) return { kind: 'error', code: expect.error };
  return { kind: 'value', valueText: JSON.stringify(expect.value) };
}

/** The values of a sweep as texts, each once; a range is one of whole numbers. */
function valuesOf(parameter: SweepParameter, given: string | number | readonly (string | number)[]): Result<string[]> {
  const isDelay = parameter === 'delay';
  const values = Array.isArray(given) ? given.map(String) : isDelay ? [`${given}`] : expand(`${given}`);
  if (values === null) return fail(`expected values like 1-5 or [1, 3, 5], got ${JSON.stringify(given)}`);
  if (new Set(values).size < values.length) return fail(`expected every value once, got ${values.join(', ')}`);
  const wrong = values.find((value) => !isValue(parameter, value));
  return wrong === undefined
    ? ok(values)
    : fail(`expected ${EXPECTED[parameter] ?? 'whole numbers of at least 1'}, got ${JSON.stringify(wrong)}`);
}

function expand(text: string): string[] | null {
  const range = parseQuorums(text);
  if (range.ok) return range.value.map(String);
  return /^[\d.,\s]+$|^[a-z,\s]+$/.test(text) ? text.split(',').map((part) => part.trim()) : null;
}

const EXPECTED: Partial<Record<SweepParameter, string>> = {
  quorum: 'whole numbers of at least 0',
  followers: 'whole numbers from 0 to 31',
  value_bytes: 'whole numbers of at least 0',
  delay: 'delays like 0-100 or lognormal:20,0.5',
  loss: 'shares from 0 to 1',
  read_share: 'shares from 0 to 1',
  rate: 'numbers above 0',
  store: 'sqlite or memory',
};

function isValue(parameter: SweepParameter, text: string): boolean {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  switch (parameter) {
    case 'delay':
      return parseDelays(text).ok;
    case 'store':
      return text === 'sqlite' || text === 'memory';
    case 'loss':
    case 'read_share':
      return value >= 0 && value <= 1;
    case 'rate':
      return value > 0 && value <= 1e6;
    case 'followers':
      return Number.isInteger(value) && value >= 0 && value <= 31;
    case 'quorum':
    case 'value_bytes':
      return Number.isInteger(value) && value >= 0;
    default:
      return Number.isInteger(value) && value >= 1;
  }
}

/** Only what is swept of the load itself. */
function withParameter(load: ScenarioLoad, parameter: SweepParameter, value: string): ScenarioLoad {
  return parameter in LOAD_FIELDS ? { ...load, [parameter]: Number(value) } : load;
}

const LOAD_FIELDS = { concurrency: true, rate: true, writes: true, keys: true, value_bytes: true, read_share: true };
