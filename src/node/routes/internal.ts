/** Internal calls between nodes besides `/replicate`. Refusals travel as errors of the registry. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Router from '@koa/router';
import type { RouterContext } from '@koa/router';
import type { PeerAnswer, PeerRequest } from '../../core/peer.ts';
import { KvctlError } from '../../wire/errors.ts';
import { decodeChanges, decodeFence, decodeInstall, decodeLook, FROM_HEADER, INTERNAL_PATHS, MAX_ROWS_BYTES } from '../../wire/internal.ts';
import { encodeAnswer } from '../../wire/internal-answers.ts';
import { type MustMeanUs, withAddress } from '../addressed.ts';
import { send, sendError } from '../answer.ts';
import { readText } from '../body.ts';
import type { Runtime } from '../runtime.ts';

export function answerPeer(response: ServerResponse, answer: PeerAnswer): void {
  if (answer.t === 'refused') sendError(response, new KvctlError(answer.code, answer.message, { epoch: answer.epoch }));
  else send(response, 200, encodeAnswer(answer));
}

/** A question of one of our nodes is its name, or a promise with the list of members. */
const MAX_QUESTION_BYTES = 64 * 1024;

function textOf(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => readText(request, maxBytes, (text, error) => (error === null ? resolve(text) : reject(error))));
}

export function internalRoutes(router: Router, runtime: Runtime, mustMeanUs: MustMeanUs): void {
  const handle = (decode: (context: RouterContext) => PeerRequest | Promise<PeerRequest>) => async (context: RouterContext) => {
    const from = String(context.req.headers[FROM_HEADER]);
    const drop = () => {
      // Not the request alone: once it was read to its end, destroying it does nothing.
      context.res.destroy();
      context.respond = false;
    };
    if (runtime.blocks.stops('in', from)) return drop();
    const message = withAddress(await decode(context), context.req);
    mustMeanUs(context.req);
    const answer = await new Promise<PeerAnswer>((resolve) => runtime.request(message, resolve));
    if (runtime.blocks.stops('out', from)) return drop();
    if (answer.t === 'refused') throw new KvctlError(answer.code, answer.message, { epoch: answer.epoch });
    context.type = 'application/json';
    context.body = encodeAnswer(answer);
  };
  const post = (path: string, decode: (text: string) => PeerRequest, maxBytes: number) =>
    router.post(
      path,
      handle(async (context) => decode(await textOf(context.req, maxBytes))),
    );
  post(INTERNAL_PATHS.look, decodeLook, MAX_QUESTION_BYTES);
  post(INTERNAL_PATHS.fence, decodeFence, MAX_QUESTION_BYTES);
  post(INTERNAL_PATHS.install, decodeInstall, MAX_ROWS_BYTES);
  router.get(
    INTERNAL_PATHS.changes,
    handle((context) => decodeChanges(String(context.req.headers[FROM_HEADER]), context.querystring)),
  );
}
