/**
 * Waiting until nodes are of use: the leader has opened its epoch, a follower's link streams. The leader alone is asked as
 * soon as it is known, because it knows both, and because six starting nodes have better things to do than to answer us.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KvClient } from '../client/kv-client.ts';
import type { NodeStatus } from '../wire/api.ts';
import { KvctlError, NODE_EXIT_PORT_TAKEN } from '../wire/errors.ts';
import type { StartedNode } from './driver.ts';
import { driverOf, look } from './drivers.ts';
import { renderLogLine } from './log-lines.ts';
import type { ClusterState, NodeState } from './state.ts';

export interface ReadinessWish {
  readonly state: ClusterState;
  /**
   * For who does not hold the cluster's lock: other commands change it meanwhile. `current` reads the state anew, `afterOthers` waits
   * until none of them is half-way. Absent: nobody else changes it.
   */
  readonly shared?: { readonly current: () => ClusterState; readonly afterOthers: () => Promise<void> } | undefined;
  /** The nodes to wait for. */
  readonly wanted: readonly string[];
  /** Nodes that this process has started: if one ends, waiting is over. */
  readonly started: readonly StartedNode[];
  /**
   * By performance.now(), when none of `wanted` ran: what a follower answered before came from the process before, whose end the
   * leader may not have noticed yet (a container off its network closes no connection). null: they have been running.
   */
  readonly stoppedAt: number | null;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told whenever more is ready than before. */
  readonly onStep?: ((text: string) => void) | undefined;
}

const POLL_MS = 25;
/** One answer; a node that is busy starting takes its time. */
const ANSWER_MS = 1_000;
/** Until the end of a process is heard of. */
const END_MS = 2_000;
/** Of a node that failed. */
const LAST_LINES = 20;

/** Throws `not_ready`, or `port_taken`, that names the node, why, and its last words; `interrupted` if aborted. */
export async function waitUntilReady(initial: ReadinessWish): Promise<void> {
  let wish = initial;
  const client = new KvClient({ timeoutMs: ANSWER_MS });
  const deadline = performance.now() + wish.timeoutMs;
  let lastStep = '';
  let leaderId: string | null = null;
  try {
    for (;;) {
      throwIfInterrupted(wish.signal);
      await throwIfEnded(wish);
      // A leader that another command restarts meanwhile is another process.
      wish = refreshed(wish);
      const { nodes } = wish.state;
      const asked = leaderId === null ? nodes : nodes.filter(({ id }) => id === leaderId);
      const askedAt = performance.now();
      const answers = await askAll(client, asked);
      const leader = leaderOf(answers);
      leaderId = leader?.node ?? null;
      const missing = leader === null ? wish.wanted.map((id) => ({ id, why: 'no leader answers' })) : missingOf(leader, wish, askedAt);
      if (leader !== null && missing.length === 0) return throwIfEnded(wish);
      const step = leader === null ? '' : describeStep(leader);
      if (step !== lastStep) wish.onStep?.(step);
      lastStep = step;
      if (leader === null && (await isLeaderless(wish, answers))) {
        await throwIfEnded(wish);
        // It may be away only until the command that stopped it has started it again.
        await wish.shared?.afterOthers();
        wish = refreshed(wish);
        if (await isLeaderless(wish, await askAll(client, wish.state.nodes))) throw await leaderless(wish);
        continue;
      }
      if (performance.now() > deadline) throw await tooLate(wish, missing, answers);
      await delay(POLL_MS);
    }
  } finally {
    await client.close();
  }
}

/** The node that leads: of those that say so, the one of the highest epoch. */
export function leaderOf(answers: readonly NodeStatus[]): NodeStatus | null {
  const leaders = answers.filter(({ role, phase }) => role === 'leader' && phase !== 'deposed');
  return leaders.reduce<NodeStatus | null>((best, next) => (best === null || next.epoch > best.epoch ? next : best), null);
}

interface Missing {
  readonly id: string;
  readonly why: string;
}

/** The wanted nodes that are not of use yet, by what the leader says when it is asked at `askedAt`. */
function missingOf(leader: NodeStatus, { wanted, stoppedAt }: ReadinessWish, askedAt: number): Missing[] {
  const sinceStoppedMs = stoppedAt === null ? Number.POSITIVE_INFINITY : askedAt - stoppedAt;
  return wanted.flatMap((id): Missing[] => {
    const isOpen = leader.phase === 'open';
    if (id === leader.node) return isOpen ? [] : [{ id, why: `it is ${leader.phase}: ${leader.waiting_for ?? 'not open yet'}` }];
    if (!isOpen) return [{ id, why: `leader ${leader.node} is ${leader.phase}: ${leader.waiting_for ?? 'not open yet'}` }];
    const link = leader.replicas.find(({ node }) => node === id);
    if (link === undefined) return [{ id, why: `leader ${leader.node} does not know it` }];
    if (link.silent_ms === null || link.silent_ms > sinceStoppedMs) return [{ id, why: `it has not answered leader ${leader.node} yet` }];
    return link.link === 'stream' && link.is_up ? [] : [{ id, why: `its link is ${link.is_up ? 'up' : 'down'}, in ${link.link}` }];
  });
}

function describeStep(leader: NodeStatus): string {
  if (leader.phase !== 'open')
    return `leader ${leader.node} is ${leader.phase}${leader.waiting_for === null ? '' : `: ${leader.waiting_for}`}`;
  const streaming = leader.replicas.filter(({ link, is_up }) => link === 'stream' && is_up).length;
  return `leader ${leader.node} is open, ${streaming} of ${leader.replicas.length} links stream`;
}

/** What each node answers now; those that do not answer are left out, and so is another cluster's node that has its port. */
async function askAll(client: KvClient, nodes: readonly NodeState[]): Promise<NodeStatus[]> {
  const answers = await Promise.all(nodes.map(({ url }) => client.status(url).catch(() => null)));
  return answers.filter((answer, index) => {
    const pid = nodes[index]?.pid ?? null;
    return answer !== null && (pid === null || answer.pid === pid);
  }) as NodeStatus[];
}

/** Every process that runs has answered that it follows: nobody will ever open, so there is nothing to wait for. */
async function isLeaderless(wish: ReadinessWish, answers: readonly NodeStatus[]): Promise<boolean> {
  if (answers.length === 0) return false;
  const running = (await look(wish.state)).filter(({ state }) => state === 'running');
  return running.length > 0 && running.every(({ node }) => answers.some((answer) => answer.node === node.id));
}

function refreshed(wish: ReadinessWish): ReadinessWish {
  return wish.shared === undefined ? wish : { ...wish, state: wish.shared.current() };
}

function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KvctlError('interrupted', 'interrupted while waiting for the nodes');
}

async function throwIfEnded(wish: ReadinessWish): Promise<void> {
  for (const { id, exit } of wish.started) {
    const end = await exit();
    if (end === null) continue;
    const how = end.signal === null ? `with exit code ${end.exitCode}` : `by ${end.signal}`;
    throw await notReady(wish, id, `node ${id} ended ${how} before it was ready`, end.exitCode);
  }
}

async function leaderless(wish: ReadinessWish): Promise<KvctlError> {
  const isOurs = (id: string) => wish.started.some((node) => node.id === id);
  // Gone, but its end was not heard of yet: how it ended says more than that it is missing.
  const deadline = performance.now() + END_MS;
  while ((await look(wish.state)).some(({ node, state }) => state === 'stopped' && isOurs(node.id)) && performance.now() < deadline) {
    await throwIfEnded(wish);
    await delay(POLL_MS);
  }
  const absent = (await look(wish.state)).filter(({ state }) => state !== 'running');
  const list = absent.map(({ node, state }) => `${node.id} (${state})`).join(', ');
  const advice =
    absent.length === 0
      ? 'expected one to lead, and none is missing: make one lead with `kvctl promote`, unless a promotion is under way'
      : `expected a leader, which must be among ${list}: start the leader with \`kvctl restart\`, or with \`kvctl resume\` if it is paused, or make another node lead with \`kvctl promote\``;
  const message = `${wish.wanted.join(', ')} started, but all running nodes are followers: ${advice}`;
  return new KvctlError('not_ready', message, { missing: wish.wanted });
}

function tooLate(wish: ReadinessWish, missing: readonly Missing[], answers: readonly NodeStatus[]): Promise<KvctlError> {
  const silent = wish.wanted.find((id) => leaderOf(answers) === null && !answers.some(({ node }) => node === id));
  const first = silent === undefined ? (missing[0] as Missing) : { id: silent, why: 'it does not answer' };
  const names = missing.map(({ id }) => id).join(', ');
  const seconds = wish.timeoutMs / 1000;
  return notReady(
    wish,
    first.id,
    `expected ${names} to be ready within ${seconds} s (--wait-timeout), but ${first.id} is not: ${first.why}`,
    null,
  );
}

async function notReady({ state }: ReadinessWish, id: string, what: string, exitCode: number | null): Promise<KvctlError> {
  const node = state.nodes.find((item) => item.id === id) as NodeState;
  const { tails } = await driverOf(state).logs(state, [id], LAST_LINES);
  const words = tails.flat().map(renderLogLine);
  const tail =
    words.length === 0
      ? `its log ${node.log} is empty`
      : `the end of its log, ${node.log}:\n${words.map((line) => `  ${line}`).join('\n')}`;
  return new KvctlError(exitCode === NODE_EXIT_PORT_TAKEN ? 'port_taken' : 'not_ready', `${what}; ${tail}`, {
    node: id,
    exit_code: exitCode,
    log: node.log,
  });
}
