/**
 * A call of a dialect as it stands on the wire: requests and answers, rendered and matched. The node matches requests and renders
 * answers; the grader does the reverse.
 *
 * Invariant: a rendered request matches its own call and gives back the same key, value and quorum.
 */
import { fail, ok, type Result } from '../lib/result.ts';
import { KvctlError } from '../wire/errors.ts';
import { decodeKey } from '../wire/key.ts';
import { parseQuery } from '../wire/query.ts';
import type { Answer, Call, Placeholder } from './dialect.ts';
import { asText, type Bindings, matchTemplate, renderTemplate, renderText } from './template.ts';

/** A request as a client writes it to the socket: no URL object may fold its path (`.` and `..` are keys). */
export interface RenderedRequest {
  readonly method: Call['method'];
  /** Path and query, percent-encoded. */
  readonly target: string;
  /** JSON text; null: no body. */
  readonly body: string | null;
}

/** Throws `bad_request` for a key or value in path or query that is no well-formed Unicode. */
export function renderRequest(call: Call, values: Bindings): RenderedRequest {
  const path = call.path
    .split('/')
    .map((segment) => encode(segment, values))
    .join('/');
  const query = Object.entries(call.query ?? {}).map(([name, template]) => `${encodeURIComponent(name)}=${encode(template, values)}`);
  return {
    method: call.method,
    target: query.length === 0 ? path : `${path}?${query.join('&')}`,
    body: call.body === undefined ? null : renderTemplate(call.body, values),
  };
}

/**
 * What the path's placeholders stand for, still percent-encoded, or null if it is another path. The last placeholder, at the end,
 * takes the rest of the path.
 */
export function matchPath(template: string, path: string): ReadonlyMap<Placeholder, string> | null {
  const found = new Map<Placeholder, string>();
  const wanted = template.split('/');
  const got = path.split('/');
  if (got.length < wanted.length) return null;
  for (const [index, segment] of wanted.entries()) {
    const isLast = index === wanted.length - 1;
    const text = isLast ? got.slice(index).join('/') : (got[index] as string);
    const name = /^\{(.*)\}$/.exec(segment)?.[1] as Placeholder | undefined;
    if (name !== undefined) found.set(name, text);
    else if (text !== segment) return null;
  }
  return found;
}

/**
 * What the placeholders stand for in a request whose method and path are the call's. `query` is what follows `?`; `body` is the text, if the
 * call has one. Throws `bad_request`, with what was expected. The key of a path obeys the limits of keys (wire/key.ts); what comes by query
 * or body is still to be checked.
 */
export function matchRequest(call: Call, request: { readonly path: string; readonly query: string; readonly body: string }): Bindings {
  const inPath = [...(matchPath(call.path, request.path) ?? [])].map(([name, raw]) => [name, decodeKey(raw)]);
  const inQuery = matchQuery(call, request.query);
  const inBody = call.body === undefined ? {} : matchBody(call, request.body);
  return { ...Object.fromEntries(inPath), ...inQuery, ...inBody };
}

/** What the answer's placeholders stand for, if it is this one. `body` is parsed JSON; undefined if it is none. */
export function matchAnswer(answer: Answer, status: number, body: unknown): Result<Bindings> {
  if (status !== answer.status) return fail(`expected status ${answer.status}, got ${status}`);
  return answer.body === null ? ok({}) : matchTemplate(answer.body, body);
}

function matchQuery(call: Call, text: string): Bindings {
  const templates = call.query ?? {};
  const names = Object.keys(templates);
  const given = parseQuery(text, names);
  const found: Bindings[] = [];
  for (const [name, template] of Object.entries(templates)) {
    const value = given[name];
    if (value === undefined) throw new KvctlError('bad_request', `expected ${callText(call)}, got no ${name} in the query`);
    const matched = matchTemplate(template, value);
    if (!matched.ok) throw new KvctlError('bad_request', `${matched.message} (as ${name} in the query)`);
    found.push(matched.value);
  }
  return Object.assign({}, ...found);
}

function matchBody(call: Call, text: string): Bindings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    const got = text === '' ? 'no body' : `${JSON.stringify(text.slice(0, 80))} (${(cause as Error).message})`;
    throw new KvctlError('bad_request', `expected a JSON body like ${asText(call.body)}, got ${got}`, {}, cause);
  }
  const matched = matchTemplate(call.body ?? null, parsed);
  if (matched.ok) return matched.value;
  throw new KvctlError('bad_request', `${matched.message}; a body of ${call.method} ${call.path} is like ${asText(call.body)}`);
}

/** `GET /read?key={key}`: for people. */
export function callText({ method, path, query = {} }: Call): string {
  const parameters = Object.entries(query).map(([name, template]) => `${name}=${template}`);
  return `${method} ${path}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`;
}

/** Words of the template stand as they are; what a placeholder stands for is percent-encoded. */
function encode(template: string, values: Bindings): string {
  return renderText(template, values, encoded);
}

function encoded(text: string): string {
  if (!text.isWellFormed())
    throw new KvctlError('bad_request', 'expected well-formed Unicode, got half a surrogate pair, which no path can carry', { text });
  // encodeURIComponent leaves dots alone; proxies and servers on the way may fold these two.
  if (text === '.') return '%2E';
  if (text === '..') return '%2E%2E';
  return encodeURIComponent(text);
}
