// Tests that need something a machine may lack (a container engine, a browser) say so here. They are skipped with the reason, which the
// summary lists, unless KVCTL_TEST_REQUIRE (a comma list, e.g. `docker,browser`) names the thing: then its absence is a failure.
import type { TestContext } from 'vitest';

type Requirement = 'docker' | 'browser';

/** Goes on if the thing is available, else skips the test, or fails it where it is required. Why: what was looked for and not found. */
export function requireOrSkip(ctx: Pick<TestContext, 'skip'>, what: Requirement, available: boolean, why: string): void {
  if (available) return;
  const required = (process.env.KVCTL_TEST_REQUIRE ?? '').split(',').map((name) => name.trim());
  if (required.includes(what)) throw new Error(`KVCTL_TEST_REQUIRE names ${what}, which this machine lacks: ${why}`);
  ctx.skip(`needs ${what}: ${why}`);
}
