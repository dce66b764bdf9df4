/** kvctl's own calls are a superset of lab 2's: what lab 2's clients send is understood, and the answers hold all that they look for. */
import { expect, test } from 'vitest';
import { matchAnswer, renderRequest } from '../../src/labs/call.ts';
import type { Call } from '../../src/labs/dialect.ts';
import { LAB_2 } from '../../src/labs/lab-2.ts';
import { writeError } from '../../src/node/routes/write.ts';
import { call, JSON_BODY } from '../support/raw-http.ts';
import { RealCluster } from '../support/real-node.ts';

test('a native node answers lab 2’s calls with all that lab 2 promises', async () => {
  await using cluster = await RealCluster.start({ followers: 0, environment: { CLUSTER_TOKEN: '' } });
  const values = { key: 'a/b', value: 'v', quorum: 0 };
  for (const each of [LAB_2.write, LAB_2.read, LAB_2.health, LAB_2.setQuorum] as Call[]) {
    const { method, target, body } = renderRequest(each, values);
    const answer = await call(cluster.leader.port, { method, path: target, ...(body === null ? {} : { body, headers: JSON_BODY }) });
    expect(matchAnswer(each.ok, answer.status, JSON.parse(answer.text)), answer.text).toMatchObject({ ok: true });
  }
});

test('a quorum that was not met is told as lab 2 tells it, too', () => {
  const detail = { follower_acks: 1, required: 3, version: '1.7' };
  const error = writeError({ ok: false, code: 'quorum_not_met', message: '1 of 3 followers acked', detail });
  expect(matchAnswer(LAB_2.write.quorumNotMet as Call['ok'], error.status, error.toBody())).toEqual({
    ok: true,
    value: { message: '1 of 3 followers acked', acks: 1, required: 3 },
  });
  expect(writeError({ ok: false, code: 'overloaded', message: 'no', detail: {} }).detail).toEqual({});
});
