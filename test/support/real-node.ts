/**
 * Real nodes in processes of their own, on ports that nobody has, started by their environment and nothing else (SPEC 8).
 *
 * Not the cluster driver of the command line: no state file, no log files, no detaching. A test owns its nodes, reads what they
 * said, and every one of them is ended by its pid when the test, or the test's process, ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot, resolveEntry } from '#entry';
import { type NodeStatus, nodeStatus } from '../../src/wire/api.ts';
import { freePorts, until } from '../cluster/sandbox.ts';

const NODE = join(packageRoot, 'node_modules', '.bin', 'node');
/** Nothing of the shell's reaches a node: a stray PORT or DELAY would change what is tested. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG'];
const START_MS = 30_000;
const STATUS_MS = 2_000;
export const TOKEN = 'a token of this test'.replaceAll(' ', '-');

export type NodeEnvironment = Readonly<Record<string, string>>;

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One node, which may be killed and started again. */
export class RealNode {
  readonly id: string;
  readonly port: number;
  readonly url: string;
  readonly environment: NodeEnvironment;
  /** Everything that all its lives wrote to stdout and stderr. */
  output = '';
  readonly #prefix: readonly string[];
  #child: ChildProcess | null = null;
  #ended: Promise<Ended> = Promise.resolve({ exitCode: null, signal: null });

  /**
   * @param prefix a command that starts the node, e.g. a shell that sets a limit first
   * @param id its name in messages, where the environment has none
   */
  constructor(environment: NodeEnvironment, prefix: readonly string[] = [], id = environment.NODE_ID ?? 'n1') {
    this.environment = environment;
    this.id = id;
    this.port = Number(environment.PORT);
    this.url = `http://127.0.0.1:${this.port}`;
    this.#prefix = prefix;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.id} does not run`);
    return pid;
  }

  /** How this life ends. */
  get ended(): Promise<Ended> {
    return this.#ended;
  }

  /** What it logged at warn or above, a line each. */
  get complaints(): string[] {
    return this.output.split('\n').filter((line) => /"level":[456]0/.test(line) || !/^(\{|$)/.test(line));
  }

  /** @param more variables of this life alone */
  start(more: NodeEnvironment = {}): void {
    const inherited = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
    const [command = NODE, ...args] = [...this.#prefix, NODE, '--disable-warning=ExperimentalWarning', resolveEntry('node/main')];
    const child = spawn(command, args, {
      env: { ...Object.fromEntries(inherited), ...this.environment, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const atExit = () => child.kill('SIGKILL');
    process.once('exit', atExit);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#child = child;
    this.#ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode, signal) => {
        process.off('exit', atExit);
        resolve({ exitCode, signal });
      });
    });
  }

  /** Sends the signal, and returns how it ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  /** Null if it does not answer. */
  status(): Promise<NodeStatus | null> {
    return new Promise((resolve) => {
      const call = request(`${this.url}/status`, { timeout: STATUS_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(nodeStatus.parse(JSON.parse(text))));
      });
      call.on('timeout', () => call.destroy());
      call.on('error', () => resolve(null));
      call.end();
    });
  }

  /** Until its status is as wished. Fails with what the node said if it ends, or if it takes too long. */
  async reaches(what: string, isSo: (status: NodeStatus) => boolean): Promise<void> {
    const child = this.#child;
    let last: NodeStatus | null = null;
    const look = async () => {
      if (child !== null && (child.exitCode !== null || child.signalCode !== null)) throw new Error(`${this.id} ended:\n${this.output}`);
      last = await this.status();
      return last !== null && isSo(last);
    };
    await until(`${this.id} ${what}`, look, START_MS).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${JSON.stringify(last)}\n${this.output.slice(-4_000)}`);
    });
  }
}

/** A leader and its followers, whose data is in one directory; whoever owns them disposes of them. */
export class RealNodes implements AsyncDisposable {
  /** The leader first. */
  readonly nodes: readonly RealNode[];
  readonly directory: string;

  constructor(nodes: readonly RealNode[], directory: string) {
    this.nodes = nodes;
    this.directory = directory;
  }

  get leader(): RealNode {
    return this.nodes[0] as RealNode;
  }

  get followers(): readonly RealNode[] {
    return this.nodes.slice(1);
  }

  /** Starts all of them, and returns once they are ready. */
  async start(): Promise<void> {
    for (const node of this.nodes) node.start();
    await this.isReady();
  }

  /** Until the leader is open, and every link streams. */
  async isReady(): Promise<void> {
    await this.leader.reaches('is open and streams to all', ({ phase, replicas }) => {
      const isWhole = replicas.length === this.followers.length && replicas.every(({ link, is_up }) => link === 'stream' && is_up);
      return phase === 'open' && isWhole;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface RealClusterOptions {
  readonly followers: number;
  readonly quorum?: number;
  readonly store?: 'memory' | 'sqlite';
  /** For every node. */
  readonly environment?: NodeEnvironment;
  /** A command that starts the node of this name, see RealNode. */
  readonly prefix?: Readonly<Record<string, readonly string[]>>;
}

/** A leader, n1, and its followers, delay 0 unless the environment says otherwise; nothing runs yet. */
export class RealCluster extends RealNodes {
  readonly token = TOKEN;

  static async plan({
    followers,
    quorum = followers,
    store = 'memory',
    environment = {},
    prefix = {},
  }: RealClusterOptions): Promise<RealCluster> {
    const base = await freePorts(followers + 1);
    const directory = mkdtempSync(join(tmpdir(), 'kvctl-nodes-'));
    const ids = Array.from({ length: followers + 1 }, (_, index) => `n${index + 1}`);
    const nodes = ids.map((id, index) => {
      const own = { NODE_ID: id, ROLE: index === 0 ? 'leader' : 'follower', PORT: `${base + index}`, DATA_DIR: join(directory, id) };
      const shared = {
        NODES: ids.map((each, at) => `${each}=http://127.0.0.1:${base + at}`).join(','),
        WRITE_QUORUM: `${quorum}`,
        STORE: store,
        DELAY: '0',
        SEED: '1',
        CLUSTER_TOKEN: TOKEN,
      };
      return new RealNode({ ...own, ...shared, ...environment }, prefix[id]);
    });
    return new RealCluster(nodes, directory);
  }

  /** The same, started and ready: the leader is open, and every link streams. */
  static async start(options: RealClusterOptions): Promise<RealCluster> {
    const cluster = await RealCluster.plan(options);
    await cluster.start();
    return cluster;
  }

  follower(index = 0): RealNode {
    return this.followers[index] as RealNode;
  }
}
