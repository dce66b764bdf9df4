/**
 * The log of a node in a container: what was kept of containers that are gone, then what the engine has of the present one.
 *
 * The engine dates every line, to the nanosecond, in a text whose order is that of time. So following begins after the last
 * line that was shown, goes on when a container is started again, and shows no line twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KvctlError } from '../../wire/errors.ts';
import type { LogView } from '../driver.ts';
import { type LogLine, parseLogLine } from '../log-lines.ts';
import { tailLog } from '../logs.ts';
import type { ClusterState, NodeState, ObservedNode } from '../state.ts';
import { observeContainers } from './containers.ts';
import { docker } from './engine.ts';

interface Dated {
  /** RFC 3339 with nine digits of a second. */
  readonly at: string;
  readonly line: LogLine;
}

const LOGS_MS = 30_000;
/** How soon the lines of a node that is started again are looked for. */
const AGAIN_MS = 1_000;

export async function viewLogs(state: ClusterState, ids: readonly string[], count: number): Promise<LogView> {
  const observed = (await observeContainers(state)).filter(({ node }) => ids.includes(node.id));
  const now = new Date().toISOString();
  const tails = await Promise.all(observed.map((item) => tailOf(item, count)));
  return {
    tails: tails.map(({ lines }) => lines),
    follow: async (onLines, signal) => {
      await Promise.all(observed.map(({ node }, index) => follow(state, node, tails[index]?.last ?? now, onLines, signal)));
    },
  };
}

async function tailOf({ node, container }: ObservedNode, count: number): Promise<{ lines: LogLine[]; last: string | null }> {
  const kept = tailLog(node, count).lines;
  if (container === null) return { lines: kept, last: null };
  // At least one, to know where it ends.
  const tail = `${Math.max(1, count)}`;
  const dated: Dated[] = [];
  const onLine = (text: string) => dated.push(...parseDated(node.id, text));
  await docker(['logs', '--timestamps', '--tail', tail, container.id], { timeoutMs: LOGS_MS, onLine });
  dated.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const lines = [...kept, ...dated.map(({ line }) => line)];
  return { lines: count === 0 ? [] : lines.slice(-count), last: dated.at(-1)?.at ?? null };
}

async function follow(
  state: ClusterState,
  node: NodeState,
  after: string,
  onLines: (lines: LogLine[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = after;
  while (!signal.aborted) {
    const id = (await observeContainers(state)).find((item) => item.node.id === node.id)?.container?.id;
    if (id !== undefined) last = await followContainer(node, id, last, onLines, signal);
    await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Until the container stops, or until aborted; returns the time of the last line. stdout and stderr may overtake each other. */
async function followContainer(
  node: NodeState,
  id: string,
  after: string,
  onLines: (lines: LogLine[]) => void,
  signal: AbortSignal,
): Promise<string> {
  let last = after;
  const onLine = (text: string) => {
    const fresh = parseDated(node.id, text).filter(({ at }) => at > after);
    for (const { at } of fresh) if (at > last) last = at;
    if (fresh.length > 0) onLines(fresh.map(({ line }) => line));
  };
  try {
    await docker(['logs', '--follow', '--timestamps', '--since', after, id], { timeoutMs: 0, signal, onLine });
  } catch (error) {
    // It was removed meanwhile: there may be another one soon.
    if (!signal.aborted && !(error instanceof KvctlError && error.code === 'node_failed')) throw error;
  }
  return last;
}

/** Nothing for a line of Docker's own. */
function parseDated(node: string, text: string): Dated[] {
  const [, at, line] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{9}Z) (.*)$/s.exec(text) ?? [];
  return at === undefined || line === undefined ? [] : [{ at, line: parseLogLine(node, line) }];
}
