/**
 * Plays a golden script on a core cluster: lines that begin with `> ` are commands, and below each stands, indented, what it brought about.
 * Everything else (comments, empty lines) stays as it is. `test/core/testdata/README.md` explains the commands.
 */

import type { LeaderLimits } from '../../src/core/leader.ts';
import type { Input, NetworkChange } from '../../src/core/message.ts';
import { formatVersion } from '../../src/core/version.ts';
import { assert } from '../../src/lib/assert.ts';
import { parseDelays } from '../../src/lib/delay-plan.ts';
import { parseDistribution } from '../../src/lib/distribution.ts';
import { CoreCluster, type CoreNode, type Message } from './core-cluster.ts';
import { formatEffect, formatMessage, formatNode } from './core-text.ts';

/** The script's text with every expected output replaced by what really happened. */
export function playScript(text: string): string {
  const player = new Player();
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    // What a command brought about last time.
    if (line.startsWith('  ')) continue;
    lines.push(line);
    if (line.startsWith('> ')) lines.push(...player.play(line.slice(2)).map((each) => `  ${each}`));
  }
  return lines.join('\n');
}

type Arguments = { readonly words: readonly string[]; readonly named: ReadonlyMap<string, string> };

class Player {
  #cluster: CoreCluster | null = null;
  #lines: string[] = [];
  #ids = 0;

  /** One line may hold several commands, separated by `;`: what they hand to the same node arrives together, before its turn. */
  play(line: string): string[] {
    this.#lines = [];
    const inputs: Input[] = [];
    let at = 'n1';
    for (const command of line.split(/;\s+/)) {
      const [verb, ...rest] = command.split(/\s+/);
      const named = new Map(rest.filter((word) => word.includes('=')).map((word) => word.split(/=(.*)/s, 2) as [string, string]));
      const args = { words: rest.filter((word) => !word.includes('=')), named };
      const input = this.#inputOf(verb ?? '', args);
      if (input === null) this.#act(verb ?? '', args);
      else inputs.push(input);
      if (named.has('at')) at = `n${named.get('at')}`;
    }
    if (inputs.length > 0) this.#on.drive(this.#on.node(at), ...inputs);
    return this.#lines;
  }

  get #on(): CoreCluster {
    assert(this.#cluster !== null, 'a script begins with `cluster`');
    return this.#cluster;
  }

  /** What a client asks of n1, or of the node that `at` names. */
  #inputOf(verb: string, { words, named }: Arguments): Input | null {
    const [key = ''] = words;
    switch (verb) {
      case 'put':
      case 'del': {
        const value = verb === 'del' ? null : (words[1] ?? '');
        const [need, timeoutMs] = ['need', 'timeout'].map((name) => (named.has(name) ? Number(named.get(name)) : null));
        return { t: 'put', id: ++this.#ids, key, value, need: need ?? null, timeoutMs: timeoutMs ?? null, timestampMs: 0 };
      }
      case 'read':
        return { t: 'read', id: ++this.#ids, key, isLinearizable: words[1] === 'linearizable' };
      case 'drain':
        return { t: 'drain' };
      case 'stop':
        return { t: 'stop', message: 'n1 shuts down' };
      case 'quorum':
        return { t: 'setQuorum', id: ++this.#ids, quorum: Number(key), isForced: words[1] === 'force' };
      case 'promote': {
        const [isDryRun, isForced, gathers] = [words.includes('dry'), words.includes('force'), !words.includes('alone')];
        const quorum = named.has('quorum') ? Number(named.get('quorum')) : null;
        return { t: 'promote', id: ++this.#ids, isDryRun, isForced, gathers, quorum, timeoutMs: Number(named.get('timeout') ?? 10_000) };
      }
      default:
        return null;
    }
  }

  #act(verb: string, { words, named }: Arguments): void {
    const [first = '', second = ''] = words;
    switch (verb) {
      case 'cluster':
        return this.#begin(named);
      case 'deliver':
        return first === 'all' ? this.#on.settle() : this.#each(words, (message) => this.#on.deliver(message));
      case 'drop':
        return this.#each(words, (message) => this.#on.drop(message));
      case 'timeout':
        return this.#each(words, (message) => this.#on.giveUp(message));
      case 'duplicate':
        return this.#each(words, (message) => this.#on.duplicate(message));
      case 'pool':
        return void this.#lines.push(...this.#on.pool.map(formatMessage));
      case 'fence':
        return this.#fence(first, second, words[2] ?? '');
      case 'stored':
        return this.#on.stored(this.#node(first));
      case 'diskfails':
        return this.#on.diskFails(this.#node(first), 'no space left on device');
      case 'tick':
        return this.#on.advanceTo(this.#on.now + Number(first));
      case 'crash':
        return this.#on.crash(this.#node(first), second === 'stored');
      case 'start':
        return this.#on.start(this.#node(first));
      case 'restart':
        this.#on.crash(this.#node(first), false);
        return this.#on.start(this.#node(first));
      case 'wipe':
        return this.#on.wipe(this.#node(first));
      case 'partition':
      case 'heal':
        return this.#partition(first, second, verb === 'partition');
      case 'loss':
        return this.#change(this.#node('1'), { nodes: new Map([[`n${first}`, { loss: Number(second) }]]) });
      case 'delay': {
        const delay = parseDistribution(second);
        assert(delay.ok, 'the delay is one');
        return this.#change(this.#node('1'), { nodes: new Map([[`n${first}`, { delay: delay.value }]]) });
      }
      case 'seed':
        return this.#change(this.#node('1'), { seed: Number(first) });
      case 'status': {
        const nodes = first === '' ? this.#on.nodes : words.map((word) => this.#node(word));
        for (const node of nodes) this.#lines.push(...formatNode(this.#on, node));
        return;
      }
      case 'trace':
        return this.#trace();
      default:
        throw new Error(`a script knows no command ${JSON.stringify(verb)}`);
    }
  }

  #begin(named: ReadonlyMap<string, string>): void {
    const delays = parseDelays(named.get('delay') ?? '0');
    assert(delays.ok, 'the delay is one');
    const number = (name: string, otherwise: number) => Number(named.get(name) ?? otherwise);
    const limits: Partial<Record<keyof LeaderLimits, number>> = {};
    for (const [word, limit] of [
      ['page', 'pageRows'],
      ['batch', 'batchMax'],
      ['queue', 'queueRecords'],
      ['window', 'window'],
      ['waiting', 'waitingWrites'],
      ['keep', 'tombstoneKeepMs'],
    ] as const) {
      if (named.has(word)) limits[limit] = number(word, 0);
    }
    const followers = number('followers', 3);
    this.#cluster = new CoreCluster({
      followers,
      quorum: number('quorum', Math.min(3, followers)),
      delays: delays.value,
      seed: number('seed', 1),
      isVolatile: named.get('store') === 'memory',
      isDiskManual: named.get('disk') === 'manual',
      isScanManual: false,
      limits,
    });
    if (named.get('birth') !== 'manual') {
      for (const node of this.#on.nodes) this.#on.drive(node);
      this.#on.settle();
    }
    this.#on.watchers.push((node, effect, message) => {
      const line = formatEffect(node, effect, message);
      if (line !== null) this.#lines.push(line);
    });
    if (named.get('birth') === 'manual') for (const node of this.#on.nodes) this.#on.drive(node);
  }

  #partition(a: string, b: string, isPartitioned: boolean): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      this.#change(this.#node(from), { nodes: new Map([[`n${to}`, { isPartitioned }]]) });
  }

  /** A candidate asks for a promise, out of turn. */
  #fence(from: string, to: string, epoch: string): void {
    const { lineage, members } = this.#node(to).hard ?? { lineage: '', members: [] };
    const fence = { t: 'fence', from: `n${from}`, lineage, epoch: Number(epoch), incarnation: null, members, isBirth: false } as const;
    this.#on.deliver(this.#on.send(this.#node(from), this.#node(to), fence));
  }

  #change(node: CoreNode, change: NetworkChange): void {
    this.#on.drive(node, { t: 'setNetwork', change });
  }

  /** `1->2` is the oldest message on that way, `1->2 all` all that are on it now, `#7` the one with that number. */
  #each(words: readonly string[], act: (message: Message) => void): void {
    const [which = '', howMany] = words;
    const [from, to] = which.split('->');
    const found = this.#on.pool.filter((each) =>
      which.startsWith('#') ? `#${each.id}` === which : each.from === `n${from}` && each.to === `n${to}`,
    );
    assert(found.length > 0, `there is a message ${which}`);
    for (const message of howMany === 'all' ? found : found.slice(0, 1)) act(message);
  }

  #node(number: string): CoreNode {
    return this.#on.node(`n${number}`);
  }

  #trace(): void {
    const { leader } = this.#node('1').replica;
    for (const { version, need, storedMs, followers } of leader?.trace.rows({ epoch: 0, seq: 0 }, 100) ?? []) {
      const cells = followers.map(
        ({ delayMs, sentMs, ackedMs }, i) => `n${i + 2} delay ${delayMs} sent ${sentMs ?? '-'} acked ${ackedMs ?? '-'}`,
      );
      this.#lines.push(`${formatVersion(version)} need ${need} stored ${storedMs ?? '-'}; ${cells.join('; ')}`);
    }
  }
}
