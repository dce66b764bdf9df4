import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  ChangesAnswer,
  InstallAnswer,
  InstallRequest,
  PeerAnswer,
  ReplicateAnswer,
  ReplicateRequest,
  StandingAnswer,
} from '../../src/core/peer.ts';
import type { KvRecord } from '../../src/core/record.ts';
import type { Version } from '../../src/core/version.ts';
import { KvctlError } from '../../src/wire/errors.ts';
import { decodeChanges, decodeFence, decodeInstall, decodeLook, decodeReplicate, encodeRequest } from '../../src/wire/internal.ts';
import { decodeAnswer, encodeAnswer } from '../../src/wire/internal-answers.ts';
import { replicateRequest } from './replicate-request.ts';

const count = fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
const version: fc.Arbitrary<Version> = fc.record({ epoch: count, seq: count });
/** UTF-16 as it comes: NUL, controls, halves of surrogate pairs. */
const text16 = fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x22, 0x5c, 0x2028, 0xd800, 0xdc00)), {
  maxLength: 20,
});
const anyText = fc.oneof(
  text16.map((codes) => String.fromCharCode(...codes)),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '.', '..', '%2F', '"', '\\', '\u2028'),
);
/** Of nodes, lineages, addresses: anything but nothing. */
const anyName = anyText.filter((text) => text !== '');
const value = fc.option(
  fc.jsonValue({ noUnicodeString: false }).map((parsed) => JSON.stringify(parsed)),
  { nil: null },
);
const named = { key: anyText, fingerprint: anyText, existed: fc.boolean() };
const record: fc.Arbitrary<KvRecord> = fc.record(
  { key: anyText, value, version, need: count, timestampMs: fc.maxSafeInteger(), idempotency: fc.record(named) },
  { requiredKeys: ['key', 'value', 'version', 'need', 'timestampMs'] },
);
const entries = fc.array(fc.record({ ...named, recordKey: anyText, version, need: count }), { maxLength: 4 });
const members = fc.array(fc.record({ id: anyName, url: anyName }), { maxLength: 6 });
const page = fc.record({ since: version, coversTo: version, head: version, entries }, { requiredKeys: ['since', 'coversTo', 'head'] });
const digest = fc.stringMatching(/^[0-9a-f]{32}$/);
const end = fc.record({ head: version, purgeFloor: version, content: fc.record({ live: count, digest }) });
const snapshot = fc.record(
  { id: count, part: count, entries, end: fc.option(end, { nil: null }) },
  { requiredKeys: ['id', 'part', 'end'] },
);
const history = fc.array(fc.record({ epoch: count, leader: anyText, seq: count, floor: version, isForced: fc.boolean() }), {
  maxLength: 4,
});
const replicate: fc.Arbitrary<ReplicateRequest> = fc.record({
  t: fc.constant('replicate'),
  from: anyName,
  lineage: anyName,
  epoch: count,
  incarnation: fc.option(anyText, { nil: null }),
  start: fc.option(count, { nil: null }),
  members,
  order: count,
  head: version,
  committedThrough: version,
  quorum: count,
  kMin: count,
  purgeFloor: version,
  records: fc.array(record, { maxLength: 8 }),
  page: fc.option(page, { nil: null }),
  snapshot: fc.option(snapshot, { nil: null }),
  history: fc.option(history, { nil: null }),
});
const install: fc.Arbitrary<InstallRequest> = fc.record({
  t: fc.constant('install'),
  from: anyName,
  lineage: anyName,
  epoch: count,
  incarnation: fc.option(anyText, { nil: null }),
  start: fc.option(count, { nil: null }),
  members,
  history,
  purgeFloor: version,
  after: version,
  rows: fc
    .tuple(fc.array(record, { maxLength: 4 }), fc.array(anyText, { maxLength: 4 }))
    .map(([found, absent]) => new Map([...absent.map((key) => [key, null] as const), ...found.map((row) => [row.key, row] as const)])),
});
const nullableCount = fc.option(count, { nil: null });
const nullableText = fc.option(anyText, { nil: null });
const replicated: fc.Arbitrary<ReplicateAnswer> = fc.record({
  t: fc.constant('replicated'),
  incarnation: anyText,
  start: count,
  watermark: version,
  cursor: version,
  cursorEpoch: count,
  kMin: nullableCount,
  isBlank: fc.boolean(),
  isCounted: fc.boolean(),
  newest: version,
});
const installed: fc.Arbitrary<InstallAnswer> = fc.record({
  t: fc.constant('installed'),
  answer: replicated,
  suspects: fc.array(fc.record({ key: anyText, version }), { maxLength: 5 }),
  checkedTo: version,
});
const changes: fc.Arbitrary<ChangesAnswer> = fc.record({ t: fc.constant('changes'), page, rows: fc.array(record, { maxLength: 5 }) });
const standing: fc.Arbitrary<StandingAnswer> = fc.record({
  t: fc.constant('standing'),
  node: anyText,
  incarnation: anyText,
  lineage: fc.option(anyName, { nil: null }),
  isBlank: fc.boolean(),
  promisedEpoch: count,
  promisedTo: nullableText,
  watermark: version,
  kMin: nullableCount,
  ledEpoch: count,
  purgeFloor: version,
});

describe('an internal message', () => {
  test('comes out of its text as it went in, whatever its keys and values are', () => {
    fc.assert(
      fc.property(replicate, (message) => {
        expect(decodeReplicate(encodeRequest(message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  test('carries a value as the text that it is, byte for byte', () => {
    const odd = '{"b":1,"a":[1.0],"a":"\\u0041 \\ud800"}';
    const message = replicateRequest({ records: [{ key: 'k', value: odd, version: { epoch: 1, seq: 2 }, need: 1, timestampMs: 3 }] });
    expect(decodeReplicate(encodeRequest(message)).records[0]?.value).toBe(odd);
  });

  test('has one text per record, made once for all followers and messages', () => {
    const row: KvRecord = { key: 'k', value: '1', version: { epoch: 1, seq: 2 }, need: 1, timestampMs: 3 };
    const first = encodeRequest(replicateRequest({ records: [row, row] }));
    const second = encodeRequest(replicateRequest({ records: [row], incarnation: 'other' }));
    expect(first).toContain('"records":[["k","1",1,2,1,3],["k","1",1,2,1,3]]}');
    expect(second).toContain('"records":[["k","1",1,2,1,3]]}');
  });

  test('asking where a node stands, or for its promise, comes out as it went in', () => {
    fc.assert(
      fc.property(anyName, anyName, count, fc.boolean(), fc.option(anyName), (from, lineage, epoch, isBirth, incarnation) => {
        const look = { t: 'look', from } as const;
        const fence = { t: 'fence', from, lineage, epoch, incarnation, members: [{ id: from, url: lineage }], isBirth } as const;
        expect(decodeLook(encodeRequest(look))).toEqual(look);
        expect(decodeFence(encodeRequest(fence))).toEqual(fence);
      }),
    );
  });

  test('that rolls back, or gathers, comes out as it went in', () => {
    fc.assert(
      fc.property(install, (message) => {
        expect(decodeInstall(encodeRequest(message))).toEqual(message);
      }),
    );
    fc.assert(
      fc.property(anyText, anyText, version, fc.integer({ min: 1, max: 1000 }), (lineage, incarnation, since, limit) => {
        const message = { t: 'changes', from: 'n3', lineage, epoch: 7, incarnation, since, limit, maxBytes: limit } as const;
        fc.pre(!/[\ud800-\udfff]/.test(lineage + incarnation));
        expect(decodeChanges('n3', encodeRequest(message))).toEqual(message);
      }),
    );
  });

  test('that answers comes out as it went in', () => {
    fc.assert(
      fc.property(fc.oneof(replicated, standing, installed, changes), (answer: PeerAnswer) => {
        if (answer.t === 'refused') return;
        expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
      }),
    );
  });
});

const WRONG_EVERYWHERE: readonly unknown[] = [true, -1, 1.5, 1e300, {}, [[]], [null], [1], 'no version'];

/** The text of `body` with one field replaced, or taken out when it is undefined. */
const withField = (body: object, name: string, wrong: unknown) => JSON.stringify({ ...body, [name]: wrong });

function codeOf(decode: () => unknown): string {
  try {
    return `no refusal: ${JSON.stringify(decode())}`;
  } catch (error) {
    return error instanceof KvctlError ? error.code : String(error);
  }
}

describe('a malformed internal message is refused', () => {
  const body = JSON.parse(encodeRequest(replicateRequest())) as Record<string, unknown>;
  /** What else a field may hold, so that it is no mistake there. */
  const allowed: Readonly<Record<string, (wrong: unknown) => boolean>> = {
    from: (wrong) => typeof wrong === 'string' && wrong !== '',
    lineage: (wrong) => typeof wrong === 'string' && wrong !== '',
    incarnation: (wrong) => typeof wrong === 'string' || wrong === null,
    start: (wrong) => wrong === null,
    page: (wrong) => wrong === null || wrong === undefined,
    snapshot: (wrong) => wrong === null || wrong === undefined,
    history: (wrong) => wrong === null || wrong === undefined || (Array.isArray(wrong) && wrong.length === 0),
  };

  test.each(Object.keys(body))('when %s is missing or of another type', (name) => {
    for (const wrong of [undefined, null, ...WRONG_EVERYWHERE]) {
      if (allowed[name]?.(wrong)) continue;
      expect([wrong, codeOf(() => decodeReplicate(withField(body, name, wrong)))]).toEqual([wrong, 'bad_request']);
    }
  });

  test.each(['from', 'lineage', 'epoch', 'incarnation', 'members'])('when the %s of a fence is missing or of another type', (name) => {
    const fence = { from: 'n1', lineage: 'l', epoch: 1, incarnation: null, members: [], isBirth: false };
    for (const wrong of [undefined, null, ...WRONG_EVERYWHERE]) {
      if (allowed[name]?.(wrong)) continue;
      expect([wrong, codeOf(() => decodeFence(withField(fence, name, wrong)))]).toEqual([wrong, 'bad_request']);
    }
  });

  test.each([
    ['no list', 'k'],
    ['an object', { key: 'k' }],
    ['null', null],
    ['an empty list', []],
    ['too short', ['k', '1', 1, 2, 1]],
    ['without a key', [null, '1', 1, 2, 1, 3]],
    ['with a number as key', [1, '1', 1, 2, 1, 3]],
    ['with a value that was parsed', ['k', { a: 1 }, 1, 2, 1, 3]],
    ['with a number as value', ['k', 1, 1, 2, 1, 3]],
    ['with a negative epoch', ['k', '1', -1, 2, 1, 3]],
    ['with half a seq', ['k', '1', 1, 2.5, 1, 3]],
    ['with a seq beyond what can be counted', ['k', '1', 1, 2 ** 53, 1, 3]],
    ['with a text as need', ['k', '1', 1, 2, '1', 3]],
    ['without a time', ['k', '1', 1, 2, 1, null]],
    ['with half a millisecond', ['k', '1', 1, 2, 1, 3.5]],
    ['with null as idempotency', ['k', '1', 1, 2, 1, 3, null]],
    ['with half an idempotency', ['k', '1', 1, 2, 1, 3, ['key', 'print']]],
    ['with a number as idempotency key', ['k', '1', 1, 2, 1, 3, [1, 'print', true]]],
  ])('when a record is %s', (_what, row) => {
    expect(codeOf(() => decodeReplicate(JSON.stringify({ ...body, records: [row] })))).toBe('bad_request');
  });

  test('when a time is infinite, because it would go on to the others as null', () => {
    const infinite = JSON.stringify({ ...body, records: [['k', '1', 1, 2, 1, 3]] }).replace(',3]]', ',1e400]]');
    expect(infinite).toContain('1e400');
    expect(codeOf(() => decodeReplicate(infinite))).toBe('bad_request');
  });

  test.each(['0', '1.', '.1', '1.2.3', '-1.0', '1.-1', '01.1', '1e1.1', ' 1.1', '1.9007199254740992', '1,1', ''])(
    'when %j stands for a version',
    (wrong) => {
      for (const name of ['head', 'committedThrough', 'purgeFloor']) {
        expect(codeOf(() => decodeReplicate(withField(body, name, wrong)))).toBe('bad_request');
      }
      const page = { since: '0.0', covers_to: '1.1', head: '1.1' };
      for (const name of Object.keys(page)) {
        expect(codeOf(() => decodeReplicate(JSON.stringify({ ...body, page: { ...page, [name]: wrong } })))).toBe('bad_request');
      }
    },
  );

  test.each(['', 'null', '1', '"x"', '[]', '[{}]', '{', 'nonsense', '{"from":"n1"'])('when it is %j', (text) => {
    for (const decode of [decodeReplicate, decodeLook, decodeFence]) expect(codeOf(() => decode(text))).toBe('bad_request');
  });

  test.each([
    { key: 'k', value: 'v' },
    { key: 'k', value: 'v', timestamp: 1.5 },
    { value: 'v', key: 1 },
  ])('when a lab’s own leader sends it: %j', (message) => {
    const refusal = () => decodeReplicate(JSON.stringify(message));
    expect(refusal).toThrow("expected a message of kvctl's own internal protocol");
    expect(refusal).toThrow(`got ${JSON.stringify(Object.keys(message))} as a lab's own program sends it`);
    expect(refusal).toThrow('cannot be mixed');
    expect(() => decodeReplicate(JSON.stringify({ ...message, lineage: 'l' }))).not.toThrow('cannot be mixed');
  });

  test('when it is nested deeper than the stack', () => {
    expect(codeOf(() => decodeReplicate(`{"from":${'['.repeat(100_000)}${']'.repeat(100_000)}}`))).toBe('bad_request');
  });

  test('without showing more than the start of it', () => {
    expect(() => decodeReplicate(withField(body, 'head', 'x'.repeat(100_000)))).toThrow(/^.{1,300}$/);
  });
});

describe('an answer that is none', () => {
  test('of the protocol is told apart from a refusal of the protocol', () => {
    const refusal = { error: 'stale_epoch', message: 'n2 promised epoch 3', definite: false, detail: { epoch: 3 } };
    expect(decodeAnswer(JSON.stringify(refusal))).toEqual({ t: 'refused', code: 'stale_epoch', epoch: 3, message: 'n2 promised epoch 3' });
    expect(decodeAnswer(JSON.stringify({ ...refusal, detail: undefined }))).toMatchObject({ t: 'refused', epoch: 0 });
    for (const error of ['unauthorized', 'internal', 'not_found', 'draining', 'too_large', '__proto__', 1, null, undefined]) {
      expect(decodeAnswer(JSON.stringify({ ...refusal, error }))).toBeNull();
    }
    expect(decodeAnswer('{}')).toBeNull();
    expect(decodeAnswer('{"t":"replicate"}')).toBeNull();
  });

  test.each(['', 'null', '[]', 'HTTP', '"replicated"', '{"t":"replicated"}', '{"t":"standing"}', '{"error":"stale_epoch"}'])(
    'whole, %j, is a failed call',
    (text) => {
      expect(codeOf(() => decodeAnswer(text))).toBe('bad_request');
    },
  );

  test('counts as an ack only if it says so outright', () => {
    const answer = {
      t: 'replicated',
      incarnation: 'i',
      start: 1,
      watermark: '1.1',
      cursor: '1.1',
      cursorEpoch: 1,
      kMin: null,
      newest: '1.1',
    };
    for (const odd of [undefined, null, 1, 'true', {}]) {
      expect(decodeAnswer(JSON.stringify({ ...answer, isCounted: odd, isBlank: odd }))).toMatchObject({ isCounted: false });
    }
  });
});
