/**
 * Every judge asked about every key, and what each found. How the findings become one verdict: judge.ts.
 *
 * Invariant: two judges that contradict each other are a bug in one of them, and end the program.
 */
import { assert } from '../lib/assert.ts';
import { judgeAcknowledgedWrites, judgeDefiniteErrors } from './acknowledged.ts';
import { explainUnlinearizable, operationText, valueText } from './explain.ts';
import type { Operation } from './history.ts';
import type { JudgeName, JudgeVerdict } from './judgement.ts';
import { judgeLinearizability, type Linearizability } from './linearizability.ts';
import { judgeMonotonicReads, judgeReadYourWrites, type Regression } from './sessions.ts';
import { type Shrunk, shrink } from './shrink.ts';
import type { Values } from './values.ts';
import { judgeZones } from './zones.ts';

/** What a judge says of a key. */
export interface Finding {
  readonly key: string;
  readonly judge: JudgeName;
  readonly verdict: JudgeVerdict;
  readonly why: string;
  /** Of a violation: the operations that show it. */
  readonly evidence: readonly Operation[];
  readonly isSmallest: boolean;
}

/** First a little for every key, so that a hard one does not keep the others waiting; then eight times as much, and so on. */
const FIRST_STEPS = 1 << 18;
const MORE_STEPS = 8;
/** Of a search for the smallest part, each try. */
const SHRINK_STEPS = 1 << 20;

export class Court {
  readonly #values: Values;
  readonly #byKey: ReadonlyMap<string, readonly Operation[]>;
  readonly #shouldStop: () => boolean;
  /** Of keys that are not linearizable; both judges of that find the same. */
  readonly #shrunk = new Map<string, Shrunk>();

  constructor(values: Values, byKey: ReadonlyMap<string, readonly Operation[]>, shouldStop: () => boolean) {
    this.#values = values;
    this.#byKey = byKey;
    this.#shouldStop = shouldStop;
  }

  findings(chosen: ReadonlySet<JudgeName>): Finding[] {
    const zones = chosen.has('zones') ? this.#each((key, operations) => this.#zones(key, operations)) : [];
    const others = this.#each((key, operations) => [
      ...(chosen.has('read-your-writes') ? [this.#session('read-your-writes', key, operations, judgeReadYourWrites(operations))] : []),
      ...(chosen.has('monotonic-reads') ? [this.#session('monotonic-reads', key, operations, judgeMonotonicReads(operations))] : []),
      ...(chosen.has('acknowledged-writes') ? [this.#acknowledged(key, operations)] : []),
      ...(chosen.has('definite-errors') ? [this.#definite(key, operations)] : []),
    ]);
    const search = chosen.has('linearizability') ? this.#linearizability() : [];
    agree(search, zones);
    return [...search, ...zones, ...others.flat()];
  }

  #each<T>(judge: (key: string, operations: readonly Operation[]) => T): T[] {
    return [...this.#byKey].map(([key, operations]) => judge(key, operations));
  }

  #linearizability(): Finding[] {
    const found = new Map<string, Linearizability>();
    let open = [...this.#byKey];
    for (let maxSteps = FIRST_STEPS; open.length > 0; maxSteps *= MORE_STEPS) {
      for (const [key, operations] of open) found.set(key, judgeLinearizability(operations, { shouldStop: this.#shouldStop, maxSteps }));
      open = open.filter(([key]) => {
        const result = found.get(key);
        return result?.verdict === 'unknown' && result.limit === 'steps' && !this.#shouldStop();
      });
    }
    return this.#each((key, operations) => this.#linearizable(key, operations, found.get(key) as Linearizability));
  }

  #linearizable(key: string, operations: readonly Operation[], result: Linearizability): Finding {
    switch (result.verdict) {
      case 'ok':
        return passed('linearizability', key);
      case 'unknown': {
        const limit = result.limit === 'memory' ? 'memory' : 'time';
        return finding('linearizability', key, 'unknown', `not decided in the ${limit} given (${result.steps} steps of the search)`);
      }
      case 'violation':
        return this.#unlinearizable('linearizability', key, operations);
    }
  }

  #zones(key: string, operations: readonly Operation[]): Finding {
    const result = judgeZones(operations);
    if (result.verdict === 'ok') return passed('zones', key);
    if (result.verdict === 'not_applicable') return finding('zones', key, 'not_applicable', result.why);
    return this.#unlinearizable('zones', key, operations);
  }

  #unlinearizable(judge: JudgeName, key: string, operations: readonly Operation[]): Finding {
    const shrunk = this.#shrunk.get(key) ?? this.#shrink(operations);
    this.#shrunk.set(key, shrunk);
    const { operations: evidence, isSmallest } = shrunk;
    const why = isSmallest
      ? explainUnlinearizable(evidence, operations, this.#values)
      : 'no order of these operations gives every answer that was given';
    return { judge, key, verdict: 'violation', why, evidence, isSmallest };
  }

  /** Zones decide every part of a history that they can judge, and are fast. */
  #shrink(operations: readonly Operation[]): Shrunk {
    const isViolation = (part: readonly Operation[]): boolean => {
      const byZones = judgeZones(part).verdict;
      if (byZones !== 'not_applicable') return byZones === 'violation';
      return judgeLinearizability(part, { shouldStop: this.#shouldStop, maxSteps: SHRINK_STEPS }).verdict === 'violation';
    };
    return shrink(operations, isViolation, this.#shouldStop);
  }

  #session(judge: JudgeName, key: string, operations: readonly Operation[], regression: Regression | null): Finding {
    if (regression === null) return passed(judge, key);
    const { before, read } = regression;
    const known = `${operationText(before, this.#values)}${atVersion(before)} (line ${before.line})`;
    const why = `client ${read.process}, after its ${known}, read ${valueText(read.value, this.#values)}${atVersion(read)} (line ${read.line}), which is older`;
    return { judge, key, verdict: 'violation', why, evidence: withWrites([before, read], operations), isSmallest: true };
  }

  #acknowledged(key: string, operations: readonly Operation[]): Finding {
    const judge = 'acknowledged-writes';
    const result = judgeAcknowledgedWrites(operations);
    if (result.verdict === 'ok') return passed(judge, key);
    if (result.verdict === 'not_applicable') return finding(judge, key, 'not_applicable', result.why);
    const { write, read } = result;
    const why = `${operationText(write, this.#values)}${atVersion(write)} (line ${write.line}) was acknowledged, and when all was over ${valueText(read.value, this.#values)}${atVersion(read)} was read (line ${read.line}), which is older`;
    return { judge, key, verdict: 'violation', why, evidence: withWrites([write, read], operations), isSmallest: true };
  }

  #definite(key: string, operations: readonly Operation[]): Finding {
    const judge = 'definite-errors';
    const resurrection = judgeDefiniteErrors(operations);
    if (resurrection === null) return passed(judge, key);
    const { write, observer } = resurrection;
    const why = `${operationText(write, this.#values)} (line ${write.line}) failed for certain, and ${operationText(observer, this.#values)} (line ${observer.line}) saw its value`;
    return { judge, key, verdict: 'violation', why, evidence: inOrder([write, observer]), isSmallest: true };
  }
}

function agree(search: readonly Finding[], zones: readonly Finding[]): void {
  const byZones = new Map(zones.map(({ key, verdict }) => [key, verdict]));
  for (const { key, verdict } of search) {
    const other = byZones.get(key);
    const isDecided = verdict !== 'unknown' && (other === 'ok' || other === 'violation');
    assert(
      !isDecided || verdict === other,
      `two judges agree on key ${JSON.stringify(key)}: the search says ${verdict}, the zones ${other}`,
    );
  }
}

function atVersion({ version }: Operation): string {
  return version === null ? '' : ` at version ${version}`;
}

/** With the writes of what was read, where there is one of each. */
function withWrites(few: readonly Operation[], all: readonly Operation[]): readonly Operation[] {
  const writes = few
    .filter(({ f }) => f === 'read')
    .flatMap(({ value }) => {
      const of = all.filter((each) => each.f !== 'read' && each.outcome !== 'fail' && each.value === value);
      return of.length === 1 ? of : [];
    });
  return inOrder([...few, ...writes]);
}

function inOrder(operations: readonly Operation[]): readonly Operation[] {
  return [...new Set(operations)].sort((a, b) => a.call - b.call);
}

function passed(judge: JudgeName, key: string): Finding {
  return finding(judge, key, 'ok', '');
}

function finding(judge: JudgeName, key: string, verdict: JudgeVerdict, why: string): Finding {
  return { judge, key, verdict, why, evidence: [], isSmallest: false };
}
