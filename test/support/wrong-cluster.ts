/** A wrong server in a process of its own, as a target for the grader: started, stopped node by node, and ended with the test. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '#entry';
import type { NodeControl, Peer, Target } from '../../src/grade/target.ts';
import type { Dialect } from '../../src/labs/dialect.ts';
import { LAB_2 } from '../../src/labs/lab-2.ts';
import { parseDistribution } from '../../src/lib/distribution.ts';
import type { WrongOptions } from './wrong-server.ts';
import type { Order, Report } from './wrong-server-process.ts';

/** Lab 2 has no delete; these servers have. */
export const LAB_2_WITH_DELETE: Dialect = { ...LAB_2, remove: { method: 'DELETE', path: '/kv/{key}', ok: { status: 200, body: null } } };

const NODE = join(packageRoot, 'node_modules', '.bin', 'node');

export class WrongServers implements AsyncDisposable {
  readonly control: NodeControl = { stop: (nodes) => this.#order('stop', nodes), start: (nodes) => this.#order('start', nodes) };
  readonly #child: ChildProcess;
  readonly #options: WrongOptions;
  #urls: Readonly<Record<string, string>> = {};

  private constructor(options: WrongOptions) {
    this.#options = options;
    const script = join(packageRoot, 'test', 'support', 'wrong-server-process.ts');
    this.#child = fork(script, [JSON.stringify(options)], { execPath: NODE, execArgv: ['--disable-warning=ExperimentalWarning'] });
  }

  static async start(wish: Partial<WrongOptions>): Promise<WrongServers> {
    const options: WrongOptions = {
      mistake: null,
      followers: 3,
      quorum: 2,
      minDelayMs: 0,
      maxDelayMs: 60,
      durable: false,
      quorumTimeoutMs: 1_000,
      ...wish,
    };
    const servers = new WrongServers(options);
    const report = await servers.#next();
    if (report.kind === 'up') servers.#urls = report.urls;
    return servers;
  }

  target(more: Partial<Target> = {}): Target {
    const peer = (name: string): Peer => ({ name, url: this.#urls[name] ?? '' });
    const { minDelayMs, maxDelayMs, durable } = this.#options;
    const delay = parseDistribution(`${minDelayMs}-${maxDelayMs}`);
    return {
      dialect: LAB_2_WITH_DELETE,
      leader: peer('leader'),
      followers: Object.keys(this.#urls)
        .filter((name) => name !== 'leader')
        .map(peer),
      quorum: null,
      delay: delay.ok ? delay.value : null,
      isDurable: durable,
      timeoutMs: 5_000,
      token: null,
      ...more,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }

  async #order(kind: Order['kind'], nodes: readonly Peer[]): Promise<void> {
    const done = this.#next();
    this.#child.send({ kind, names: nodes.map(({ name }) => name) } satisfies Order);
    await done;
  }

  #next(): Promise<Report> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (report) => resolve(report as Report));
      this.#child.once('exit', (code) => reject(new Error(`the servers ended with ${code}`)));
    });
  }
}
