/**
 * Histories for tests of the judges: made by hand, at random, or all there are; and a judge that tries every order, which shares no code
 * with those of src/judge.
 */
import type { History, Operation } from '../../src/judge/history.ts';
import { Values } from '../../src/judge/values.ts';
import type { Prng } from '../../src/lib/prng.ts';

export type Kind = Pick<Operation, 'f' | 'outcome'> & Partial<Pick<Operation, 'value' | 'from' | 'error'>>;

/** `end` null: it may still happen. */
export function operation(kind: Kind, call: number, end: number | null, process = `p${call}`): Operation {
  return {
    value: 0,
    from: 0,
    error: null,
    ...kind,
    process,
    key: 'k',
    call,
    end: end ?? Number.POSITIVE_INFINITY,
    calledAt: call,
    endedAt: end,
    line: call + 1,
    endLine: end === null ? null : end + 1,
    version: null,
    node: null,
  };
}

export const read = (value: number): Kind => ({ f: 'read', outcome: 'ok', value });
export const write = (value: number, outcome: Kind['outcome'] = 'ok'): Kind => ({ f: 'write', outcome, value });
export const cas = (from: number, value: number, outcome: Kind['outcome'] = 'ok'): Kind => ({ f: 'cas', outcome, from, value });
export const remove = (outcome: Kind['outcome'] = 'ok'): Kind => ({ f: 'delete', outcome });

/** Every order of the moments of these operations in which they are called one after the other. */
export function* interleavings(kinds: readonly Kind[]): Generator<Operation[]> {
  const ends: (number | null)[] = kinds.map(() => null);
  const calls: number[] = [];
  function* go(moment: number, called: number, open: readonly number[]): Generator<Operation[]> {
    if (called === kinds.length && open.length === 0) {
      yield kinds.map((kind, i) => operation(kind, calls[i] as number, ends[i] as number | null));
      return;
    }
    if (called < kinds.length) {
      calls[called] = moment;
      yield* go(moment + 1, called + 1, kinds[called]?.outcome === 'info' ? open : [...open, called]);
    }
    for (const each of open) {
      ends[each] = moment;
      yield* go(
        moment + 1,
        called,
        open.filter((other) => other !== each),
      );
      ends[each] = null;
    }
  }
  yield* go(0, 0, []);
}

export function* tuples<T>(choices: readonly T[], length: number): Generator<T[]> {
  if (length === 0) yield [];
  else for (const rest of tuples(choices, length - 1)) for (const choice of choices) yield [...rest, choice];
}

/** Tries every order, and every choice among what may have happened. */
export function bruteForce(operations: readonly Operation[], state = 0): boolean {
  const mustHappen = operations.filter(
    ({ f, outcome, error }) => outcome === 'ok' || (outcome === 'fail' && f === 'cas' && error === null),
  );
  if (mustHappen.length === 0) return true;
  const deadline = Math.min(...mustHappen.map(({ end }) => end));
  return operations.some((chosen) => {
    if (chosen.call > deadline) return false;
    const rest = operations.filter((each) => each !== chosen);
    const after = outcomes(chosen, state);
    return after.some((next) => bruteForce(rest, next));
  });
}

/** The states that the operation can leave; none if it cannot have happened. What may not have happened may leave all as it was. */
function outcomes({ f, outcome, value, from, error }: Operation, state: number): number[] {
  if (outcome === 'ok') {
    if (f === 'read') return state === value ? [state] : [];
    if (f === 'cas') return state === from ? [value] : [];
    return [f === 'delete' ? 0 : value];
  }
  if (outcome === 'fail') return f === 'cas' && error === null && state !== from ? [state] : [];
  if (f === 'read') return [];
  if (f === 'cas') return state === from ? [value] : [];
  return [f === 'delete' ? 0 : value];
}

export interface Shape {
  readonly operations: number;
  readonly clients: number;
  /** Of all operations. */
  readonly reads: number;
  readonly cas?: number;
  readonly deletes?: number;
  /** Of the updates: whose end nobody knows. */
  readonly unknown?: number;
  /** Of the reads: that answer something else than what the register held. */
  readonly wrong?: number;
  /** Values are drawn from so many; absent: each is written once. */
  readonly values?: number;
}

/** A history of a real register, with as many wrong answers as the shape says. Moments are 0, 1, 2, … in the order in which they came. */
export function randomHistory(shape: Shape, random: Prng, key = 'k'): Operation[] {
  const { clients, reads, cas: swaps = 0, deletes = 0, unknown = 0, wrong = 0, values } = shape;
  const found: Operation[] = [];
  const running = new Map<number, { kind: Kind; call: number; isDone: boolean }>();
  let state = 0;
  let fresh = 0;
  let moment = 0;
  const nextValue = () => (values === undefined ? ++fresh : 1 + random.int(values));
  const seen: number[] = [0];
  const process = (client: number) => `p${client}`;
  const draw = (): Kind => {
    const chance = random.next();
    if (chance < reads) return read(0);
    if (chance < reads + swaps) return cas(random.next() < 0.7 ? state : (seen[random.int(seen.length)] as number), nextValue());
    if (chance < reads + swaps + deletes) return remove();
    return write(nextValue());
  };
  const happen = (client: number) => {
    const of = running.get(client);
    if (of === undefined || of.isDone) return;
    of.isDone = true;
    const { kind } = of;
    if (kind.f === 'read') of.kind = read(random.next() < wrong ? (seen[random.int(seen.length)] as number) : state);
    else if (kind.f === 'cas' && kind.from !== state) of.kind = { ...kind, outcome: 'fail', error: null };
    else {
      state = kind.value ?? 0;
      seen.push(state);
    }
  };
  let started = 0;
  while (started < shape.operations || running.size > 0) {
    const client = random.int(clients);
    const of = running.get(client);
    if (of === undefined) {
      if (started === shape.operations) continue;
      running.set(client, { kind: draw(), call: moment++, isDone: false });
      started += 1;
    } else if (!of.isDone && random.next() < 0.5) happen(client);
    else if (of.kind.f !== 'read' && random.next() < unknown) {
      // Perhaps it has happened, perhaps it never will.
      found.push({ ...operation({ ...of.kind, outcome: 'info' }, of.call, null, `${process(client)}-${of.call}`), key });
      running.delete(client);
    } else {
      happen(client);
      found.push({ ...operation(of.kind, of.call, moment++, process(client)), key });
      running.delete(client);
    }
  }
  return found.sort((a, b) => a.call - b.call);
}

/** As one reads it where a test failed. */
export function textOf(operations: readonly Operation[]): string {
  return operations
    .map(({ f, outcome, from, value, call, end }) => `${f} ${f === 'cas' ? `${from}>` : ''}${value} ${outcome} [${call}, ${end}]`)
    .join('; ');
}

/** With the numbers themselves as values. */
export function historyOf(operations: readonly Operation[]): History {
  const values = new Values();
  for (let value = 1; value <= operations.reduce((most, each) => Math.max(most, each.value, each.from), 0); value++) values.intern(value);
  return { operations, marks: [], values, hasTimes: false };
}
