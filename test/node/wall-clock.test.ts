// The wall clock that jumps, as a preload of another program: `Date` is off, and nothing else is.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '#entry';

const PRELOAD = join(packageRoot, 'src', 'node', 'wall-clock.ts');
const HOUR_MS = 3_600_000;

/** Keeps `Date` and `Date.now` as any module may, then has the clock jump; answers how far each way to it is off. */
const PROGRAM = `
  const Kept = Date;
  const { offsetWallClock } = await import(${JSON.stringify(PRELOAD)});
  class Own extends Date {}
  const [realMs, monotonicMs, hr] = [performance.timeOrigin + performance.now(), performance.now(), process.hrtime.bigint()];
  offsetWallClock(-${HOUR_MS});
  const off = (ms) => Math.round((ms - realMs) / 60_000);
  console.log(JSON.stringify({
    now: off(Date.now()),
    kept: off(Kept.now()),
    made: off(new Date().getTime()),
    own: off(new Own().getTime()),
    copied: off(new (new Date(0).constructor)().getTime()),
    text: off(Date.parse(Date())),
    given: [new Date(5).getTime(), new Date('1970-01-01T00:00:01Z').getTime(), Date.UTC(1970, 0, 1), new Date(1970, 0).getFullYear()],
    kinds: [new Date() instanceof Date, new Own() instanceof Own, typeof Date(), Date.length],
    monotonic: Math.round((performance.now() - monotonicMs) / 60_000),
    hr: Number((process.hrtime.bigint() - hr) / 60_000_000_000n),
  }));
`;

function run(environment: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', PRELOAD, '--input-type=module', '--eval', PROGRAM],
    { encoding: 'utf8', env: environment },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

test('every way to the wall clock shows the jump, what is no reading of it does not, and monotonic clocks go on (failure 39)', () => {
  const given = [5, 1_000, 0, 1970];
  const kinds = [true, true, 'string', 7];
  expect(run({ FAULT_INJECTION: 'on' })).toEqual({
    ...{ now: -60, kept: -60, made: -60, own: -60, copied: -60, text: -60 },
    ...{ given, kinds, monotonic: 0, hr: 0 },
  });
});

test('without FAULT_INJECTION=on nothing changes', () => {
  for (const environment of [{}, { FAULT_INJECTION: 'off' }]) {
    expect(run(environment)).toMatchObject({ now: 0, kept: 0, made: 0, own: 0, copied: 0, text: 0 });
  }
});
