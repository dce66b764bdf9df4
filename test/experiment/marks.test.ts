import { describe, expect, test } from 'vitest';
import { Marks, type Pair } from '../../src/experiment/marks.ts';

/** In the form [kind, nodes, at, until]. */
function listed(marks: Marks, nowMs = 100): unknown[] {
  return marks.list(nowMs).map(({ kind, nodes, at_ms, until_ms }) => [kind, nodes.join(), at_ms, until_ms]);
}

const cutFromAll = (node: string, all = ['n1', 'n2', 'n3', 'n4']): Pair[] => all.filter((id) => id !== node).map((id) => [node, id]);

test('a change is over at once', () => {
  const marks = new Marks();
  marks.add('quorum', 'quorum 3 → 5', [], 10);
  marks.add('network', 'delay 5', ['n2', 'n3'], 20);
  expect(marks.list(100)).toEqual([
    { kind: 'quorum', text: 'quorum 3 → 5', nodes: [], at_ms: 10, until_ms: null },
    { kind: 'network', text: 'delay 5', nodes: ['n2', 'n3'], at_ms: 20, until_ms: null },
  ]);
});

describe('a fault lasts', () => {
  test('until the node is restarted', () => {
    const marks = new Marks();
    marks.add('kill', 'kill n2', ['n2'], 10);
    marks.add('restart', 'restart n2', ['n2'], 30);
    expect(listed(marks)).toEqual([
      ['kill', 'n2', 10, 30],
      ['restart', 'n2', 30, null],
    ]);
  });

  test('until it is resumed, or restarted', () => {
    const marks = new Marks();
    marks.add('pause', 'pause n2,n3', ['n2', 'n3'], 10);
    marks.add('resume', 'resume n2', ['n2'], 30);
    marks.add('restart', 'restart n3', ['n3'], 50);
    expect(listed(marks)).toEqual([
      ['pause', 'n2', 10, 30],
      ['pause', 'n3', 10, 50],
      ['resume', 'n2', 30, null],
      ['restart', 'n3', 50, null],
    ]);
  });

  test('until the end if nothing undoes it', () => {
    const marks = new Marks();
    marks.add('kill', 'kill n2', ['n2'], 10);
    expect(listed(marks, 70)).toEqual([['kill', 'n2', 10, 70]]);
    expect(listed(marks, 80)).toEqual([['kill', 'n2', 10, 80]]);
  });

  test('until its cluster is gone', () => {
    const marks = new Marks();
    marks.add('kill', 'kill n2', ['n2'], 10);
    marks.add('partition', 'partition n3', ['n3'], 20, cutFromAll('n3'));
    marks.endAll(40);
    marks.add('restart', 'restart n2', ['n2'], 60);
    expect(listed(marks)).toEqual([
      ['kill', 'n2', 10, 40],
      ['partition', 'n3', 20, 40],
      ['restart', 'n2', 60, null],
    ]);
    expect(marks.down()).toEqual(new Set());
  });

  test('through what does not undo it: a resume of a dead node, a heal, the mending of another node', () => {
    const marks = new Marks();
    marks.add('kill', 'kill n2', ['n2'], 10);
    marks.add('resume', 'resume n2', ['n2'], 20);
    marks.add('heal', 'heal all', ['n1', 'n2'], 30, [['n1', 'n2']]);
    marks.add('restart', 'restart n3', ['n3'], 40);
    expect(listed(marks)[0]).toEqual(['kill', 'n2', 10, 100]);
  });
});

describe('faults of one node', () => {
  test('that overlap are both shown, and a restart ends both', () => {
    const marks = new Marks();
    marks.add('pause', 'pause n2', ['n2'], 10);
    marks.add('kill', 'kill n2', ['n2'], 20);
    marks.add('restart', 'restart n2', ['n2'], 30);
    expect(listed(marks).slice(0, 2)).toEqual([
      ['pause', 'n2', 10, 30],
      ['kill', 'n2', 20, 30],
    ]);
  });

  test('that are repeated are one', () => {
    const marks = new Marks();
    marks.add('kill', 'kill n2', ['n2'], 10);
    marks.add('kill', 'kill n2,n3', ['n2', 'n3'], 20);
    expect(listed(marks)).toEqual([
      ['kill', 'n2', 10, 100],
      ['kill', 'n3', 20, 100],
    ]);
  });

  test('that come again after it was mended are two', () => {
    const marks = new Marks();
    for (const atMs of [10, 30]) {
      marks.add('kill', 'kill n2', ['n2'], atMs);
      marks.add('restart', 'restart n2', ['n2'], atMs + 10);
    }
    expect(listed(marks).filter((mark) => (mark as unknown[])[0] === 'kill')).toEqual([
      ['kill', 'n2', 10, 20],
      ['kill', 'n2', 30, 40],
    ]);
  });
});

describe('a partition', () => {
  test('of several nodes is one shade as long as they share it', () => {
    const marks = new Marks();
    const pairs = [...cutFromAll('n2'), ...cutFromAll('n3')];
    marks.add('partition', 'partition n2,n3', ['n2', 'n3'], 10, pairs);
    expect(listed(marks)).toEqual([['partition', 'n2,n3', 10, 100]]);
    marks.add('heal', 'heal n2', ['n2'], 30, cutFromAll('n2'));
    expect(listed(marks).slice(0, 2)).toEqual([
      ['partition', 'n2', 10, 30],
      // From n2 too, but not from the others.
      ['partition', 'n3', 10, 100],
    ]);
  });

  test('between two groups ends for both when one of them is healed', () => {
    const marks = new Marks();
    const pairs: Pair[] = [
      ['n1', 'n2'],
      ['n1', 'n3'],
    ];
    marks.add('partition', 'partition leader | followers', ['n1', 'n2', 'n3'], 10, pairs);
    marks.add('heal', 'heal leader', ['n1'], 30, [...pairs, ['n1', 'n4']]);
    expect(listed(marks)[0]).toEqual(['partition', 'n1,n2,n3', 10, 30]);
  });

  test('that is healed in part lasts for those that are still cut off', () => {
    const marks = new Marks();
    const pairs: Pair[] = [
      ['n1', 'n2'],
      ['n1', 'n3'],
    ];
    marks.add('partition', 'partition n1 | n2,n3', ['n1', 'n2', 'n3'], 10, pairs);
    marks.add('heal', 'heal n1 | n2', ['n1', 'n2'], 30, [['n2', 'n1']]);
    expect(listed(marks).slice(0, 2)).toEqual([
      ['partition', 'n1,n3', 10, 100],
      ['partition', 'n2', 10, 30],
    ]);
  });

  test('does not end with a restart: the others still refuse the node', () => {
    const marks = new Marks();
    marks.add('partition', 'partition n2', ['n2'], 10, cutFromAll('n2'));
    marks.add('restart', 'restart n2', ['n2'], 20);
    expect(listed(marks)[0]).toEqual(['partition', 'n2', 10, 100]);
  });
});

test('dead and frozen nodes are known, those that are cut off are not among them', () => {
  const marks = new Marks();
  marks.add('kill', 'kill n2', ['n2'], 10);
  marks.add('pause', 'pause n3', ['n3'], 20);
  marks.add('partition', 'partition n4', ['n4'], 30, cutFromAll('n4'));
  expect(marks.down()).toEqual(new Set(['n2', 'n3']));
  marks.add('resume', 'resume n3', ['n3'], 40);
  marks.add('restart', 'restart n2', ['n2'], 50);
  expect(marks.down()).toEqual(new Set());
});

test('marks are in the order in which they began', () => {
  const marks = new Marks();
  marks.add('quorum', 'quorum 1', [], 5);
  marks.add('kill', 'kill n2', ['n2'], 3);
  marks.add('network', 'delay 5', ['n2'], 4);
  expect(marks.list(10).map(({ at_ms }) => at_ms)).toEqual([3, 4, 5]);
});
