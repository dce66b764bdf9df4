/**
 * A wall clock that jumps: `Date` with an offset, and nothing else. `performance.now`, `process.hrtime` and timers count on as they did, as
 * they do when somebody sets a machine's clock. For chaos and tests, which show that no decision reads the wall clock.
 *
 * Loaded before everything else of a node (main.ts), so that nobody can have kept the real `Date`; or as a preload of any program
 * (`node --import`). Without FAULT_INJECTION=on in the environment it changes nothing.
 */
const RealDate = globalThis.Date;
let offsetMs = 0;

function now(): number {
  return RealDate.now() + offsetMs;
}

/** From now on the wall clock shows so many ms more than it is (less, if negative). Without effect unless it was told to be adjustable. */
export function offsetWallClock(ms: number): void {
  offsetMs = ms;
}

/** ms by which the wall clock is off. */
export function wallClockOffset(): number {
  return offsetMs;
}

if (process.env['FAULT_INJECTION'] === 'on') {
  const Shifted = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
  globalThis.Date = Shifted;
  // `new date.constructor()` is a way to the clock, too.
  RealDate.prototype.constructor = Shifted;
}
