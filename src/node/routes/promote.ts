/** Changing the leader, and what a node had to give up by it. Behind the token, like every admin call. */
import { Readable } from 'node:stream';
import type Router from '@koa/router';
import { formatVersion } from '../../core/version.ts';
import type { RolledBack } from '../../store/store.ts';
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
    const rows = runtime.store.rolledBack()[Symbol.asyncIterator]();
    // Before the answer begins: what cannot be read can still be answered with an error.
    const first = await rows.next().catch((error: Error) => {
      throw new KvctlError('storage_failed', error.message, {}, error);
    });
    const body = Readable.from(linesOf(nodeName(), first, rows));
    // However the reading ends, and if it never begins: HEAD, or a client that left.
    body.once('close', () => void rows.return?.().catch(() => undefined));
    context.type = 'application/x-ndjson';
    context.body = body;
  });
}

/** Who speaks, then a line per row. */
async function* linesOf(node: string, first: IteratorResult<RolledBack>, rows: AsyncIterator<RolledBack>): AsyncGenerator<string> {
  yield `${JSON.stringify({ node })}\n`;
  for (let row = first; !row.done; row = await rows.next()) yield lineOf(row.value);
}

function lineOf({ record: { key, value, version, timestampMs }, instead }: RolledBack): string {
  const told = { version: formatVersion(version), timestamp_ms: timestampMs, instead: instead === null ? null : formatVersion(instead) };
  // The value is JSON text already.
  return `{"key":${JSON.stringify(key)}${value === null ? '' : `,"value":${value}`},${JSON.stringify(told).slice(1)}\n`;
}
