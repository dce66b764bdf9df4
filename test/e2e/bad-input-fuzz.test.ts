/**
 * 10,000 requests that nobody thought of, on real processes: no answer of 5xx that the contract does not know, no crash, no hang,
 * no growing memory, one answer per request, every answer JSON.
 *
 * The seed is printed; KVCTL_FUZZ_SEED runs the same requests again.
 */
import { existsSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorBody } from '../../src/wire/api.ts';
import { INTERNAL_PATHS } from '../../src/wire/internal.ts';
import { until } from '../cluster/sandbox.ts';
import { type Answer, call, RawConnection } from '../support/raw-http.ts';
import { RealCluster } from '../support/real-node.ts';
import { SPEC_ERRORS } from '../wire/spec-errors.ts';

const REQUESTS = 10_000;
/** Sent side by side, each on a connection of its own that is kept. */
const SIDE_BY_SIDE = 20;
const ROUNDS = 5;
const ANSWER_MS = 10_000;
const MIB = 1024 * 1024;
const seed = Number(process.env.KVCTL_FUZZ_SEED ?? Date.now() % 2 ** 31);

let cluster: RealCluster;
beforeAll(async () => {
  // A small heap, so that what grows is what is kept, and not what nobody has collected yet.
  cluster = await RealCluster.start({
    followers: 1,
    environment: { REQUEST_TIMEOUT: '2', NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=1' },
  });
});
afterAll(() => cluster[Symbol.asyncDispose]());

interface FuzzRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  readonly isChunked: boolean;
  /** Bytes of the whole request that are replaced; then the connection ends behind it. */
  readonly damage: readonly (readonly [at: number, bytes: Uint8Array])[];
}

const odd = fc.constantFrom(
  '',
  '.',
  '..',
  '%',
  '%2F',
  '%25',
  '%00',
  '%C3%A9',
  '%FF',
  '__proto__',
  'constructor',
  '🦑',
  '/',
  '//',
  '\\',
  '?',
  '#',
  '&',
  '=',
  '+',
  ';',
  '*',
  '~',
  '\t',
  ' ',
  '\u0000',
  'é',
);
const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom('/kv/', '/kv', '/KV/', '/kv//'),
        fc.array(odd, { maxLength: 4 }).map((parts) => parts.join('')),
      )
      .map((parts) => parts.join('')),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '/health',
      '/ready',
      '/status',
      '/metrics',
      '/dump',
      '/kv?limit=2',
      '/admin/quorum',
      '/admin/network',
      '/admin/trace',
      '/admin/replica-status',
      ...Object.values(INTERNAL_PATHS),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => `/${text}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('*', '/', '', 'http://x/kv/a', 'http://[::1/kv/a', `/kv/${'k'.repeat(1_025)}`, 'ftp://x', '//x/kv/a', 'x:1'),
  },
);
const parameter = fc.tuple(
  fc.constantFrom('quorum', 'timeout_ms', 'read', 'limit', 'prefix', 'after', 'since', 'tombstones', '__proto__', 'x'),
  fc.constantFrom('', '0', '1', '2', '-1', '1e9', 'NaN', 'local', 'committed', 'linearizable', '%', '%00', 'é', '1.1', '100'),
);
const query = fc
  .array(parameter, { maxLength: 2 })
  .map((all) => (all.length === 0 ? '' : `?${all.map((each) => each.join('=')).join('&')}`));
const weird = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0.5, '', '0', '1.1', '__proto__', [], {}, [null]),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Nearly what a call expects: one of these members is weird. */
const nearly = fc
  .tuple(
    fc.constantFrom<Readonly<Record<string, unknown>>>(
      { value: 1 },
      { write_quorum: 1, force: false },
      { seed: 1, nodes: { n2: { loss: 0 } } },
      { from: 'n1', lineage: 'not ours', epoch: 1, incarnation: null, members: [], isBirth: false },
      {
        from: 'n1',
        lineage: 'not ours',
        epoch: 1,
        incarnation: null,
        start: null,
        members: [],
        order: 1,
        head: '1.1',
        committedThrough: '1.1',
        quorum: 1,
        kMin: 1,
        purgeFloor: '0.0',
        page: null,
        snapshot: null,
        records: [['k', '1', 1, 1, 1, 1]],
      },
    ),
    fc.nat({ max: 13 }),
    weird,
    fc.boolean(),
  )
  .map(([whole, index, wrong, isWrong]) => {
    const names = Object.keys(whole);
    const name = names[index % names.length] as string;
    // A changed lineage might be ours by chance never; a changed network would slow down everything that comes after.
    return JSON.stringify(isWrong && name !== 'lineage' && name !== 'nodes' ? { ...whole, [name]: wrong } : whole);
  });
const body = fc.oneof(
  { weight: 3, arbitrary: weird.map((value) => Buffer.from(JSON.stringify({ value }))) },
  { weight: 3, arbitrary: nearly.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '{"value":1e400}',
        `{"value":${'['.repeat(5_000)}`,
        '\uFEFF{"value":1}',
        '{"value":1}{}',
        '{"__proto__":1,"value":{"__proto__":[]}}',
        '{"value":"\\ud800"}',
      )
      .map((text) => Buffer.from(text)),
  },
);
const header = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('application/json', 'application/json', 'application/json; charset=utf-16', 'text/plain', '', 'application/json,', '{}')
      .map((type) => ['Content-Type', type] as const),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('right', 'right', 'Bearer x', 'Basic eDp4', '').map((token) => ['Authorization', token] as const),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('close', 'keep-alive', 'Upgrade', 'TE, close', '').map((value) => ['Connection', value] as const),
  },
  { weight: 1, arbitrary: fc.constantFrom('100-continue', 'x', '').map((value) => ['Expect', value] as const) },
  { weight: 1, arbitrary: fc.constantFrom('gzip', 'br', 'identity', '').map((value) => ['Content-Encoding', value] as const) },
  { weight: 1, arbitrary: fc.constantFrom('websocket', 'h2c').map((value) => ['Upgrade', value] as const) },
  { weight: 1, arbitrary: fc.constantFrom('n1', 'n2', '__proto__', '').map((value) => ['kvctl-from', value] as const) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,20}$/),
      fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    ),
  },
);
const method = fc.oneof(
  { weight: 5, arbitrary: fc.constant('PUT') },
  { weight: 4, arbitrary: fc.constantFrom('GET', 'POST', 'DELETE') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY', 'CONNECT', 'get', 'BREW', 'M-SEARCH') },
);
const fuzzRequest: fc.Arbitrary<FuzzRequest> = fc.record({
  method,
  target: fc.tuple(path, query).map((parts) => parts.join('')),
  headers: fc.array(header, { maxLength: 3 }),
  body: fc.option(body, { freq: 4, nil: null }),
  isChunked: fc.boolean(),
  damage: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat({ max: 400 }), fc.uint8Array({ maxLength: 4 })), { minLength: 1, maxLength: 3 }) },
  ),
});

function bytesOf({ method, target, headers, body, isChunked, damage }: FuzzRequest, token: string): Buffer {
  const sent = headers.map(([name, value]) => [name, value === 'right' && name === 'Authorization' ? `Bearer ${token}` : value]);
  const framing = body === null ? [] : [isChunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', `${body.length}`]];
  // Line breaks in a target or value are the business of the damaged ones: here they would be another request.
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: node', ...[...sent, ...framing].map((each) => each.join(': '))].map((line) =>
    line.replace(/[\r\n]/g, ''),
  );
  const chunks =
    body === null
      ? []
      : isChunked
        ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from(body.length === 0 ? '\r\n' : '\r\n0\r\n\r\n')]
        : [body];
  let bytes = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), ...chunks]);
  for (const [at, replacement] of damage)
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(replacement), bytes.subarray(at + replacement.length)]);
  return bytes;
}

/** Nothing but what the contract allows. */
function check(answer: Answer): void {
  const type = answer.headers['content-type'] ?? '';
  if (answer.status === 200) {
    expect(type).toMatch(/^(application\/json; charset=utf-8|application\/x-ndjson|text\/plain; version=.*)$/);
    if (type.startsWith('application/json')) JSON.parse(answer.text);
    return;
  }
  expect(type, answer.text).toBe('application/json; charset=utf-8');
  const error = errorBody.parse(JSON.parse(answer.text));
  expect(Object.keys(error)).toEqual(['error', 'message', 'definite', 'detail']);
  // A quorum that is not met in the one millisecond that a request gives it is no fault; nothing else of 5xx can be here.
  if (answer.status >= 500) expect(answer.text).toContain('"error":"quorum_not_met"');
  const known = Object.hasOwn(SPEC_ERRORS, error.error) ? SPEC_ERRORS[error.error as keyof typeof SPEC_ERRORS] : [409, false];
  expect([answer.status, error.definite]).toEqual(known);
}

/** One connection of those kept; a new one when the old one ended. */
class Lane {
  #connection: RawConnection | null = null;
  #answered = 0;

  async send(request: FuzzRequest): Promise<number> {
    const { port } = cluster.leader;
    if (request.method === 'HEAD') {
      // A target that the parser gives up on is answered with a body, because nobody knows what it was asked for.
      const { status, text } = await call(port, {
        method: 'HEAD',
        path: `/${encodeURI(request.target.toWellFormed())}`,
        timeoutMs: ANSWER_MS,
      });
      expect(text).toBe('');
      expect(status).toBeLessThan(500);
      return 1;
    }
    const bytes = bytesOf(request, cluster.token);
    if (request.damage.length > 0) return this.#sendDamaged(bytes);
    if (this.#connection === null || this.#connection.isEnded || this.#connection.answers.at(-1)?.headers.connection === 'close') {
      this.close();
      this.#connection = new RawConnection(port);
      this.#answered = 0;
    }
    const connection = this.#connection.send(bytes);
    const finals = () => connection.answers.filter(({ status }) => status >= 200);
    // What the node ends the connection after is answered, too.
    for (let wanted = connection.answers.length + 1; finals().length === this.#answered; wanted += 1)
      await connection.first(wanted, ANSWER_MS);
    const answers = finals().slice(this.#answered);
    expect(answers).toHaveLength(1);
    for (const answer of answers) check(answer);
    this.#answered += 1;
    return 1;
  }

  /** Nobody knows how many requests these bytes are; but the connection ends, and what is said is said properly. */
  async #sendDamaged(bytes: Buffer): Promise<number> {
    const connection = new RawConnection(cluster.leader.port);
    connection.send(bytes).socket.end();
    const answers = await connection.toEnd(ANSWER_MS);
    connection.close();
    // A method that the damage made of another may be HEAD.
    if (!bytes.includes('HEAD')) for (const answer of answers.filter(({ status }) => status >= 200)) check(answer);
    return 1;
  }

  /** Nothing came that was not asked for. */
  close(): void {
    if (this.#connection === null) return;
    expect(this.#connection.answers.filter(({ status }) => status >= 200)).toHaveLength(this.#answered);
    this.#connection.close();
  }
}

const openFiles = (pid: number): number => (existsSync(`/proc/${pid}/fd`) ? readdirSync(`/proc/${pid}/fd`).length : 0);

test(`${REQUESTS} requests that nobody thought of are answered, one by one, and leave nothing behind`, async () => {
  console.log(`fuzz: KVCTL_FUZZ_SEED=${seed}`);
  const { leader } = cluster;
  const { pid } = leader;
  const lanes = Array.from({ length: SIDE_BY_SIDE }, () => new Lane());
  const filesBefore = openFiles(pid);
  const rss: number[] = [];
  let sent = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const property = fc.asyncProperty(fc.array(fuzzRequest, { minLength: SIDE_BY_SIDE, maxLength: SIDE_BY_SIDE }), async (requests) => {
      const counts = await Promise.all(requests.map((request, index) => (lanes[index] as Lane).send(request)));
      sent += counts.length;
    });
    // Shrinking would send thousands more, and the first failure says what there is to say.
    await fc.assert(property, { numRuns: REQUESTS / ROUNDS / SIDE_BY_SIDE, seed: seed + round, endOnFailure: true });
    rss.push((await leader.status())?.loop.rss_bytes ?? Number.NaN);
  }
  for (const lane of lanes) lane.close();
  expect(sent).toBe(REQUESTS);

  const status = await leader.status();
  expect([status?.pid, status?.phase, status?.waiting_writes]).toEqual([pid, 'open', 0]);
  for (const node of cluster.nodes) expect(node.complaints).toEqual([]);
  console.log(`fuzz: resident after each fifth: ${rss.map((bytes) => `${Math.round(bytes / MIB)} MiB`).join(', ')}`);
  // The first fifth warms up; what leaked per request would come four times more.
  expect(rss.at(-1)).toBeLessThan((rss[0] as number) + 32 * MIB);
  // Those of the client's own agent stay open for a while.
  await until('the connections are closed', () => openFiles(pid) <= filesBefore + 64);

  await leader.reaches('has its follower level', ({ head, replicas }) => replicas.every(({ watermark }) => watermark === head));
  const [first, second] = await Promise.all(
    // Each node collects its tombstones in its own time.
    cluster.nodes.map(async ({ port }) => (await call(port, { path: '/dump' })).text.split('\n').slice(1)),
  );
  // Some of what was sent was a write.
  expect(Number(status?.head.split('.')[1])).toBeGreaterThan(20);
  expect(second).toEqual(first);
});
