/**
 * The HTTP side of a node: a Koa application with one funnel for errors, behind a server that answers the two hot routes first.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import Router from '@koa/router';
import Koa from 'koa';
import { KvctlError } from '../wire/errors.ts';
import { addressee } from './addressed.ts';
import { asKvctlError, nativeSpelling, sendError } from './answer.ts';
import { authorizer, needsToken } from './auth.ts';
import { mediaTypeError } from './body.ts';
import { BrokenRequests } from './broken-requests.ts';
import { createServer } from './builtin.ts';
import { DialectRoutes } from './dialect.ts';
import { hotRoutes } from './hot.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { adminRoutes, faultRoutes } from './routes/admin.ts';
import { internalRoutes } from './routes/internal.ts';
import { kvRoutes } from './routes/kv.ts';
import { promoteRoutes } from './routes/promote.ts';
import { type NodeFacts, statusRoutes } from './routes/status.ts';
import { writesRoutes } from './routes/writes.ts';
import type { Runtime } from './runtime.ts';

/** Of what Koa parses: admin and internal calls, all small. */
const MAX_CONTROL_BODY = '64kb';
const MAX_HEADER_BYTES = 16 * 1024;
const IDLE_MS = 65_000;
const CHECK_MS = 500;

export function createApp(runtime: Runtime, metrics: Metrics, facts: NodeFacts, log: Log): Server {
  const { config, nodeName } = facts;
  const authorize = authorizer(config.token);
  const mustMeanUs = addressee(runtime, log);
  const hot = hotRoutes(config, runtime, authorize, mustMeanUs, log);
  const dialect =
    config.dialect === null ? null : new DialectRoutes({ dialect: config.dialect, config, runtime, nodeName, authorize, log });
  const spell = dialect?.spell ?? nativeSpelling;
  const router = new Router({ strict: true, sensitive: true });
  const app = new Koa();
  app.silent = true;
  app.use(async (context, next) => {
    try {
      await next();
    } catch (thrown) {
      const error = asKvctlError(translate(thrown));
      if (error.code === 'internal') log.error({ err: thrown }, 'request failed');
      context.respond = false;
      sendError(context.res, error, isOfNoCall(error) ? spell : nativeSpelling);
    }
  });
  app.use(async (context, next) => {
    if (needsToken(context.path)) authorize(context.req);
    const missing = noRoute(router, context.method, context.path, dialect?.methodsAt(context.req, context.path) ?? [], dialect?.title);
    if (missing !== null) throw missing;
    if (context.method === 'POST') {
      const refusal = mediaTypeError(context.req);
      if (refusal !== null) throw refusal;
    }
    await next();
  });
  app.use(adminBodies());
  statusRoutes(router, runtime, metrics, facts);
  kvRoutes(router, runtime, nodeName);
  writesRoutes(router, runtime);
  adminRoutes(router, runtime, nodeName);
  if (config.hasFaultInjection) faultRoutes(router, runtime, nodeName);
  promoteRoutes(router, runtime, nodeName, config.knowsEveryNode);
  internalRoutes(router, runtime, mustMeanUs);
  app.use(router.routes());
  const callback = app.callback();
  const broken = new BrokenRequests(spell);
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    broken.began(response);
    const target = originForm(request.url ?? '');
    request.url = target;
    // Koa cuts a fragment off; taken as part of the path it would be another key to us than to Koa.
    if (target.includes('#')) sendError(response, new KvctlError('bad_request', 'expected a path without # (# itself is %23)'), spell);
    else if (!dialect?.serve(request, response) && !hot(request, response)) void callback(request, response);
  };
  const server = createServer(
    {
      requestTimeout: config.requestTimeoutMs,
      headersTimeout: config.requestTimeoutMs,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Answered by the router, in the form of every other error.
      requireHostHeader: false,
    },
    serve,
  );
  server.on('clientError', (error, socket) => broken.refuse(socket, parserError(error)));
  server.on('connect', (_request, socket) =>
    broken.refuse(socket, new KvctlError('bad_request', 'expected a request for a path, got CONNECT: a node is no proxy')),
  );
  // An expectation that nobody knows is none (RFC 9110, 10.1.1).
  server.on('checkExpectation', serve);
  return server;
}

/** Koa's body parser for the admin calls, loaded with the first of them: it takes 15 MB, and most nodes of a cluster never need it. */
function adminBodies(): Koa.Middleware {
  let parser: Koa.Middleware | null = null;
  return async (context, next) => {
    if (context.method !== 'POST' || !context.path.startsWith('/admin/')) return next();
    if (parser === null) {
      const { default: bodyParser } = await import('koa-bodyparser');
      // A member called __proto__ is data here. The option is missing from the package's types.
      const options = { enableTypes: ['json'], jsonLimit: MAX_CONTROL_BODY, strict: true, onProtoPoisoning: 'ignore' };
      parser = bodyParser(options);
    }
    return parser(context, next);
  };
}

/** What the body parser throws, as an error of the registry. */
function translate(thrown: unknown): unknown {
  const { status, message, type } = thrown as { status?: number; message?: string; type?: string };
  if (thrown instanceof KvctlError || status === undefined) return thrown;
  if (status === 413) return new KvctlError('too_large', `expected a body of at most ${MAX_CONTROL_BODY}, got more`);
  if (status === 415) return new KvctlError('unsupported_media_type', `expected a body of JSON in UTF-8 (${message})`);
  if (status === 400) return new KvctlError('bad_request', `expected a JSON object or array as body (${type ?? message})`);
  return thrown;
}

/** Of a path that is no call, kvctl's or the dialect's: told as the dialect tells errors. */
function isOfNoCall({ code }: KvctlError): boolean {
  return code === 'not_found' || code === 'method_not_allowed';
}

/** Null if the path and the method belong together. `others` are methods at this path, `title` the calls, of the dialect that is spoken. */
function noRoute(router: Router, method: string, path: string, others: readonly string[], title?: string): KvctlError | null {
  const allowed = router.stack.filter((layer) => layer.match(path)).flatMap((layer) => layer.methods);
  if (/^\/kv\//.test(path)) allowed.push('PUT');
  if (path === '/replicate') allowed.push('POST');
  allowed.push(...others, ...(others.includes('GET') ? ['HEAD'] : []));
  const hint = title === undefined ? "the API is listed in kvctl's README" : `this node speaks ${title}`;
  if (allowed.length === 0) return new KvctlError('not_found', `no such path: ${path}; ${hint}`, { path });
  if (allowed.includes(method)) return null;
  const allow = [...new Set(allowed)].join(', ');
  return new KvctlError('method_not_allowed', `expected ${allow} for ${path}, got ${method}`, { allow });
}

/** A server must take the absolute form, too (RFC 9112, 3.2.2); whose name stands in it is the same to a node. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return path === target || path.startsWith('/') ? path : `/${path}`;
}

/** What Node's own parser gave up on, as an error of the registry. */
function parserError({ code, message }: NodeJS.ErrnoException): KvctlError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new KvctlError('headers_too_large', `expected at most ${MAX_HEADER_BYTES} bytes of headers, got more`);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new KvctlError('request_timeout', 'expected the whole request in time, got only a part of it');
  return new KvctlError('bad_request', `expected an HTTP/1.1 request, got something else (${code ?? message})`);
}
