/** Waits for time to pass, or until the leader's account of its followers meets a condition. */
import { setTimeout as delay } from 'node:timers/promises';
import { KvClient } from '../client/kv-client.ts';
import { type WaitFigures, waitFigures } from '../measure/figures.ts';
import { judge } from '../measure/threshold.ts';
import { idsOf } from './actions.ts';
import type { Stage } from './stage.ts';
import type { WaitStep } from './step.ts';

const POLL_MS = 20;
/** A leader that is frozen takes the connection and never answers. */
const ANSWER_MS = 1_000;
/** Of a leader that does not answer. */
const NOTHING: WaitFigures = { lag_records: null, lag_ms: null, up: null, streaming: null, waiting_writes: null, leader: 'none' };

export async function runWaitStep(stage: Stage, step: WaitStep): Promise<{ readonly isMet: boolean; readonly detail: string }> {
  const { signal, recorder } = stage;
  if (step.until === null) {
    await delay(step.withinMs, undefined, { signal }).catch(() => undefined);
    return { isMet: true, detail: '' };
  }
  const beganMs = performance.now();
  const client = new KvClient({ timeoutMs: ANSWER_MS });
  for (;;) {
    const { got, isMet } = judge(step.until, waitFigures(await look(stage, client, step.nodes)));
    const tookMs = performance.now() - beganMs;
    if (isMet || tookMs >= step.withinMs || signal.aborted) {
      recorder.expected(step.step, step.until.text, got, isMet);
      return { isMet, detail: isMet ? `after ${Math.round(tookMs)} ms` : `still ${got ?? 'unknown'} after ${Math.round(tookMs)} ms` };
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function look({ venue }: Stage, client: KvClient, selector: string): Promise<WaitFigures> {
  const status = await client.status(venue.leader.url).catch(() => null);
  if (status === null) return NOTHING;
  const ids = idsOf(venue, selector);
  const replicas = status.replicas.filter(({ node }) => ids.includes(node));
  return {
    lag_records: replicas.length === 0 ? null : Math.max(...replicas.map((replica) => replica.lag_records)),
    lag_ms: replicas.length === 0 ? null : Math.max(...replicas.map((replica) => replica.lag_ms)),
    up: replicas.filter((replica) => replica.is_up).length,
    streaming: replicas.filter((replica) => replica.is_up && replica.link === 'stream').length,
    waiting_writes: status.waiting_writes,
    leader: status.role === 'leader' ? status.phase : 'none',
  };
}
