/**
 * Does one thing to the cluster: turns the quorum, changes the network, breaks or mends a node. Each returns when it has taken
 * effect, and leaves a mark at that time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { restart } from '../cluster/cluster.ts';
import { type FaultOutcome, heal, kill, partition, pause, resume } from '../cluster/faults.ts';
import { selectNodes } from '../cluster/selector.ts';
import { formatDistribution } from '../lib/distribution.ts';
import type { NetworkRequest } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Pair } from './marks.ts';
import type { Stage } from './stage.ts';
import { type Action, describeAction, type NetworkChange } from './step.ts';
import type { Venue } from './venue.ts';

/** A lower quorum waits for a majority to write it down. */
const QUORUM_IN_FORCE_MS = 10_000;
const POLL_MS = 10;

/** Answers what became of it, for people. Throws what the cluster throws. */
export async function perform(stage: Stage, action: Action): Promise<string> {
  const { detail, nodes, pairs } = await doIt(stage, action);
  stage.recorder.marks.add(action.kind, action.kind === 'quorum' ? detail : describeAction(action), nodes, stage.nowMs(), pairs);
  return detail;
}

interface Done {
  readonly detail: string;
  readonly nodes: readonly string[];
  readonly pairs?: readonly Pair[];
}

async function doIt(stage: Stage, action: Action): Promise<Done> {
  const { venue, signal } = stage;
  switch (action.kind) {
    case 'quorum': {
      const previous = await putQuorumInForce(venue, action.quorum, signal);
      return { detail: previous === action.quorum ? `quorum ${previous}, as before` : `quorum ${previous} → ${action.quorum}`, nodes: [] };
    }
    case 'network':
      await venue.client.setNetwork(venue.leader.url, networkRequest(venue, action.change));
      return { detail: describeAction(action), nodes: idsOf(venue, action.change.nodes) };
    case 'kill':
      return faultDone(await kill(venue.name, idsOf(venue, action.nodes), 'SIGKILL', { signal }));
    case 'pause':
      return faultDone(await pause(venue.name, idsOf(venue, action.nodes), { signal }));
    case 'resume':
      return faultDone(await resume(venue.name, idsOf(venue, action.nodes), { signal }));
    case 'restart': {
      const nodes = idsOf(venue, action.nodes);
      await restart(venue.name, nodes, { signal, entry: venue.entry, waitTimeoutMs: venue.waitTimeoutMs });
      return { detail: `${nodes.join(', ')} runs again`, nodes };
    }
    case 'partition':
    case 'heal':
      return changeLinks(venue, action, signal);
  }
}

/** Returns when writes need it; answers the quorum before. */
export async function putQuorumInForce(venue: Venue, quorum: number, signal: AbortSignal): Promise<number> {
  const { client, leader } = venue;
  const { previous } = await client.setQuorum(leader.url, quorum);
  const deadlineMs = performance.now() + QUORUM_IN_FORCE_MS;
  while ((await client.quorum(leader.url)).write_quorum !== quorum) {
    if (signal.aborted) return previous;
    if (performance.now() > deadlineMs) {
      throw new KvctlError(
        'not_ready',
        `expected quorum ${quorum} to be in force within ${QUORUM_IN_FORCE_MS / 1000} s: a lower one needs a majority of the nodes`,
      );
    }
    await delay(POLL_MS);
  }
  return previous;
}

/** The request to the leader that makes the change; delays by node go before those of the selector. */
export function networkRequest(venue: Venue, { nodes, delay: plan, loss }: NetworkChange): NetworkRequest {
  const followers = idsOf(venue, nodes).filter((id) => id !== venue.leader.id);
  const own = plan?.perNode ?? new Map();
  const ids = [...new Set([...followers, ...own.keys()])];
  const settings = ids.map((id) => {
    const distribution = own.get(id) ?? plan?.all ?? null;
    const isMeant = followers.includes(id);
    const setting = {
      ...(distribution === null ? {} : { delay: formatDistribution(distribution) }),
      ...(loss === null || !isMeant ? {} : { loss }),
    };
    return [id, setting] as const;
  });
  return { nodes: Object.fromEntries(settings) };
}

/** The ids that a selector means in this cluster. Throws `usage`. */
export function idsOf(venue: Pick<Venue, 'nodes' | 'leader'>, selector: string): string[] {
  const ids = venue.nodes.map(({ id }) => id);
  const selected = selectNodes(selector, ids, venue.leader.id);
  if (selected.ok) return selected.value;
  throw new KvctlError('usage', selected.message);
}

async function changeLinks(venue: Venue, action: Extract<Action, { groups: unknown }>, signal: AbortSignal): Promise<Done> {
  const groups = action.groups.map((group) => idsOf(venue, group));
  const change = action.kind === 'partition' ? partition : heal;
  const { pairs, unreached } = await change(venue.name, groups, { signal });
  // Of a node that is cut from all others only its own name is of interest.
  const nodes = groups.length === 1 ? (groups[0] ?? []) : [...new Set(pairs.flat())];
  const missed = unreached.length === 0 ? '' : `; ${unreached.join(', ')} is paused and keeps its own table`;
  return { detail: `${describeAction(action)}${missed}`, nodes, pairs };
}

function faultDone(outcomes: readonly FaultOutcome[]): Done {
  const detail = outcomes.map(({ node, before, after }) =>
    before === after ? `${node} was ${after} already` : `${node} ${before} → ${after}`,
  );
  return { detail: detail.join(', '), nodes: outcomes.map(({ node }) => node) };
}
