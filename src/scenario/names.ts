/** What the steps of a file are called: by the name that each is given, else by its kind, numbered from its second on. */
import { STEP_KINDS } from './schema.ts';

/** In the order of the steps; null for what is no step. A name that is given anywhere in the file is never made. */
export function stepNames(steps: readonly unknown[]): (string | null)[] {
  const given = steps.map(givenName);
  const taken = new Set(given.filter((name) => name !== null));
  return steps.map((step, index) => {
    const kind = kindOf(step);
    return given[index] ?? (kind === null ? null : freeName(kind, taken));
  });
}

/** `kill`, or `kill-2` if that is taken, and so on; it is taken now. */
export function freeName(kind: string, taken: Set<string>): string {
  let name = kind;
  for (let number = 2; taken.has(name); number++) name = `${kind}-${number}`;
  taken.add(name);
  return name;
}

function givenName(step: unknown): string | null {
  const name = isObject(step) ? step['name'] : null;
  return typeof name === 'string' ? name : null;
}

/** A sweep has a load, and is one all the same. */
function kindOf(step: unknown): string | null {
  if (!isObject(step)) return null;
  return Object.hasOwn(step, 'sweep') ? 'sweep' : (STEP_KINDS.find((kind) => Object.hasOwn(step, kind)) ?? null);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
