/**
 * The two hot routes, `PUT /kv/:key` and `POST /replicate`, answered ahead of Koa's router and body parser, through the same parsing and
 * error functions as the others. Why: see the figures of `npm run bench:write` in ARCHITECTURE.md.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WriteSuccess } from '../core/message.ts';
import { formatVersion } from '../core/version.ts';
import { decodeReplicate, FROM_HEADER, INTERNAL_PATHS, MAX_ROWS_BYTES } from '../wire/internal.ts';
import { decodeKey, KEY_PREFIX } from '../wire/key.ts';
import { valueText } from '../wire/value.ts';
import { type MustMeanUs, withAddress } from './addressed.ts';
import { asKvctlError, send, sendError } from './answer.ts';
import type { Authorize } from './auth.ts';
import { readText } from './body.ts';
import type { NodeConfig } from './config.ts';
import type { Log } from './log.ts';
import { answerPeer } from './routes/internal.ts';
import { idempotencyKeyOf, parseWriteOptions, withIdempotencyKey, writeError, writeHeaders } from './routes/write.ts';
import type { Runtime } from './runtime.ts';

/** Escapes may make a body several times as long as the value's own text. */
const BODY_PER_VALUE_BYTE = 4;
const BODY_SLACK_BYTES = 64 * 1024;

const REPLICATE = INTERNAL_PATHS.replicate;

/** True if it took the request. */
export type Hot = (request: IncomingMessage, response: ServerResponse) => boolean;

export function hotRoutes(config: NodeConfig, runtime: Runtime, authorize: Authorize, mustMeanUs: MustMeanUs, log: Log): Hot {
  const maxBody = maxBodyBytes(config);
  const fail = (response: ServerResponse, thrown: unknown) => {
    const error = asKvctlError(thrown);
    if (error.code === 'internal') log.error({ err: thrown }, 'request failed');
    sendError(response, error);
  };

  const put = (request: IncomingMessage, response: ServerResponse, url: string) => {
    const query = url.indexOf('?');
    const key = decodeKey(url.slice(KEY_PREFIX.length, query === -1 ? undefined : query));
    const options = parseWriteOptions(query === -1 ? '' : url.slice(query + 1));
    const idempotencyKey = idempotencyKeyOf(request);
    readText(request, maxBody, (text, error) => {
      try {
        if (error !== null) throw error;
        const value = valueText(text, config.maxValueBytes);
        const write = { key, value, ...options };
        runtime.put(idempotencyKey === null ? write : withIdempotencyKey(write, idempotencyKey), (result) => {
          if (result.ok) sendPut(response, config.nodeId, key, value, result);
          else sendError(response, writeError(result));
        });
      } catch (thrown) {
        fail(response, thrown);
      }
    });
  };

  const replicate = (request: IncomingMessage, response: ServerResponse) => {
    authorize(request);
    const from = String(request.headers[FROM_HEADER]);
    if (runtime.blocks.stops('in', from)) {
      request.destroy();
      return;
    }
    readText(request, MAX_ROWS_BYTES, (text, error) => {
      try {
        if (error !== null) throw error;
        const message = withAddress(decodeReplicate(text), request);
        mustMeanUs(request);
        runtime.request(message, (answer) => {
          // The request was read to its end, so destroying it would do nothing.
          if (runtime.blocks.stops('out', from)) response.destroy();
          else answerPeer(response, answer);
        });
      } catch (thrown) {
        fail(response, thrown);
      }
    });
  };

  return (request, response) => {
    const url = request.url ?? '';
    try {
      if (request.method === 'PUT' && url.startsWith(KEY_PREFIX)) put(request, response, url);
      else if (request.method === 'POST' && (url === REPLICATE || url.startsWith(`${REPLICATE}?`))) replicate(request, response);
      else return false;
    } catch (thrown) {
      fail(response, thrown);
    }
    return true;
  };
}

/** Of a client's write. */
export function maxBodyBytes(config: NodeConfig): number {
  return config.maxValueBytes * BODY_PER_VALUE_BYTE + BODY_SLACK_BYTES;
}

function sendPut(response: ServerResponse, node: string, key: string, value: string, result: WriteSuccess): void {
  send(response, 200, putAnswer(node, key, value, result), writeHeaders(result));
}

/** What a write answers, as JSON text. The value is such text already: it is written as it is stored. */
export function putAnswer(node: string, key: string, value: string, { version, acks, need }: WriteSuccess): string {
  return `{"key":${JSON.stringify(key)},"value":${value},"version":"${formatVersion(version)}","follower_acks":${acks},"required":${need},"quorum_met":true,"node":"${node}"}`;
}
