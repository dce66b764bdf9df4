/** Changing the leader, and what a node had to give up by it. Behind the token, like every admin call. */
import type Router from '@koa/router';
import { formatVersion } from '../../core/version.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Runtime } from '../runtime.ts';
import { parseBody, schemas } from './body.ts';

/** An opening takes a few round trips; longer means that somebody is missing. */
const PROMOTE_TIMEOUT_MS = 30_000;

export function promoteRoutes(router: Router, runtime: Runtime, nodeName: () => string, isChangeable: boolean): void {
  router.post('/admin/promote', async (context) => {
    const { promoteRequest } = await schemas();
    const body = parseBody(promoteRequest, context.request.body, '{"dry_run": true}');
    if (!isChangeable)
      throw new KvctlError(
        'not_open',
        `expected a cluster that was started with NODES, which names every node to every other: ${nodeName()} does not know the other followers, so it cannot become their leader`,
      );
    const result = await runtime.promote({
      isDryRun: body.dry_run ?? false,
      isForced: body.force ?? false,
      quorum: body.quorum ?? null,
      gathers: body.gather !== 'none',
      timeoutMs: body.timeout_ms ?? PROMOTE_TIMEOUT_MS,
    });
    if (!result.ok) throw new KvctlError(result.code, result.message, result.detail);
    const { isDryRun, epoch, responders, missing, losslessForQuorum, kMin, isForced, recovered, quorum } = result;
    context.body = {
      node: nodeName(),
      dry_run: isDryRun,
      epoch,
      responders,
      missing,
      lossless_for_quorum: losslessForQuorum,
      k_min: kMin,
      forced: isForced,
      recovered,
      write_quorum: quorum,
    };
  });

  router.get('/admin/rolled-back', async (context) => {
    const rows = await runtime.store.rolledBack();
    const items = rows.map(({ record: { key, value, version, timestampMs }, instead }) => {
      const told = {
        version: formatVersion(version),
        timestamp_ms: timestampMs,
        instead: instead === null ? null : formatVersion(instead),
      };
      return value === null ? { key, ...told } : { key, value: JSON.parse(value) as unknown, ...told };
    });
    context.body = { node: nodeName(), items };
  });
}
