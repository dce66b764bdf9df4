/**
 * A small leader-follower store in lab 2's dialect (with DELETE), right unless it is told to make one mistake: what the grader must pass,
 * and what it must catch. Leader and followers are servers of their own with real sockets, which share only a process.
 *
 * Not an example of how to write one: every mistake is a condition in the place where somebody would make it.
 */
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export const MISTAKES = [
  'followers take writes',
  'followers store what they refuse',
  'orders by a clock that jumps',
  'orders by the millisecond',
  'the last to arrive wins',
  'never sends again',
  'sends again only with the next write',
  'sends again only what was missed',
  'cancels at the quorum',
  'waits for all',
  'waits for one more',
  'sends one after the other',
  'counts itself',
  'counts failures',
  'counts duplicates',
  'takes a failed write back alone',
  'says that a failed write is definite',
  'gives up the quorum after a timeout',
  'one delay for all',
  'delays the acknowledgement',
  'acknowledges before it applies',
  'twice the delay',
  'constant delay',
  'ignores the switch',
  'reads the quorum when it answers',
  'a plain object',
  'decodes keys twice',
  'forgets what it deletes',
  'sends deletes once',
  'loses everything in a restart',
  'counts from one again after a restart',
  'holds its lock over a read',
  'one write at a time',
  'fails over broken JSON',
  'dies of broken JSON',
  'takes a write without a value',
  'has no switch',
] as const;
export type Mistake = (typeof MISTAKES)[number];

export interface WrongOptions {
  readonly mistake: Mistake | null;
  readonly followers: number;
  readonly quorum: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Data survive a restart. */
  readonly durable: boolean;
  /** How long a write waits for its quorum. */
  readonly quorumTimeoutMs: number;
}

interface Row {
  /** null: deleted. */
  readonly value: unknown;
  readonly version: number;
}

interface Message extends Row {
  readonly key: string;
}

const AGAIN_MS = 100;
const NO_VALUE = Symbol('no value');

/** Rows by key; a plain object where that is the mistake. */
class Rows {
  readonly #map = new Map<string, Row>();
  readonly #plain: Record<string, Row> | null;

  constructor(isPlain: boolean) {
    this.#plain = isPlain ? {} : null;
  }

  get(key: string): Row | undefined {
    return this.#plain === null ? this.#map.get(key) : this.#plain[key];
  }

  set(key: string, row: Row): void {
    if (this.#plain === null) this.#map.set(key, row);
    else this.#plain[key] = row;
  }

  delete(key: string): void {
    this.#map.delete(key);
    if (this.#plain !== null) delete this.#plain[key];
  }

  entries(): [string, Row][] {
    return this.#plain === null ? [...this.#map] : Object.entries(this.#plain);
  }
}

abstract class Node {
  readonly name: string;
  protected readonly options: WrongOptions;
  protected rows: Rows;
  #server: Server | null = null;
  #port = 0;

  constructor(name: string, options: WrongOptions) {
    this.name = name;
    this.options = options;
    this.rows = new Rows(this.has('a plain object'));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  has(mistake: Mistake): boolean {
    return this.options.mistake === mistake;
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
    this.started();
  }

  /** As a kill would: no request is finished. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    if (!this.options.durable || this.has('loses everything in a restart')) this.rows = new Rows(this.has('a plain object'));
    this.stopped();
  }

  get isUp(): boolean {
    return this.#server !== null;
  }

  protected started(): void {}
  protected stopped(): void {}

  protected abstract answer(method: string, path: string, body: string): Promise<readonly [status: number, body: unknown]>;

  protected read(key: string): readonly [number, unknown] {
    const row = this.rows.get(key);
    if (row === undefined || row.value === null) return [404, { detail: 'Key not found' }];
    return [200, { key, value: this.has('a plain object') && row.value === undefined ? {} : row.value }];
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const [status, body] = await this.answer(incoming.method ?? '', incoming.url ?? '', Buffer.concat(chunks).toString());
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    } catch (error) {
      if (!outgoing.headersSent) outgoing.writeHead(500, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ detail: String(error) }));
    }
  }
}

class Follower extends Node {
  /** A new one with every start: the leader sees that it must send everything again. */
  life = 0;

  protected override started(): void {
    this.life += 1;
  }

  protected override async answer(method: string, path: string, body: string): Promise<readonly [number, unknown]> {
    const key = keyIn(path, this.has('decodes keys twice'));
    if (method === 'GET' && path === '/life') return [200, { life: this.life }];
    if (method === 'POST' && path === '/replicate') return this.#replicate(JSON.parse(body) as Message & { wait: number });
    if (method === 'GET' && path === '/health') return [200, { status: 'ok', role: 'follower', node_id: this.name }];
    if (key === null) return [404, { detail: 'Not found' }];
    if (method === 'GET') return this.read(key);
    if (method !== 'PUT' && method !== 'DELETE') return [405, { detail: 'Method not allowed' }];
    if (method === 'PUT' && (this.has('followers take writes') || this.has('followers store what they refuse'))) {
      const { value } = JSON.parse(body) as { value: unknown };
      this.rows.set(key, { value, version: 0 });
      if (this.has('followers take writes')) return [200, { key, value, follower_acks: 0, quorum_met: true }];
    }
    return [403, { detail: 'Writes allowed only on leader' }];
  }

  async #replicate({ wait, ...message }: Message & { wait: number }): Promise<readonly [number, unknown]> {
    if (this.has('acknowledges before it applies')) void delay(wait).then(() => this.#apply(message));
    else this.#apply(message);
    if (this.has('delays the acknowledgement')) await delay(wait);
    return [200, { status: 'ok' }];
  }

  #apply({ key, value, version }: Message): void {
    const held = this.rows.get(key);
    const isNewer = held === undefined || version > held.version || this.has('the last to arrive wins');
    if (!isNewer) return;
    if (value === null && this.has('forgets what it deletes')) this.rows.delete(key);
    else this.rows.set(key, { value, version });
  }
}

interface Link {
  readonly follower: Follower;
  /** Not acknowledged, and not on its way. */
  readonly waiting: Message[];
  life: number;
}

class Leader extends Node {
  readonly #links: Link[];
  readonly #agent = new Agent({ keepAlive: true });
  #quorum: number;
  #seq = 0;
  #isDegraded = false;
  #loop: AbortController | null = null;
  #lock: Promise<void> = Promise.resolve();
  #writing = 0;

  constructor(options: WrongOptions, followers: readonly Follower[]) {
    super('leader', options);
    this.#links = followers.map((follower) => ({ follower, waiting: [], life: 0 }));
    this.#quorum = options.quorum;
  }

  protected override started(): void {
    this.#quorum = this.options.quorum;
    for (const link of this.#links) link.life = link.follower.life;
    this.#loop = new AbortController();
    void this.#sendAgain(this.#loop.signal);
  }

  protected override stopped(): void {
    this.#loop?.abort();
    this.#agent.destroy();
    for (const { waiting } of this.#links) waiting.length = 0;
    if (!this.options.durable || this.has('counts from one again after a restart')) this.#seq = 0;
  }

  protected override async answer(method: string, path: string, body: string): Promise<readonly [number, unknown]> {
    if (method === 'GET' && path === '/health') return [200, { status: 'ok', role: 'leader', node_id: this.name }];
    if (method === 'POST' && path === '/admin/quorum' && !this.has('has no switch')) return this.#setQuorum(parsed(body));
    const key = keyIn(path, this.has('decodes keys twice'));
    if (key === null) return [404, { detail: 'Not found' }];
    if (method === 'GET') {
      // Two locks, taken in the other order by a write: who meets it waits for ever, and so does everybody after it.
      if (this.has('holds its lock over a read') && this.#writing > 0) this.#lock = new Promise(() => {});
      if (this.has('holds its lock over a read')) await this.#lock;
      return this.read(key);
    }
    if (method === 'DELETE') return this.#write(key, null);
    if (method !== 'PUT') return [405, { detail: 'Method not allowed' }];
    const value = this.#valueIn(body);
    return value === NO_VALUE ? [422, { detail: 'expected {"value": ...}' }] : this.#write(key, value);
  }

  #valueIn(body: string): unknown {
    const document = parsed(body);
    if (document === undefined && this.has('fails over broken JSON')) throw new Error('unexpected end of JSON');
    if (document === undefined && this.has('dies of broken JSON')) void this.stop();
    if (typeof document !== 'object' || document === null || !Object.hasOwn(document, 'value')) {
      return this.has('takes a write without a value') ? 'nothing' : NO_VALUE;
    }
    return (document as { value: unknown }).value;
  }

  #setQuorum(body: unknown): readonly [number, unknown] {
    const wanted = (body as { write_quorum?: unknown } | undefined)?.write_quorum;
    if (typeof wanted !== 'number' || wanted < 0 || wanted > this.#links.length) return [422, { detail: 'no such quorum' }];
    if (!this.has('ignores the switch')) this.#quorum = wanted;
    return [200, { write_quorum: wanted }];
  }

  async #write(key: string, value: unknown): Promise<readonly [number, unknown]> {
    if (!this.has('one write at a time')) return this.#writeNow(key, value);
    const before = this.#lock;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lock = promise;
    await before;
    return this.#writeNow(key, value).finally(resolve);
  }

  async #writeNow(key: string, value: unknown): Promise<readonly [number, unknown]> {
    this.#writing += 1;
    if (this.has('holds its lock over a read')) await this.#lock;
    const before = this.rows.get(key);
    this.#seq += 1;
    const message: Message = { key, value, version: this.#stamp() };
    if (value === null && this.has('forgets what it deletes')) this.rows.delete(key);
    else this.rows.set(key, { value, version: message.version });
    const admitted = this.#quorum;
    const needed = () => (this.has('reads the quorum when it answers') ? this.#quorum : admitted);
    const acks = new Acks(this.has('counts itself') ? 1 : 0);
    const everybody = this.has('waits for all') || this.has('sends one after the other');
    const isMet = () => {
      if (everybody) return acks.answered >= this.#links.length && acks.count >= needed();
      return acks.count >= Math.min(this.#links.length, needed() + (this.has('waits for one more') ? 1 : 0));
    };
    const cancel = new AbortController();
    this.#replicate(message, acks, cancel.signal);
    const met = this.#isDegraded || (await acks.until(isMet, this.options.quorumTimeoutMs));
    this.#writing -= 1;
    if (this.has('cancels at the quorum')) cancel.abort();
    if (met) return [200, { key, value, follower_acks: acks.count, quorum_met: true }];
    if (this.has('gives up the quorum after a timeout')) {
      this.#isDegraded = true;
      return [200, { key, value, follower_acks: acks.count, quorum_met: true }];
    }
    if (this.has('takes a failed write back alone')) {
      if (before === undefined) this.rows.delete(key);
      else this.rows.set(key, before);
      for (const { waiting } of this.#links) waiting.length = 0;
    }
    const detail = { message: 'Quorum not met', follower_acks: acks.count, required: needed() };
    return [503, this.has('says that a failed write is definite') ? { detail, definite: true } : { detail }];
  }

  #stamp(): number {
    if (this.has('orders by a clock that jumps')) return Date.now() - (this.#seq % 3 === 0 ? 500 : 0);
    return this.has('orders by the millisecond') ? Date.now() : this.#seq;
  }

  #replicate(message: Message, acks: Acks, cancelled: AbortSignal): void {
    const shared = this.#draw();
    let before: Promise<void> = Promise.resolve();
    for (const link of this.#links) {
      const wait = this.has('one delay for all') ? shared : this.#draw();
      const send = async () => {
        const isHere = !this.has('delays the acknowledgement') && !this.has('acknowledges before it applies');
        if (isHere) await delay(wait, undefined, { signal: cancelled }).catch(() => undefined);
        if (cancelled.aborted) return;
        const isTaken = await this.#post(link, message, wait);
        acks.add(isTaken || this.has('counts failures') ? 1 : 0);
        if (isTaken && this.has('counts duplicates')) void this.#sendTwice(link, message, acks);
        if (!isTaken && !this.has('never sends again') && !(message.value === null && this.has('sends deletes once')))
          link.waiting.push(message);
      };
      if (this.has('sends one after the other')) before = before.then(send);
      else void send();
      if (this.has('sends again only with the next write')) void this.#flush(link);
    }
  }

  async #sendTwice(link: Link, message: Message, acks: Acks): Promise<void> {
    await delay(2 * this.options.maxDelayMs + AGAIN_MS);
    if (await this.#post(link, message, 0)) acks.add(1);
  }

  /** What was not acknowledged, and everything to whoever began a new life. */
  async #sendAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || this.has('never sends again') || this.has('sends again only with the next write')) continue;
      await Promise.all(this.#links.map((link) => this.#flush(link)));
    }
  }

  async #flush(link: Link): Promise<void> {
    const life = await this.#lifeOf(link);
    if (life === null) return;
    if (life !== link.life && !this.has('sends again only what was missed')) {
      const isSent = ([, row]: [string, Row]) => row.value !== null || !this.has('sends deletes once');
      link.waiting.push(
        ...this.rows
          .entries()
          .filter(isSent)
          .map(([key, row]) => ({ key, ...row })),
      );
    }
    link.life = life;
    const messages = link.waiting.splice(0);
    for (const message of messages) if (!(await this.#post(link, message, 0))) link.waiting.push(message);
  }

  #draw(): number {
    const { minDelayMs, maxDelayMs } = this.options;
    if (this.has('constant delay')) return (minDelayMs + maxDelayMs) / 2;
    return (minDelayMs + (maxDelayMs - minDelayMs) * Math.random()) * (this.has('twice the delay') ? 2 : 1);
  }

  async #post(link: Link, message: Message, wait: number): Promise<boolean> {
    return (await this.#call(link, 'POST', '/replicate', JSON.stringify({ ...message, wait }))) !== null;
  }

  async #lifeOf(link: Link): Promise<number | null> {
    const answer = await this.#call(link, 'GET', '/life', '');
    return answer === null ? null : (JSON.parse(answer) as { life: number }).life;
  }

  /** Null unless the answer is 200. */
  #call({ follower }: Link, method: string, path: string, body: string): Promise<string | null> {
    return new Promise((resolve) => {
      const sent = request(
        follower.url + path,
        { method, agent: this.#agent, headers: { 'content-type': 'application/json' } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve(response.statusCode === 200 ? text : null));
          response.on('error', () => resolve(null));
        },
      );
      sent.on('error', () => resolve(null));
      sent.end(body);
    });
  }
}

/** Acknowledgements of one write. */
class Acks {
  count: number;
  /** Followers that said something, be it that they failed. */
  answered = 0;
  #changed: () => void = () => {};

  constructor(count: number) {
    this.count = count;
  }

  add(count: number): void {
    this.count += count;
    this.answered += 1;
    this.#changed();
  }

  async until(isMet: () => boolean, timeoutMs: number): Promise<boolean> {
    const late = delay(timeoutMs, 'late', { ref: false });
    while (!isMet()) {
      const changed = new Promise<string>((resolve) => {
        this.#changed = () => resolve('changed');
      });
      if ((await Promise.race([changed, late])) === 'late') return isMet();
    }
    return true;
  }
}

export class WrongCluster {
  readonly leader: Leader;
  readonly followers: readonly Follower[];

  constructor(options: WrongOptions) {
    this.followers = Array.from({ length: options.followers }, (_, index) => new Follower(`f${index + 1}`, options));
    this.leader = new Leader(options, this.followers);
  }

  get nodes(): readonly Node[] {
    return [this.leader, ...this.followers];
  }

  async start(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.start()));
    await this.leader.start();
  }

  node(name: string): Node {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }
}

function keyIn(path: string, twice: boolean): string | null {
  const raw = /^\/kv\/(.+)$/.exec(path)?.[1];
  if (raw === undefined) return null;
  try {
    const key = decodeURIComponent(raw);
    return twice ? decodeURIComponent(key) : key;
  } catch {
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
