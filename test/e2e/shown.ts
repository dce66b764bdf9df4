/** What real nodes hold, by their local reads. */
import type { ReadAnswer } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';
import { expectOk } from '../support/expect-error.ts';
import { call } from '../support/raw-http.ts';
import type { RealCluster, RealNode } from '../support/real-node.ts';

/** Null: the key is absent. */
export async function valueAt(node: RealNode, key: string): Promise<unknown> {
  const answer = await call(node.port, { path: `/kv/${key}?read=local` });
  return answer.status === 404 ? null : expectOk<ReadAnswer>(answer).value;
}

/** Until every node shows the key so. */
export async function allShow(cluster: RealCluster, key: string, value: unknown): Promise<void> {
  await until(`every node shows ${JSON.stringify(value)} for ${key}`, async () => {
    const seen = await Promise.all(cluster.nodes.map((node) => valueAt(node, key)));
    return seen.every((each) => each === value);
  });
}
