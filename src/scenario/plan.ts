/**
 * A checked scenario becomes a plan for experiment/: names for all steps, rows for every value of a sweep, thresholds parsed and
 * bound to what they speak of. What cannot be (a quorum above the followers, a node or row that does not exist) is refused here,
 * with the place in the file.
 *
 * Pure: files are read by who calls.
 */
import { type ClusterSpec, DEFAULT_QUORUM } from '../cluster/spec.ts';
import type { LoadOptions } from '../experiment/load.ts';
import type { ExperimentPlan } from '../experiment/plan.ts';
import { Planner } from '../experiment/planner.ts';
import type { TimedAction } from '../experiment/step.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { visible } from '../lib/text.ts';
import { formatMs } from '../lib/units.ts';
import { WAIT_FIGURES } from '../measure/figures.ts';
import { parseThreshold } from '../measure/threshold.ts';
import { type SpecOptions, specOf } from './cluster-spec.ts';
import { ALL_ROWS, bindExpectations, type Subject } from './expectations.ts';
import type { LoadedScenario } from './loader.ts';
import { Misplanned } from './misplanned.ts';
import { freeName, stepNames } from './names.ts';
import { ACTION_KINDS, type ActionKind, type DataExpectationText, type Scenario, SWEEP_PARAMETERS, type SweepParameter } from './schema.ts';
import type { Path } from './source.ts';
import { sweepValues, withParameter } from './sweep-values.ts';
import { actionOf, expectationOf, loadOf, msOf, networkOf } from './translate.ts';

type FileStep = Scenario['steps'][number];

/** So many that no writer has to wait for a key. */
const STALE_KEYS = 50;
/** Of put, get and del: the value of `node`. */
const DEFAULT_NODE = 'leader';

/** Fails with a sentence that names the place in the file. */
export function planScenario({ scenario, where }: LoadedScenario, options: SpecOptions): Result<ExperimentPlan> {
  try {
    return ok(new ScenarioPlanner(scenario, options).plan());
  } catch (error) {
    if (error instanceof Misplanned) return fail(`${where(error.path)}: ${error.message}`);
    throw error;
  }
}

class ScenarioPlanner {
  readonly #scenario: Scenario;
  readonly #spec: ClusterSpec;
  readonly #planner: Planner;
  readonly #names: readonly string[];
  readonly #taken: Set<string>;
  readonly #subjects: Subject[] = [];
  #store: 'sqlite' | 'memory';

  constructor(scenario: Scenario, options: SpecOptions) {
    this.#scenario = scenario;
    this.#spec = specOf(scenario, options);
    this.#store = this.#spec.store;
    this.#planner = new Planner({ kind: 'own', spec: this.#spec }, null);
    // The schema lets nothing in that is no step.
    this.#names = stepNames(scenario.steps).map((name) => name ?? '');
    this.#taken = new Set(this.#names);
  }

  plan(): ExperimentPlan {
    this.#checkNames();
    this.#loseRecords(['cluster', 'network', 'loss']);
    this.#scenario.steps.forEach((step, index) => {
      this.#step(step, this.#names[index] as string, ['steps', index]);
    });
    const bound = bindExpectations(this.#scenario.expect ?? {}, this.#subjects);
    if (!bound.ok) throw new Misplanned(bound.path, bound.message);
    return {
      ...this.#planner.finish(this.#spec.seed),
      name: this.#scenario.name,
      why: this.#scenario.why.trim(),
      expectations: bound.expectations,
      acceptsInconclusive: this.#scenario.accept_inconclusive,
    };
  }

  #checkNames(): void {
    for (const [index, { name }] of this.#scenario.steps.entries()) {
      const path: Path = ['steps', index, 'name'];
      if (name === ALL_ROWS) throw new Misplanned(path, `expected another name than "${ALL_ROWS}", which means every row`);
      if (name !== undefined && this.#names.indexOf(name) !== index) {
        throw new Misplanned(path, `expected a name that no other step has, got ${JSON.stringify(name)}`);
      }
    }
  }

  /** A new cluster has no loss: it is set as the first step of all that follow. */
  #loseRecords(path: Path): void {
    const loss = this.#scenario.cluster.network?.loss ?? 0;
    if (loss === 0) return;
    const change = { nodes: 'followers', delay: null, loss };
    this.#must(path, this.#planner.act(freeName('network', this.#taken), { kind: 'network', change }));
  }

  #step(step: FileStep, name: string, path: Path): void {
    if ('sweep' in step) return this.#sweep(step, name, path);
    if ('load' in step) return this.#load(step, name, path);
    const kind = Object.keys(step).find((key) => key !== 'name') as Exclude<keyof typeof step, 'name'>;
    const at: Path = [...path, kind];
    if (isActionKind(kind)) {
      const action = actionOf(step as Partial<Record<ActionKind, unknown>>, kind);
      this.#must(at, this.#planner.act(name, action));
      // A leader that starts again has what its environment says, and there is no loss in that.
      if (action.kind === 'restart' && this.#isOfLeader(action.nodes)) this.#loseRecords(at);
      return;
    }
    if ('stale-reads' in step) this.#staleReads(step['stale-reads'], name, at);
    else if ('parity' in step) this.#parity(step.parity, name, at);
    else if ('wait' in step) this.#wait(step.wait, name, at);
    else if ('put' in step) this.#data('put', step.put, name, at);
    else if ('get' in step) this.#data('get', step.get, name, at);
    else if ('del' in step) this.#data('del', step.del, name, at);
  }

  #load(step: Extract<FileStep, { load: unknown }>, name: string, path: Path): void {
    const load = loadOf(step.load, [...path, 'load']);
    const quorum = this.#planner.quorum;
    const sweep = this.#planner.sweep({ name, parameter: 'quorum', values: [`${quorum}`], load });
    const during = this.#during(step.during, path);
    const set = { quorum: null, network: null };
    const wish = { sweep, step: name, value: `${quorum}`, label: `${name}, quorum ${quorum}`, set, load, during };
    this.#must(path, this.#planner.row(wish));
    this.#subjects.push({ subject: name, step: name, kind: 'row', at: null });
  }

  #sweep(step: Extract<FileStep, { sweep: unknown }>, name: string, path: Path): void {
    const parameter = SWEEP_PARAMETERS.find((each) => each in step.sweep) as SweepParameter;
    const at: Path = [...path, 'sweep', parameter];
    const values = sweepValues(parameter, (step.sweep as Record<string, string | number | (string | number)[]>)[parameter] ?? []);
    if (!values.ok) throw new Misplanned(at, values.message);
    const loads = values.value.map((value) => loadOf(withParameter(step.load, parameter, value), [...path, 'load']));
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
      return { ...nothing, network: networkOf(parameter === 'delay' ? { delay: value } : { loss: Number(value) }) };
    }
    if (parameter === 'followers' || parameter === 'store') {
      const followers = parameter === 'followers' ? Number(value) : this.#planner.followers.length;
      this.#store = parameter === 'store' ? (value as 'sqlite' | 'memory') : this.#store;
      // Not the quorum of the smaller cluster before: what the file asks for, as far as there are followers for it.
      const quorum = Math.min(this.#scenario.cluster.quorum ?? DEFAULT_QUORUM, followers);
      const title =
        parameter === 'followers'
          ? `another cluster, of ${value} ${value === '1' ? 'follower' : 'followers'}`
          : `another cluster, with store ${value}`;
      const step = { kind: 'cluster', step: `${row} cluster`, title, followers, store: this.#store, quorum, expectedMs: 3_000 } as const;
      this.#must(at, this.#planner.add(step));
      this.#loseRecords(at);
    }
    return nothing;
  }

  #staleReads(file: Extract<FileStep, { 'stale-reads': unknown }>['stale-reads'], step: string, path: Path): void {
    const { writes, keys = STALE_KEYS, nodes = 'followers', quorum = null } = file;
    const afterMs = file.after.map(msOf).sort((a, b) => a - b);
    const twice = afterMs.find((ms, index) => afterMs[index - 1] === ms);
    if (twice !== undefined) throw new Misplanned([...path, 'after'], `expected every time once, got ${twice}ms twice`);
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
    const what = visible(valueText === null ? key : `${key}=${valueText}`);
    const withinMs = file.within === undefined ? 0 : msOf(file.within);
    const timeoutMs = file.timeout === undefined ? null : msOf(file.timeout);
    const title = `${kind} ${what} at ${node}`;
    const expect = expectationOf(file.expect);
    this.#must(
      path,
      this.#planner.add({ kind, step, title, node, key, valueText, quorum, timeoutMs, read, expect, withinMs, expectedMs: 10 }),
    );
  }

  /** In the order of their times. */
  #during(entries: readonly unknown[] | undefined, path: Path): TimedAction[] {
    const timed = (entries ?? []).map((entry, index): TimedAction => {
      const file = entry as { at: string } & Partial<Record<ActionKind, unknown>>;
      const kind = ACTION_KINDS.find((each) => each in file) as ActionKind;
      const at: Path = [...path, 'during', index];
      const action = actionOf(file, kind);
      this.#must([...at, kind], this.#planner.check(action));
      return { atMs: msOf(file.at), action };
    });
    return timed.sort((a, b) => a.atMs - b.atMs);
  }

  #isOfLeader(selector: string): boolean {
    const [leader] = selectedOf(this.#planner.select('leader'));
    return selectedOf(this.#planner.select(selector)).some((id) => id === leader);
  }

  #must(path: Path, result: Result<unknown>): void {
    if (!result.ok) throw new Misplanned(path, result.message);
  }
}

function selectedOf(selected: Result<string[]>): readonly string[] {
  return selected.ok ? selected.value : [];
}

function isActionKind(kind: string): kind is ActionKind {
  return (ACTION_KINDS as readonly string[]).includes(kind);
}
