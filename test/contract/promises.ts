/**
 * What the protocol promises its clients, written once and held against whatever runs it: the core alone (core.test.ts), real processes
 * (e2e/faults-contract.test.ts), later a simulator.
 *
 * A world has a leader n1 and followers n2 to n4, a write quorum of 2, no delays, and durable stores. Time and scheduling are the world's own:
 * a promise only says what must be so at once, and what must come to be so in the end.
 */
import { describe, expect, onTestFinished, test } from 'vitest';

/** A key as it was seen; null: it has no value. */
export type Seen = { readonly value: string; readonly version: string } | null;

export type Outcome =
  | { readonly ok: true; readonly version: string; readonly acks: number; readonly required: number }
  | { readonly ok: false; readonly code: string; readonly version: string | null };

/** A write that was begun; its outcome is null until the client is answered. */
export interface Attempt {
  readonly outcome: Outcome | null;
}

export interface World {
  /** The value is a text; null deletes. */
  write(key: string, value: string | null, options?: { readonly quorum?: number; readonly timeoutMs?: number }): Attempt;
  /** A committed read on n1; `closed` while it does not serve. */
  committed(key: string): Promise<Seen | 'closed'>;
  /** What a node holds, committed or not. */
  held(node: string, key: string): Promise<Seen>;
  /** Stops the nodes without warning. */
  crash(...nodes: readonly string[]): Promise<void>;
  /** Starts them with the data that they have; does not wait for anything. */
  start(...nodes: readonly string[]): Promise<void>;
  /** Cuts n1 from the node, both ways; `heal` ends that. */
  cut(node: string): Promise<void>;
  heal(): Promise<void>;
  /** Lets the world go on until it is so; throws if that takes too long. */
  eventually(what: string, isSo: () => Promise<boolean>): Promise<void>;
  end(): Promise<void>;
}

const ALL = ['n1', 'n2', 'n3', 'n4'];

export function promises(name: string, makeWorld: () => Promise<World>): void {
  async function begin(): Promise<World> {
    const world = await makeWorld();
    onTestFinished(() => world.end());
    await world.eventually('n1 serves', async () => (await world.committed('nothing')) !== 'closed');
    return world;
  }

  async function outcomeOf(world: World, attempt: Attempt): Promise<Outcome> {
    await world.eventually('the client is answered', async () => attempt.outcome !== null);
    return attempt.outcome as Outcome;
  }

  async function acknowledged(world: World, key: string, value: string | null, options?: { readonly quorum?: number }): Promise<string> {
    const outcome = await outcomeOf(world, world.write(key, value, options));
    expect(outcome).toMatchObject({ ok: true });
    return outcome.version as string;
  }

  const serves = (world: World, key: string, value: string) =>
    world.eventually(`n1 serves ${key} = ${value}`, async () => {
      const seen = await world.committed(key);
      return seen !== 'closed' && seen?.value === value;
    });

  describe(`${name} promises that`, () => {
    test('an acknowledged write has the acks that it needed, and is committed', async () => {
      const world = await begin();
      const outcome = await outcomeOf(world, world.write('a', 'first'));
      expect(outcome).toMatchObject({ ok: true, required: 2 });
      expect(outcome.ok && outcome.acks).toBeGreaterThanOrEqual(2);
      expect(await world.committed('a')).toEqual({ value: 'first', version: outcome.version });
      for (const node of ALL)
        await world.eventually(`${node} has it`, async () => (await world.held(node, 'a'))?.version === outcome.version);
    });

    test('a pending write is invisible to committed reads until it commits, and then has the version that it had', async () => {
      const world = await begin();
      const before = await acknowledged(world, 'a', 'old', { quorum: 3 });
      await world.crash('n4');
      const attempt = world.write('a', 'new', { quorum: 3, timeoutMs: 60_000 });
      await world.eventually('n1 holds it', async () => (await world.held('n1', 'a'))?.value === 'new');
      await world.eventually('n2 holds it', async () => (await world.held('n2', 'a'))?.value === 'new');
      expect(await world.committed('a')).toEqual({ value: 'old', version: before });
      expect(attempt.outcome).toBeNull();
      const pending = await world.held('n1', 'a');
      await world.start('n4');
      expect(await outcomeOf(world, attempt)).toMatchObject({ ok: true, version: pending?.version, acks: 3 });
      expect(await world.committed('a')).toEqual(pending);
    });

    test('a write whose quorum was not met is no success, stays, and commits when the followers are back', async () => {
      const world = await begin();
      await acknowledged(world, 'a', 'old');
      await world.crash('n3', 'n4');
      const outcome = await outcomeOf(world, world.write('a', 'new'));
      expect(outcome).toMatchObject({ ok: false, code: 'quorum_not_met' });
      expect(await world.committed('a')).toMatchObject({ value: 'old' });
      await world.start('n3');
      await serves(world, 'a', 'new');
      expect(await world.committed('a')).toMatchObject({ version: outcome.version });
    });

    test('whoever was cut off gets what was written, rewritten and deleted meanwhile, and no deleted key comes back', async () => {
      const world = await begin();
      for (const key of ['a', 'b']) await acknowledged(world, key, 'old', { quorum: 3 });
      await world.cut('n2');
      for (const value of ['one', 'two']) await acknowledged(world, 'a', value);
      await acknowledged(world, 'b', null);
      const last = await acknowledged(world, 'c', 'new');
      expect(await world.held('n2', 'a')).toMatchObject({ value: 'old' });
      await world.heal();
      await world.eventually('n2 has the last write', async () => (await world.held('n2', 'c'))?.version === last);
      expect(await world.held('n2', 'a')).toMatchObject({ value: 'two' });
      expect(await world.held('n2', 'b')).toBeNull();
    });

    test('nothing acknowledged is lost when every node crashes at once, and versions go on in a new epoch', async () => {
      const world = await begin();
      const versions = new Map<string, string>();
      for (const key of ['a', 'b', 'c']) versions.set(key, await acknowledged(world, key, `of ${key}`));
      await world.crash(...ALL);
      await world.start(...ALL);
      for (const [key, version] of versions) {
        await serves(world, key, `of ${key}`);
        expect(await world.committed(key)).toMatchObject({ version });
      }
      const [epoch, seq] = (await acknowledged(world, 'a', 'again')).split('.').map(Number);
      const [oldEpoch, oldSeq] = (versions.get('c') as string).split('.').map(Number);
      expect(epoch).toBeGreaterThan(oldEpoch as number);
      expect(seq).toBeGreaterThan(oldSeq as number);
    });

    test('a leader that starts again serves nothing before a majority knows its epoch, and then has everything', async () => {
      const world = await begin();
      await acknowledged(world, 'a', 'kept');
      await world.crash('n1', 'n2', 'n3');
      await world.start('n1');
      await world.eventually('n1 answers', async () => (await world.held('n1', 'a'))?.value === 'kept');
      expect(await world.committed('a')).toBe('closed');
      expect(await outcomeOf(world, world.write('a', 'too soon', { quorum: 0 }))).toMatchObject({ ok: false, code: 'not_open' });
      await world.start('n3');
      await serves(world, 'a', 'kept');
      await acknowledged(world, 'a', 'new');
    });
  });
}
