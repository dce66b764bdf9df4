import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDumps, type Dump, haveSameContent, parityTotals, sameRow, unreachableRow } from '../../src/measure/parity.ts';

/** `key: [version, value]`; a null value is a tombstone. */
type Rows = Record<string, readonly [version: string, value: string | null]>;

interface Header {
  readonly node?: string;
  readonly epoch?: number;
  readonly head?: string;
  readonly watermark?: string;
  readonly purge_floor?: string;
  readonly digest?: string;
  readonly isIntact?: boolean | null;
}

const DIGEST = '0123456789abcdef0123456789abcdef';

function dump(rows: Rows, header: Header = {}): Dump {
  const entries = Object.entries(rows).map(([key, [version, value]]) => {
    const [epoch, seq] = version.split('.').map(Number) as [number, number];
    return [key, { value, version: { epoch, seq } }] as const;
  });
  return {
    node: 'n1',
    epoch: 1,
    head: '1.10',
    watermark: '1.10',
    purge_floor: '0.0',
    digest: DIGEST,
    isIntact: true,
    ...header,
    rows: new Map(entries),
  };
}

function compare(leader: Dump, follower: Dump) {
  return compareDumps(leader, follower, 'http://f');
}

const NOTHING = { missing: 0, stale: 0, extra: 0, corrupt: 0 };
const leader = dump({ a: ['1.4', '"x"'], b: ['1.10', null] });

test('equal rows match, whatever the watermark says', () => {
  expect(compare(leader, dump({ b: ['1.10', null], a: ['1.4', '"x"'] }, { node: 'n2', watermark: '1.3' }))).toEqual({
    url: 'http://f',
    node: 'n2',
    status: 'match',
    ...NOTHING,
    keys: [],
    reasons: [],
    compared_by: 'rows',
    altered: [],
  });
});

test('older above the watermark is lag', () => {
  expect(compare(leader, dump({ a: ['1.4', '"x"'], b: ['1.7', '1'] }, { watermark: '1.9' }))).toMatchObject({
    status: 'lag',
    ...NOTHING,
    stale: 1,
    keys: ['b'],
  });
});

test('older at the watermark is a lost update', () => {
  expect(compare(leader, dump({ a: ['1.4', '"x"'], b: ['1.7', '1'] }, { watermark: '1.10' }))).toMatchObject({
    status: 'mismatch',
    stale: 1,
  });
});

test('missing above the watermark is lag, at or below it a loss', () => {
  expect(compare(leader, dump({ b: ['1.10', null] }, { watermark: '1.3' }))).toMatchObject({ status: 'lag', ...NOTHING, missing: 1 });
  expect(compare(leader, dump({ b: ['1.10', null] }, { watermark: '1.4' }))).toMatchObject({ status: 'mismatch', missing: 1 });
});

test('the same version with another value is corrupt, even where the follower is behind', () => {
  expect(compare(leader, dump({ a: ['1.4', '"y"'], b: ['1.10', null] }, { watermark: '0.0' }))).toMatchObject({
    status: 'mismatch',
    corrupt: 1,
  });
  expect(compare(leader, dump({ a: ['1.4', null], b: ['1.10', null] }))).toMatchObject({ status: 'mismatch', corrupt: 1 });
});

test('newer than the head that the leader had is in flight', () => {
  const ahead = dump({ a: ['1.11', '"z"'], b: ['1.10', null], c: ['1.12', '1'] });
  expect(compare(leader, ahead)).toMatchObject({ status: 'match', ...NOTHING });
});

test('newer than the leader has, but not than its head, is a write that never was', () => {
  expect(compare(leader, dump({ a: ['1.6', '"z"'], b: ['1.10', null] }))).toMatchObject({ status: 'mismatch', extra: 1, keys: ['a'] });
  expect(compare(leader, dump({ a: ['1.4', '"x"'], b: ['1.10', null], c: ['1.2', '1'] }))).toMatchObject({ status: 'mismatch', extra: 1 });
});

test('another epoch is never in flight', () => {
  expect(compare(leader, dump({ a: ['2.11', '"z"'], b: ['1.10', null] }, { watermark: '1.10' }))).toMatchObject({
    status: 'mismatch',
    extra: 1,
  });
});

test('a node that has not reached the epoch holds what it will roll back, and that is lag', () => {
  const promoted = dump({ a: ['1.4', '"x"'] }, { epoch: 2, head: '2.4' });
  const behind = dump({ a: ['1.5', '"lost"'] }, { watermark: '1.5' });
  expect(compare(promoted, behind)).toMatchObject({ status: 'lag', extra: 1 });
  expect(compare(promoted, dump({ a: ['1.5', '"lost"'] }, { watermark: '2.4' }))).toMatchObject({ status: 'mismatch', extra: 1 });
});

test('seq 10 is newer than seq 9, and epoch 10 than epoch 9', () => {
  const late = dump({ a: ['10.10', '1'] }, { epoch: 10, head: '10.10' });
  expect(compare(late, dump({ a: ['9.99', '0'] }, { watermark: '10.9' }))).toMatchObject({ status: 'lag', stale: 1 });
  expect(compare(late, dump({ a: ['10.9', '0'] }, { watermark: '10.10' }))).toMatchObject({ status: 'mismatch', stale: 1 });
});

test('a tombstone that one side dropped is no difference', () => {
  expect(compare(leader, dump({ a: ['1.4', '"x"'] }, { purge_floor: '1.10' }))).toMatchObject({ status: 'match', ...NOTHING });
  const purged = dump({ a: ['1.4', '"x"'] }, { purge_floor: '1.10' });
  expect(compare(purged, dump({ a: ['1.4', '"x"'], b: ['1.10', null] }))).toMatchObject({ status: 'match', ...NOTHING });
});

test('a value whose tombstone the leader dropped is lag on a node that was away, and a fault on one that saw the deletion', () => {
  const purged = dump({ a: ['1.4', '"x"'] }, { purge_floor: '1.10' });
  const value: Rows = { a: ['1.4', '"x"'], b: ['1.7', '1'] };
  expect(compare(purged, dump(value, { watermark: '1.8' }))).toMatchObject({ status: 'lag', ...NOTHING, stale: 1 });
  expect(compare(purged, dump(value, { watermark: '1.10' }))).toMatchObject({ status: 'mismatch', extra: 1 });
});

test('each key that differs comes with why, and with the versions of both sides', () => {
  const mine = dump({
    gone: ['1.2', '1'],
    old: ['1.9', '1'],
    changed: ['1.3', '1'],
    late: ['1.10', '1'],
    deleted: ['1.5', null],
    same: ['1.1', '1'],
  });
  const theirs: Rows = {
    old: ['1.6', '1'],
    changed: ['1.3', '2'],
    late: ['1.4', '0'],
    made: ['1.7', '1'],
    deleted: ['1.8', '3'],
    same: ['1.1', '1'],
  };
  const { reasons, keys, status } = compare(mine, dump(theirs, { node: 'n2', watermark: '1.9' }));
  expect(status).toBe('mismatch');
  expect(reasons).toEqual([
    { key: 'gone', reason: 'lost-update', leader: '1.2', replica: null },
    { key: 'old', reason: 'lost-update', leader: '1.9', replica: '1.6' },
    { key: 'changed', reason: 'corruption', leader: '1.3', replica: '1.3' },
    { key: 'deleted', reason: 'phantom', leader: '1.5', replica: '1.8' },
    { key: 'made', reason: 'phantom', leader: null, replica: '1.7' },
    { key: 'late', reason: 'lag', leader: '1.10', replica: '1.4' },
  ]);
  expect(keys).toEqual(reasons.slice(0, 5).map(({ key }) => key));
});

test('twenty reasons at most, whatever the number of keys', () => {
  const many: Rows = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, [`1.${i + 1}`, '1']]));
  const row = compare(dump(many, { head: '1.50' }), dump({}, { watermark: '1.50' }));
  expect(row.missing).toBe(50);
  expect(row.reasons).toHaveLength(20);
});

test('rows that do not fit the digest kept of them are a fault of that node, though both sides be equal', () => {
  const altered = (side: 'leader' | 'n2') => {
    const mine = { ...leader, isIntact: side !== 'leader' };
    return compare(mine, { ...leader, node: 'n2', isIntact: side !== 'n2' });
  };
  expect(altered('n2')).toMatchObject({ status: 'mismatch', ...NOTHING, altered: ['n2'] });
  expect(altered('leader')).toMatchObject({ status: 'mismatch', altered: ['n1'] });
  expect(compare(leader, { ...leader, isIntact: null })).toMatchObject({ status: 'match', altered: [] });
});

test('equal digests are equal content, where both sides hold everything up to one version of one epoch and nothing beyond', () => {
  expect(haveSameContent(leader, { ...leader, node: 'n2' })).toBe(true);
  const other = [
    { digest: DIGEST.replace('0', '1') },
    { watermark: '1.9' },
    { head: '1.11' },
    { head: '1.11', watermark: '1.11' },
    { epoch: 2 },
  ];
  for (const header of other) {
    expect(haveSameContent(leader, { ...leader, ...header }), JSON.stringify(header)).toBe(false);
    expect(haveSameContent({ ...leader, ...header }, leader), JSON.stringify(header)).toBe(false);
  }
  // A node that keeps no digest said something else, and always the same.
  expect(haveSameContent({ ...leader, digest: 'd' }, { ...leader, digest: 'd' })).toBe(false);
  expect(sameRow('n2', 'http://f')).toEqual({ ...compare(leader, { ...leader, node: 'n2' }), compared_by: 'digest' });
});

test('five examples at most, faults before lag', () => {
  const rows: Rows = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`k${i}`, [`1.${i + 1}`, '1']]));
  const row = compare(dump(rows), dump({ k7: ['1.8', '2'] }, { watermark: '0.0' }));
  expect(row).toMatchObject({ status: 'mismatch', missing: 7, corrupt: 1 });
  expect(row.keys).toHaveLength(5);
  expect(row.keys[0]).toBe('k7');
});

test('keys that look like parts of objects are keys', () => {
  const odd = new Map([['__proto__', { value: '1', version: { epoch: 1, seq: 1 } }]]);
  expect(compare({ ...leader, rows: odd }, { ...leader, rows: new Map() })).toMatchObject({ missing: 1, keys: ['__proto__'] });
});

test('nodes are counted by status, and a node that cannot be asked differs in nothing that is known', () => {
  const rows = [unreachableRow('n3', 'http://g'), compare(leader, dump({}, { watermark: '0.0' })), compare(leader, leader)];
  expect(parityTotals(rows)).toEqual({ match: 1, lag: 1, mismatch: 0, unreachable: 1, missing: 2, stale: 0 });
});

/** The rules as a flat list over positions of one epoch, with the truth known: which write each side ought to have. */
function classifyKey(l: number | null, f: number | null, sameValue: boolean, watermark: number, head: number): string {
  if (l === null && f === null) return 'same';
  if (f !== null && f > head) return 'same';
  if (l !== null && f === l) return sameValue ? 'same' : 'corrupt!';
  if (l !== null && f === null) return l > watermark ? 'missing' : 'missing!';
  if (l !== null && f !== null && f < l) return l > watermark ? 'stale' : 'stale!';
  return 'extra!';
}

test('dumps of one epoch are classified like a flat list of rules says, key by key', () => {
  const head = 8;
  const seq = fc.option(fc.integer({ min: 1, max: head }));
  const key = fc.record({ l: seq, f: fc.option(fc.integer({ min: 1, max: head + 3 })), sameValue: fc.boolean() });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 8 }), fc.integer({ min: 0, max: head }), (keys, watermark) => {
      const [leaderRows, followerRows]: [Rows, Rows] = [{}, {}];
      const counts: Record<string, number> = { ...NOTHING };
      let worst = 'match';
      for (const [i, { l, f, sameValue }] of keys.entries()) {
        if (l !== null) leaderRows[`k${i}`] = [`1.${l}`, '1'];
        if (f !== null) followerRows[`k${i}`] = [`1.${f}`, sameValue ? '1' : '2'];
        const verdict = classifyKey(l, f, sameValue, watermark, head);
        if (verdict === 'same') continue;
        const difference = verdict.replace('!', '');
        counts[difference] = (counts[difference] ?? 0) + 1;
        if (verdict.endsWith('!')) worst = 'mismatch';
        else if (worst === 'match') worst = 'lag';
      }
      const row = compare(dump(leaderRows, { head: `1.${head}` }), dump(followerRows, { watermark: `1.${watermark}` }));
      expect(row).toMatchObject({ status: worst, ...counts });
    }),
    { numRuns: 1000 },
  );
});
