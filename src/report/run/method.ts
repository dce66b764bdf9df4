/** How the figures of a scenario's run come about, as far as it has them, and what its sweeps are called. */
import type { BenchResult } from '../../measure/result.ts';
import type { RunResult } from '../../measure/run-result.ts';
import { METHOD } from '../method.ts';
import { wordsOf } from '../sweep.ts';

interface Term {
  readonly term: string;
  readonly text: string;
}

export function runMethod(result: RunResult): readonly Term[] {
  return [
    ...(result.sweeps.length === 0 ? [] : METHOD),
    ...(result.stale_reads.length === 0 ? [] : [STALE]),
    ...(result.expectations.length === 0 ? [] : [EXPECTATION]),
    TIME,
  ];
}

const STALE: Term = {
  term: 'Stale read',
  text: 'a read at a follower that does not show a write whose acknowledgement the client had before it sent the read. The model counts a read as stale if the follower’s own delay, as drawn for this write, had not passed when the read was sent.',
};
const EXPECTATION: Term = {
  term: 'Expectation',
  text: 'a figure and a bound from the scenario’s file. One whose figure was not measured is not met.',
};
const TIME: Term = {
  term: 'Time',
  text: 'runs from the beginning of the first step, on one monotonic clock. A mark stands where what was done had taken effect.',
};

/** `one-down: by write quorum`, or the name alone of a load outside of a sweep. */
export function titleOf({ name, sweep }: BenchResult): string {
  return sweep.values.length > 1 ? `${name}: by ${wordsOf(sweep.parameter).noun}` : name;
}
