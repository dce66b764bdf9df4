/**
 * Binds the thresholds of a scenario to what they speak of: rows, points of stale reads, looks at the replicas. A selector that
 * means nothing is refused, because a threshold that is never judged would pass for ever.
 */
import type { Expectation } from '../experiment/step.ts';
import { PARITY_FIGURES, ROW_FIGURES, STALE_FIGURES } from '../measure/figures.ts';
import { parseThreshold, type Vocabulary } from '../measure/threshold.ts';
import type { Path } from './source.ts';

/** Something that a run finds figures of. */
export interface Subject {
  /** The name that results give it. */
  readonly subject: string;
  /** Name of its step. */
  readonly step: string;
  readonly kind: 'row' | 'stale' | 'parity';
  /** `quorum=3`, `after=50ms`; null where a step has only one. */
  readonly at: string | null;
}

/** The selector of every row. */
export const ALL_ROWS = 'all';

export type Bound =
  | { readonly ok: true; readonly expectations: readonly Expectation[] }
  | { readonly ok: false; readonly path: Path; readonly message: string };

const VOCABULARIES: Readonly<Record<Subject['kind'], Vocabulary>> = { row: ROW_FIGURES, stale: STALE_FIGURES, parity: PARITY_FIGURES };

/**
 * Selectors: `all` (every row), the name of a step, a value of a sweep (`quorum=3`), or both with a space between
 * (`three-down quorum=3`).
 */
export function bindExpectations(expect: Readonly<Record<string, readonly string[]>>, subjects: readonly Subject[]): Bound {
  const expectations: Expectation[] = [];
  const known = new Set<string>();
  for (const [selector, thresholds] of Object.entries(expect)) {
    const meant = subjects.filter((subject) => matches(selector.trim(), subject));
    if (meant.length === 0) {
      const all = subjects.some(({ kind }) => kind === 'row') ? [ALL_ROWS] : [];
      const names = subjects.flatMap(({ step, at }) => (at === null ? [step] : [step, at]));
      const selectors = names.length === 0 ? ['no expectation of steps that find no figures'] : new Set([...all, ...names]);
      return { ok: false, path: ['expect', selector], message: `expected ${[...selectors].join(', ')}, got ${JSON.stringify(selector)}` };
    }
    for (const [index, text] of thresholds.entries()) {
      for (const { subject, kind } of meant) {
        const threshold = parseThreshold(text, VOCABULARIES[kind]);
        if (!threshold.ok) return { ok: false, path: ['expect', selector, index], message: threshold.message };
        const { value } = threshold;
        // By `all` and by the step's own name: judged once, told once.
        const name = `${subject}\n${value.text}`;
        if (!known.has(name)) expectations.push({ subject, threshold: value });
        known.add(name);
      }
    }
  }
  return { ok: true, expectations };
}

function matches(selector: string, { subject, step, kind, at }: Subject): boolean {
  return selector === subject || selector === step || selector === at || (selector === ALL_ROWS && kind === 'row');
}
