/**
 * A node's environment (SPEC 8), parsed once into a typed value: every mistake is found before any port is opened, and is one line each.
 *
 * This file is the manual of the variables: what is expected, the unit, the default. A lab's variables are translated first (labs/environment.ts).
 */
import { join } from 'node:path';
import type { LeaderLimits } from '../core/leader.ts';
import type { LinkSetting } from '../core/network.ts';
import { isValidQuorum, MAX_FOLLOWERS } from '../core/quorum.ts';
import type { Member } from '../core/record.ts';
import { DIALECTS } from '../labs/all.ts';
import type { Dialect } from '../labs/dialect.ts';
import { translateEnvironment } from '../labs/environment.ts';
import type { Environment } from '../labs/recognise.ts';
import { parseDelays } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import type { Ms } from '../lib/units.ts';
import { DISK_FAULTS, type DiskFault, parseDiskFault } from '../store/disk-fault.ts';
import { NODE_NAME } from '../wire/internal.ts';
import { describeNumberSetting, LOG_LEVELS, NUMBER_SETTINGS, type NumberSetting, parseNumberSetting } from '../wire/settings.ts';
import { FAILPOINTS, type Failpoint, parseFailpoint } from './failpoints.ts';

export interface NodeConfig {
  /** The lab's API that this node speaks; null: kvctl's own. */
  readonly dialect: Dialect | null;
  /** By which variables the environment was told to be kvctl's or a lab's. */
  readonly recognisedBy: string;
  /** Provisional while `isUnnamed`. */
  readonly nodeId: string;
  /** A follower that was not told of the other nodes: its name is the one by which its leader addresses it. */
  readonly isUnnamed: boolean;
  /** NODE_ID as it was given; what clients are told, whatever the other nodes call this one. */
  readonly label: string | null;
  readonly isBornLeader: boolean;
  readonly host: string;
  readonly port: number;
  /** Where clients and other nodes reach this one. */
  readonly publicUrl: string;
  /** Every node, this one included; only this one if it was told of no other. */
  readonly members: readonly Member[];
  /** False with FOLLOWER_URLS alone: the cluster works, but cannot change its leader. */
  readonly knowsEveryNode: boolean;
  /** Where clients reach the other nodes, by node id, if that is not where the nodes reach each other. */
  readonly publicUrls: ReadonlyMap<string, string>;
  readonly quorum: number;
  readonly seed: number;
  readonly network: ReadonlyMap<string, LinkSetting>;
  readonly store: 'sqlite' | 'memory';
  readonly dataDir: string | null;
  readonly token: string | null;
  readonly logLevel: string;
  /** Where the node is to die, for tests; null: nowhere. */
  readonly failpoint: Failpoint | null;
  /** Which of the store's commits is to fail, for tests, by the same variable; null: none. */
  readonly diskFault: DiskFault | null;
  /** Whether clock and disk can be broken at run time, by `POST /admin/faults`. */
  readonly hasFaultInjection: boolean;
  readonly requestTimeoutMs: Ms;
  readonly maxValueBytes: number;
  readonly limits: LeaderLimits;
}

/** Until its leader names it. */
const UNNAMED = 'unnamed';

/** The configuration, or every mistake in it, a line each: the variable, what was expected, what was got. */
export function parseEnvironment(given: Environment): { readonly config: NodeConfig } | { readonly mistakes: readonly string[] } {
  const translated = translateEnvironment(given);
  if (!translated.isClear) return { mistakes: translated.mistakes };
  const reader = new Reader(translated.environment, translated.givenAs, translated.mistakes);
  const role = reader.oneOf('ROLE', ['leader', 'follower'], null);
  const host = reader.text('HOST', '127.0.0.1');
  const port = reader.integer('PORT', 8000, 1, 65_535);
  // Who knows every node is known by its name; any other follower is called what its leader calls it.
  const isUnnamed = role === 'follower' && !translated.environment['NODES'];
  const label = translated.environment['NODE_ID'] || null;
  const nodeId = reader.nodeId(isUnnamed ? UNNAMED : role === 'follower' ? null : 'n1');
  const publicUrls = new Map((reader.named('PUBLIC_URLS') ?? []).map(({ id, url }) => [id, url]));
  const publicUrl = reader.url('PUBLIC_URL', publicUrls.get(nodeId) ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const self = { id: nodeId, url: publicUrl };
  const named = reader.nodes(nodeId);
  const followerUrls = reader.urls('FOLLOWER_URLS');
  const members = named ?? [self, ...followerUrls.map((url, index) => ({ id: `n${index + 2}`, url }))];
  // Without NODES the followers are n2, n3, … in the order of their URLs.
  if (named === null && members.slice(1).some((member) => member.id === nodeId))
    reader.mistake('NODE_ID', 'a name that none of FOLLOWER_URLS has', nodeId);
  const followers = members.length - 1;
  if (followers > MAX_FOLLOWERS) reader.mistake('NODES', `at most ${MAX_FOLLOWERS} followers`, `${followers}`);
  const quorum = reader.integer('WRITE_QUORUM', Math.min(3, followers), 0, Number.MAX_SAFE_INTEGER);
  // A follower that was not told of the others cannot know how many there are.
  const isChecked = named !== null || role === 'leader';
  if (isChecked && !isValidQuorum(quorum, followers))
    reader.mistake('WRITE_QUORUM', `an integer from 0 to ${followers}, the number of followers`, `${quorum}`);
  const store = reader.oneOf('STORE', ['sqlite', 'memory'], 'sqlite');
  const dataDir = store === 'memory' ? null : reader.text('DATA_DIR', join('data', label ?? (isUnnamed ? `follower-${port}` : nodeId)));
  const config: NodeConfig = {
    dialect: DIALECTS.get(translated.dialect) ?? null,
    recognisedBy: translated.recognisedBy,
    nodeId,
    isUnnamed,
    label,
    isBornLeader: role === 'leader',
    host,
    port,
    publicUrl,
    members,
    knowsEveryNode: named !== null,
    publicUrls,
    quorum,
    seed: reader.integer('SEED', Math.floor(Math.random() * 2 ** 32), 0, Number.MAX_SAFE_INTEGER),
    network: reader.network(members, nodeId),
    store: store === 'memory' ? 'memory' : 'sqlite',
    dataDir,
    token: reader.token(),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS, 'info') ?? 'info',
    ...reader.failpoint(store),
    hasFaultInjection: reader.faultInjection(),
    requestTimeoutMs: reader.setting('REQUEST_TIMEOUT') * 1000,
    maxValueBytes: reader.setting('MAX_VALUE_BYTES'),
    limits: reader.limits(),
  };
  return reader.mistakes.length === 0 ? { config } : { mistakes: reader.mistakes };
}

class Reader {
  readonly mistakes: string[];
  readonly #env: Environment;
  readonly #givenAs: ReadonlyMap<string, string>;

  constructor(env: Environment, givenAs: ReadonlyMap<string, string>, mistakes: readonly string[]) {
    this.#env = env;
    this.#givenAs = givenAs;
    this.mistakes = [...mistakes];
  }

  mistake(name: string, expected: string, got: string | undefined): void {
    const theirs = this.#givenAs.get(name);
    this.mistakes.push(
      `${theirs === undefined ? name : `${theirs}, here ${name}`}: expected ${expected}, got ${got === undefined ? 'nothing' : JSON.stringify(got)}`,
    );
  }

  text(name: string, otherwise: string): string {
    return this.#env[name] || otherwise;
  }

  failpoint(store: string | null): Pick<NodeConfig, 'failpoint' | 'diskFault'> {
    const text = this.#env['FAILPOINT'] || null;
    const failpoint = text === null ? null : parseFailpoint(text);
    const diskFault = text === null ? null : parseDiskFault(text);
    if (text !== null && failpoint === null && diskFault === null) {
      const names = [...Object.keys(FAILPOINTS), ...Object.keys(DISK_FAULTS)];
      this.mistake('FAILPOINT', `one of ${names.join(', ')}, with :N for the Nth time`, text);
    }
    if (diskFault !== null && store === 'memory')
      this.mistake('FAILPOINT', 'STORE=sqlite with it, since memory has no disk that fails', `${text}`);
    return { failpoint, diskFault };
  }

  /** Only with a token: it is no toy for whoever reaches the port. */
  faultInjection(): boolean {
    const isOn = this.oneOf('FAULT_INJECTION', ['on', 'off'], 'off') === 'on';
    if (isOn && !this.#env['CLUSTER_TOKEN']) this.mistake('FAULT_INJECTION', 'CLUSTER_TOKEN to be set with it', 'on');
    return isOn;
  }

  oneOf(name: string, allowed: readonly string[], otherwise: string | null): string | null {
    const value = this.#env[name] || otherwise;
    if (value === null || !allowed.includes(value)) this.mistake(name, `one of ${allowed.join(', ')}`, this.#env[name]);
    return value;
  }

  number(name: string, otherwise: number, min: number, max: number): number {
    return this.#range(name, { kind: 'number', otherwise, min, max });
  }

  integer(name: string, otherwise: number, min: number, max: number): number {
    return this.#range(name, { kind: 'integer', otherwise, min, max });
  }

  setting(name: keyof typeof NUMBER_SETTINGS): number {
    return this.#range(name, NUMBER_SETTINGS[name]);
  }

  #range(name: string, range: NumberSetting): number {
    const text = this.#env[name];
    if (!text) return range.otherwise;
    const value = parseNumberSetting(text, range);
    if (value !== null) return value;
    this.mistake(name, describeNumberSetting(range), text);
    return range.otherwise;
  }

  nodeId(otherwise: string | null): string {
    const value = this.#env.NODE_ID || otherwise;
    if (value !== null && NODE_NAME.test(value)) return value;
    this.mistake('NODE_ID', 'a name of letters, digits, dots, dashes and underscores, like n2', this.#env.NODE_ID);
    return 'n1';
  }

  url(name: string, otherwise: string): string {
    const text = this.#env[name];
    return text ? this.#origin(name, text) : otherwise;
  }

  urls(name: string): string[] {
    const text = this.#env[name];
    return text ? text.split(',').map((part) => this.#origin(name, part.trim())) : [];
  }

  /** `name=url,…`, this node among them; null if not given. */
  nodes(nodeId: string): Member[] | null {
    const before = this.mistakes.length;
    const members = this.named('NODES');
    const isSound = members !== null && this.mistakes.length === before;
    const isNameKnown = !this.mistakes.some((mistake) => mistake.startsWith('NODE_ID:'));
    if (isSound && isNameKnown && !members.some(({ id }) => id === nodeId))
      this.mistake('NODES', `this node, ${nodeId}, among the nodes`, this.#env.NODES);
    return members;
  }

  /** `name=url,…`; null if not given. */
  named(name: string): Member[] | null {
    const text = this.#env[name];
    if (!text) return null;
    const parts = text.split(',');
    const members = parts.map((part) => {
      const equals = part.indexOf('=');
      return { id: part.slice(0, Math.max(equals, 0)).trim(), url: originOf(part.slice(equals + 1).trim()) ?? '' };
    });
    const broken = members.findIndex(({ id, url }) => !NODE_NAME.test(id) || url === '');
    const isRepeated =
      new Set(members.map(({ id }) => id)).size < members.length || new Set(members.map(({ url }) => url)).size < members.length;
    if (broken !== -1) this.mistake(name, 'name=url,name=url,… with URLs like http://127.0.0.1:8001', parts[broken]);
    else if (isRepeated) this.mistake(name, 'every name and every URL once', text);
    return members;
  }

  token(): string | null {
    const token = this.#env.CLUSTER_TOKEN;
    if (!token) return null;
    if (!/^[\x21-\x7e]{8,512}$/.test(token))
      this.mistake('CLUSTER_TOKEN', '8 to 512 printable characters without spaces', `${token.length} characters`);
    return token;
  }

  /** DELAY, or MIN_DELAY_MS and MAX_DELAY_MS; real numbers, kept as they are. */
  network(members: readonly Member[], selfId: string): Map<string, LinkSetting> {
    const min = this.number('MIN_DELAY_MS', 0, 0, 3_600_000);
    const max = this.number('MAX_DELAY_MS', Math.max(1000, min), 0, 3_600_000);
    if (min > max) this.mistake('MIN_DELAY_MS', `at most MAX_DELAY_MS, ${max}`, `${min}`);
    const uniform: Distribution = min === max ? { kind: 'constant', value: min } : { kind: 'uniform', min, max };
    const text = this.#env.DELAY;
    const plan = text ? parseDelays(text) : null;
    if (plan !== null && !plan.ok) this.mistakes.push(`DELAY: ${plan.message}`);
    if (plan?.ok) {
      // Itself included, which means nothing: all nodes may be given the same text.
      const known = new Set(members.map((member) => member.id));
      for (const node of plan.value.perNode.keys())
        if (!known.has(node)) this.mistake('DELAY', `delays for ${[...known].join(', ') || 'no node'}`, node);
    }
    const delayOf = (id: string): Distribution => (plan?.ok ? (plan.value.perNode.get(id) ?? plan.value.all ?? uniform) : uniform);
    const others = members.filter((member) => member.id !== selfId);
    return new Map(others.map(({ id }) => [id, { delay: delayOf(id), loss: 0, isPartitioned: false }]));
  }

  limits(): LeaderLimits {
    return {
      batchMax: this.setting('BATCH_MAX'),
      batchBytes: 4 * 1024 * 1024,
      pageRows: 1_000,
      window: this.setting('WINDOW'),
      queueRecords: 10_000,
      queueBytes: 16 * 1024 * 1024,
      heartbeatMs: 500,
      backoffMinMs: 50,
      backoffMaxMs: 1_000,
      retransmitMs: this.setting('RETRANSMIT_MS'),
      waitingWrites: 10_000,
      unsettledBytes: 64 * 1024 * 1024,
      quorumTimeoutMs: this.setting('QUORUM_TIMEOUT_MS'),
      failEarlyMs: this.setting('FAIL_EARLY_MS'),
      tombstoneKeepMs: this.setting('TOMBSTONE_KEEP') * 1000,
      collectEveryMs: 1_000,
    };
  }

  #origin(name: string, text: string): string {
    const origin = originOf(text);
    if (origin !== null) return origin;
    this.mistake(name, 'a URL like http://127.0.0.1:8001', text);
    return 'http://127.0.0.1:1';
  }
}

/** Null unless the text is the URL of a server, and nothing more. */
function originOf(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  return url.href === `${url.origin}/` ? url.origin : null;
}
