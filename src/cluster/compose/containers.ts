/**
 * A project's containers, volumes and network, as the engine has them. They are found by the labels that both kinds of Compose
 * set; their names differ from one kind to the other.
 */
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { ioError, makePrivateDirectory } from '../home.ts';
import type { ClusterState, NodeState, ObservedNode, ProcessState } from '../state.ts';
import { docker } from './engine.ts';

/** Listing and inspecting; a busy engine takes its time, `status` has less (see ANSWER_MS there). */
const ASK_MS = 15_000;
/** Per call, of whole groups of containers. */
export const CHANGE_MS = 60_000;
const LOGS_MS = 60_000;

const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';
/** `compose run` makes others than those of the services. */
const OF_SERVICE = 'com.docker.compose.oneoff=False';

/** As the engine names them. `exited` and `dead` are ends; the rest of its words mean that it has not begun. */
const STATES: Readonly<Record<string, ProcessState>> = { running: 'running', restarting: 'running', paused: 'paused' };

/** One look at all containers of the project. */
export async function observeContainers(state: ClusterState): Promise<ObservedNode[]> {
  const labels = [`${PROJECT}=${projectOf(state)}`, OF_SERVICE];
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
  const format = `{{.Label "${SERVICE}"}}\t{{.ID}}\t{{.State}}\t{{.Networks}}`;
  const text = await docker(['ps', '--all', '--no-trunc', ...filters, '--format', format], { timeoutMs: ASK_MS });
  const found = new Map(text.split('\n').map((line) => [line.split('\t')[0], line.split('\t')]));
  return state.nodes.map((node) => {
    const [, id, word = '', networks = ''] = found.get(node.id) ?? [];
    const container = id === undefined ? null : { id, isConnected: networks !== '' };
    return { node, state: STATES[word] ?? 'stopped', identity: null, container };
  });
}

export async function hasVolumes(state: ClusterState): Promise<boolean> {
  return (await docker(['volume', 'ls', '--quiet', '--filter', `label=${PROJECT}=${projectOf(state)}`], { timeoutMs: ASK_MS })) !== '';
}

/** How a container ended; null while it runs. */
export async function exitOf(id: string): Promise<{ exitCode: number } | null> {
  const text = await docker(['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', id], { timeoutMs: ASK_MS });
  const [status, exitCode] = text.split(' ');
  return status === 'exited' || status === 'dead' ? { exitCode: Number(exitCode) } : null;
}

/** Takes containers off their network, or puts them back under the names by which the others know them. */
export async function plug(state: ClusterState, observed: readonly ObservedNode[], isConnected: boolean): Promise<void> {
  const network = `${projectOf(state)}_default`;
  for (const { node, container } of observed) {
    if (container === null || container.isConnected === isConnected) continue;
    const args = isConnected ? ['connect', '--alias', node.id] : ['disconnect'];
    await docker(['network', ...args, network, container.id], { timeoutMs: CHANGE_MS });
  }
}

/** Appends what the engine has of a node's log to the node's file: the engine forgets it with the container. */
export async function keepLog(node: NodeState, id: string): Promise<void> {
  makePrivateDirectory(dirname(node.log));
  const file = openLog(node.log);
  try {
    await docker(['logs', id], { timeoutMs: LOGS_MS, into: file });
  } finally {
    closeSync(file);
  }
}

/** Of a state with target compose. */
export function projectOf({ project, name }: ClusterState): string {
  if (project === undefined) throw new Error(`the state of cluster "${name}" has target compose and no project`);
  return project;
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw ioError(`expected to append to the log ${path}`, error);
  }
}
