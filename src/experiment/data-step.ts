/** A single put, get or del, and whether its answer is the expected one. */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { KvClient } from '../client/kv-client.ts';
import { KvctlError } from '../wire/errors.ts';
import { idsOf } from './actions.ts';
import type { NodeAddress } from './parity.ts';
import type { Stage } from './stage.ts';
import type { DataExpectation, DataStep } from './step.ts';

const POLL_MS = 20;
/** A read waits for nothing; a node that is frozen never answers. */
const READ_MS = 5_000;

/** Answers what came, in words; the expectation goes to the recorder. */
export async function runDataStep(stage: Stage, step: DataStep): Promise<{ readonly isMet: boolean; readonly detail: string }> {
  const node = nodeOf(stage, step.node);
  const deadlineMs = performance.now() + step.withinMs;
  const client = step.kind === 'get' ? new KvClient({ timeoutMs: READ_MS }) : stage.venue.client;
  for (;;) {
    const answer = await ask(client, step, node);
    const isMet = meets(answer, step.expect);
    if (isMet || performance.now() >= deadlineMs || stage.signal.aborted) {
      const got = describeAnswer(answer);
      stage.recorder.expected(step.step, describeExpectation(step.expect), got, isMet);
      return { isMet, detail: got };
    }
    await delay(POLL_MS, undefined, { signal: stage.signal }).catch(() => undefined);
  }
}

/** As a threshold reads: `value==1`, `error==quorum_not_met`. */
export function describeExpectation(expect: DataExpectation): string {
  if (expect.kind === 'ok') return 'answer==ok';
  return expect.kind === 'value' ? `value==${expect.valueText}` : `error==${expect.code}`;
}

type Answer = { readonly ok: true; readonly valueText: string | null } | { readonly ok: false; readonly code: string };

async function ask(client: KvClient, step: DataStep, { url }: NodeAddress): Promise<Answer> {
  const options = { quorum: step.quorum ?? undefined, timeoutMs: step.timeoutMs ?? undefined };
  try {
    if (step.kind === 'put') await client.put(url, step.key, step.valueText ?? 'null', options);
    else if (step.kind === 'del') await client.del(url, step.key, options);
    else {
      const answer = await client.get(url, step.key, { read: step.read ?? undefined, timeoutMs: step.timeoutMs ?? undefined });
      return { ok: true, valueText: JSON.stringify(answer.value) };
    }
    return { ok: true, valueText: null };
  } catch (error) {
    if (error instanceof KvctlError) return { ok: false, code: error.code };
    throw error;
  }
}

function meets(answer: Answer, expect: DataExpectation): boolean {
  if (expect.kind === 'error') return !answer.ok && answer.code === expect.code;
  return answer.ok && (expect.kind === 'ok' || isSameValue(answer.valueText, expect.valueText));
}

/** The order of members is no difference. */
function isSameValue(got: string | null, wanted: string): boolean {
  return got !== null && isDeepStrictEqual(JSON.parse(got), JSON.parse(wanted));
}

function describeAnswer(answer: Answer): string {
  if (!answer.ok) return answer.code;
  return answer.valueText ?? 'ok';
}

function nodeOf({ venue }: Stage, selector: string): NodeAddress {
  const ids = idsOf(venue, selector);
  const node = venue.nodes.find(({ id }) => id === ids[0]);
  if (ids.length === 1 && node !== undefined) return node;
  throw new KvctlError('usage', `node: expected one node, got ${JSON.stringify(selector)}, which is ${ids.join(', ') || 'none'}`);
}
