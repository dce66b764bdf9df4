import { describe, expect, test } from 'vitest';
import type { HardState, KvRecord, Position, Replacement } from '../../src/core/record.ts';
import { type Version, ZERO } from '../../src/core/version.ts';
import { Disk } from '../../src/sim/disk.ts';
import type { EpochHistory } from '../../src/sim/epoch-history.ts';
import { Goals } from '../../src/sim/goals.ts';
import { Ledger } from '../../src/sim/ledger.ts';
import type { SimNode } from '../../src/sim/sim-node.ts';

const v = (epoch: number, seq: number): Version => ({ epoch, seq });
const rec = (key: string, epoch: number, seq: number, need = 1): KvRecord => ({
  key,
  value: `${epoch}.${seq}`,
  version: v(epoch, seq),
  need,
  timestampMs: seq,
});

/** Three nodes of which only the disks are there, and what became durable on them. */
class Disks {
  readonly ledger = new Ledger(3, new Goals());
  readonly #nodes = [0, 1, 2].map((index) => ({ id: `n${index + 1}`, index, disk: new Disk(`d${index}`) }) as unknown as SimNode);
  #tokens = 0;

  node(name: string): SimNode {
    return this.#nodes.find(({ id }) => id === name) as SimNode;
  }

  promise(name: string, epoch: number, to: string, ledEpoch = 0, blank = false): void {
    const state = { promisedEpoch: epoch, promisedTo: to, ledEpoch, blank } as HardState;
    this.#keep(name, { t: 'saveHard', token: ++this.#tokens, state }, false);
  }

  store(
    name: string,
    records: readonly KvRecord[],
    watermark: Version | null,
    replacements: readonly Replacement[] = [],
  ): EpochHistory | null {
    const position: Position | null = watermark && {
      watermark,
      cursor: watermark,
      cursorEpoch: watermark.epoch,
      kMin: 1,
      history: [],
      purgeFloor: ZERO,
    };
    const commit = { t: 'persist', token: ++this.#tokens, epoch: 1, records, position, previousOf: [], replacements } as const;
    return this.#keep(name, commit, false);
  }

  /** The leader takes writes. */
  write(name: string, ...records: readonly KvRecord[]): void {
    this.#keep(name, { t: 'persist', token: ++this.#tokens, epoch: 1, records, position: null, previousOf: [] }, true);
  }

  /** The node leads the epoch from this head on. */
  lead(
    name: string,
    epoch: number,
    head: number,
    gathered: readonly KvRecord[] = [],
    replacements: readonly Replacement[] = [],
  ): EpochHistory {
    this.promise(name, epoch, name, epoch);
    return this.store(name, gathered, v(epoch, head), replacements) as EpochHistory;
  }

  #keep(name: string, commit: Parameters<Disk['write']>[0]['commit'], isLeaders: boolean): EpochHistory | null {
    const node = this.node(name);
    const frame = { commit, isLeaders };
    node.disk.write(frame);
    node.disk.sync();
    return this.ledger.kept(node, frame, 0);
  }
}

/** n1 leads epoch 1, in which n2 holds a@1.1 and n3 b@1.2. */
function holes(): Disks {
  const disks = new Disks();
  const first = disks.lead('n1', 1, 0);
  for (const name of ['n2', 'n3']) {
    disks.promise(name, 1, 'n1');
    disks.store(name, [], v(1, 0));
  }
  disks.ledger.lineage.opens(first);
  disks.write('n1', rec('a', 1, 1), rec('b', 1, 2));
  disks.store('n2', [rec('a', 1, 1)], v(1, 1));
  disks.store('n3', [rec('b', 1, 2)], null);
  return disks;
}

const settled = ({ ledger: { lineage } }: Disks, epoch: number, seq: number) => {
  const accepted = lineage.find(v(epoch, seq));
  return accepted && { isSettled: lineage.isSettled(accepted), voidedBy: accepted.voidedBy?.epoch ?? null };
};

describe('an epoch that another node opens', () => {
  test('settles what it gathered, and makes void what it did not, also what the deposed leader goes on to write', () => {
    const disks = holes();
    disks.write('n1', rec('a', 1, 3, 2));
    const second = disks.lead('n2', 2, 2, [rec('b', 1, 2)]);
    expect(disks.ledger.lineage.opens(second)).toEqual([]);
    disks.write('n1', rec('c', 1, 4, 2));
    disks.write('n2', rec('a', 2, 3));
    expect([settled(disks, 1, 1), settled(disks, 1, 2)]).toEqual(Array(2).fill({ isSettled: true, voidedBy: null }));
    expect([settled(disks, 1, 3), settled(disks, 1, 4)]).toEqual(Array(2).fill({ isSettled: false, voidedBy: 2 }));
    expect(settled(disks, 2, 3)).toEqual({ isSettled: false, voidedBy: null });
  });

  test('tells what was committed and is lost', () => {
    const disks = holes();
    const lost = disks.ledger.lineage.opens(disks.lead('n2', 2, 1));
    expect(lost.map(({ record }) => record.key)).toEqual(['b']);
  });

  test.each([
    [
      'with a row of an epoch that it does not go on from',
      (disks: Disks) => disks.lead('n3', 3, 3, [rec('a', 1, 1), rec('c', 2, 3)]),
      /does not go on from epoch 1: .* c@2.3 that it could not hold/,
    ],
    ['below what it holds', (disks: Disks) => disks.lead('n3', 3, 1), /at seq 1, and holds 1.2/],
  ])('does not begin %s', (_name, begin, message) => {
    const disks = holes();
    disks.lead('n2', 2, 2, [rec('b', 1, 2)]);
    disks.write('n2', rec('c', 2, 3));
    disks.write('n1', rec('a', 1, 3));
    disks.store('n3', [rec('a', 1, 3)], null);
    expect(() => begin(disks)).toThrow(message);
  });

  test('goes on from the one that is open', () => {
    const disks = holes();
    disks.ledger.lineage.opens(disks.lead('n2', 2, 2, [rec('b', 1, 2)]));
    disks.write('n2', rec('b', 2, 3));
    const third = disks.lead('n3', 3, 2);
    expect(() => disks.ledger.lineage.opens(third)).toThrow(/does not go on from epoch 2/);
  });

  test('may be told late by a leader whose successor is open, if that one goes on from it', () => {
    const disks = holes();
    const second = disks.lead('n2', 2, 2, [rec('b', 1, 2)]);
    disks.promise('n3', 2, 'n2');
    disks.store('n3', [rec('a', 1, 1)], v(2, 2));
    const third = disks.lead('n3', 3, 2);
    disks.ledger.lineage.opens(third);
    expect(disks.ledger.lineage.opens(second)).toEqual([]);
    expect(disks.ledger.lineage.open).toBe(third);
  });

  test('is not counted with acks of an older one', () => {
    const disks = holes();
    disks.lead('n2', 2, 2, [rec('b', 1, 2)]);
    disks.write('n2', rec('a', 2, 3));
    disks.store('n3', [rec('a', 1, 1)], v(1, 2));
    const accepted = disks.ledger.lineage.find(v(2, 3))!;
    expect(disks.ledger.ackers(accepted)).toBe(0);
    disks.promise('n3', 2, 'n2');
    disks.store('n3', [rec('a', 2, 3)], null);
    expect(disks.ledger.ackers(accepted)).toBe(0);
    disks.store('n3', [], v(2, 2));
    expect(disks.ledger.ackers(accepted)).toBe(1);
  });

  test('is not counted with the acks of a blank node before it was filled, and not without them after its disk is lost', () => {
    const disks = holes();
    disks.ledger.wiped(disks.node('n3'));
    disks.node('n3').disk.wipe('d9');
    disks.promise('n3', 1, 'n1', 0, true);
    disks.write('n1', rec('c', 1, 3));
    const [b, c] = [2, 3].map((seq) => disks.ledger.lineage.find(v(1, seq))!);
    disks.store('n3', [rec('a', 1, 1), rec('b', 1, 2), rec('c', 1, 3)], v(1, 3));
    expect([disks.ledger.ackers(b!), disks.ledger.ackers(c!)]).toEqual([1, 0]);
    disks.promise('n3', 1, 'n1');
    expect(disks.ledger.ackers(c!)).toBe(1);
  });

  test('is written by its own leader alone, one seq after the other', () => {
    const disks = holes();
    disks.lead('n2', 2, 2, [rec('b', 1, 2)]);
    expect(() => disks.write('n1', rec('a', 2, 3))).toThrow(/n2 leads that epoch/);
    expect(() => disks.write('n2', rec('a', 2, 4))).toThrow(/the next one of epoch 2 is 2.3/);
  });
});

describe('a node that was not there', () => {
  /** n1 wrote a@1.3, b@1.4 and c@1.5 alone; n2 leads epoch 2 without them. */
  function diverged(): Disks {
    const disks = holes();
    disks.write('n1', rec('a', 1, 3), rec('b', 1, 4), rec('c', 1, 5));
    disks.lead('n2', 2, 2, [rec('b', 1, 2)]);
    disks.promise('n1', 2, 'n2');
    return disks;
  }
  const back = (key: string, seq: number, record: KvRecord | null) => ({
    key,
    record,
    rolledBack: rec(key, 1, seq),
    instead: record?.version ?? null,
  });

  test('does not come to the epoch with rows that the epoch lacks', () => {
    expect(() => diverged().store('n1', [], v(2, 2))).toThrow(/n1 is in epoch 2 and holds a@1.3/);
  });

  test('comes to it once they are rolled back, each to what the epoch has', () => {
    const disks = diverged();
    disks.store('n1', [], v(1, 0), [back('a', 3, rec('a', 1, 1)), back('b', 4, rec('b', 1, 2)), back('c', 5, null)]);
    disks.store('n1', [], v(2, 2));
    expect(disks.ledger.held(disks.node('n1'), 'c')).toBe(0);
  });

  test.each([
    ['what did not stand there', [back('c', 4, null)], /rolls back c@1.4, and its disk held c@1.5/],
    ['what nobody wrote', [back('c', 5, rec('c', 1, 9))], /stores c@1.9, which no leader/],
  ])('does not roll back %s', (_name, replacements, message) => {
    expect(() => diverged().store('n1', [], null, replacements)).toThrow(message);
  });

  test('does not roll back what was committed', () => {
    const disks = holes();
    disks.promise('n2', 2, 'n3');
    expect(() => disks.store('n2', [], null, [back('a', 1, null)])).toThrow(/rolls back a@1.1, which is committed/);
  });

  test('lowers its watermark for a newer epoch only, and says no more than it holds', () => {
    const disks = holes();
    expect(() => disks.store('n2', [], v(1, 0))).toThrow(/the watermark of n2 went back/);
    expect(() => holes().store('n3', [], v(1, 2))).toThrow(/lacks a@1.1/);
    expect(() => holes().store('n2', [rec('b', 1, 2)], v(1, 9))).toThrow(/epoch 1 goes to 2/);
    expect(() => holes().store('n2', [], v(7, 9))).toThrow(/an epoch that nobody began/);
    const later = holes();
    later.promise('n2', 2, 'n3');
    later.store('n2', [], v(1, 0));
    expect(() => later.store('n2', [], v(1, 2))).toThrow(/lacks b@1.2/);
  });
});
