/**
 * A mapping file: an HTTP dialect that a user wrote for an API of their own, as YAML or JSON text of exactly the shape of dialect.ts.
 *
 * Strict: an unknown field, a placeholder that cannot be known at its place, or one that is missing is refused with its path and line,
 * because a misspelt field that is ignored would grade another API than the one that was meant.
 * Not for the node: it would load zod and yaml for nothing.
 */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { containsItself } from '../lib/cycle.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { MAX_YAML_CHARACTERS } from '../lib/text.ts';
import { type Call, type Dialect, PLACEHOLDERS, type Placeholder, type Template } from './dialect.ts';
import { placeholdersOf } from './template.ts';

const IN_REQUESTS: readonly Placeholder[] = ['key', 'value', 'quorum'];

const template: z.ZodType<Template> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(template), z.record(z.string(), template)], {
    error: 'expected JSON: text, a number, true, false, null, a list or an object',
  }),
);

const answer = z.strictObject({ status: z.int().min(200).max(599), body: template.nullable() });

const call = z.strictObject({
  method: z.enum(['GET', 'PUT', 'POST', 'DELETE']),
  path: z.string().regex(/^\/[^?#\s]*$/, 'expected a path that begins with / and has no query, like /kv/{key}'),
  query: z.record(z.string(), z.string()).optional(),
  body: template.optional(),
  ok: answer,
  notLeader: answer.optional(),
  quorumNotMet: answer.optional(),
  keyNotFound: answer.optional(),
});

const dialect = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected a short name of lower-case letters, digits and dashes'),
    title: z.string().min(1).max(200),
    write: call,
    read: call,
    remove: call.optional(),
    dump: call.optional(),
    dumpOn: z.enum(['all', 'followers']).optional(),
    health: call.optional(),
    setQuorum: call.optional(),
    errorBody: template,
  })
  .check((context) => {
    for (const [path, message] of complaints(context.value as Dialect))
      context.issues.push({ code: 'custom', input: context.value, path: [...path], message });
  });

type Complaint = readonly [path: readonly string[], message: string];

/** The dialect, or every mistake in the text, a line each: where it is, what was expected. */
export function parseMapping(text: string): Result<Dialect> {
  if (text.length > MAX_YAML_CHARACTERS)
    return fail(`expected a mapping file of at most ${MAX_YAML_CHARACTERS} characters, got ${text.length}`);
  const lines = new LineCounter();
  const options = { lineCounter: lines, uniqueKeys: true, prettyErrors: true, resolveKnownTags: false, logLevel: 'error' } as const;
  const document = parseDocument(text, options);
  // What the parser only warns of (a tag that it does not know) would mean something else than it says.
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return fail(`expected a mapping file of YAML or JSON: ${error.message.trim()}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    return fail(`expected a mapping file of YAML or JSON: ${(cause as Error).message}`);
  }
  if (containsItself(value)) return fail('expected a mapping file without an alias inside of what it stands for');
  const parsed = dialect.safeParse(value);
  if (parsed.success)
    return hasProto(value) ? fail('expected a mapping file without a member called __proto__') : ok(parsed.data as Dialect);
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsetOf(document, path.slice(0, length));
      if (offset !== null) return lines.linePos(offset).line;
    }
    return 1;
  };
  return fail(parsed.error.issues.flatMap((issue) => sentences(issue).map(([path, text]) => `line ${lineOf(path)}: ${text}`)).join('\n'));
}

/** zod's records drop such a member without a word. */
function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProto);
}

/** Where the member of this path begins, its name included. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  const parent = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    return isScalar(pair?.key) ? (pair.key.range?.[0] ?? null) : null;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

/** One per mistake; a list of unknown fields is as many. */
function sentences(issue: z.core.$ZodIssue): (readonly [path: readonly PropertyKey[], text: string])[] {
  const place = (path: readonly PropertyKey[]) => (path.length === 0 ? 'the file' : path.map(String).join('.'));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => [[...issue.path, key], `${place([...issue.path, key])}: there is no such field`]);
  const text = issue.message
    .replace(/^Invalid (?:input|option): /, '')
    .replace('received undefined', 'got nothing')
    .replace(', received ', ', got ');
  return [[issue.path, `${place(issue.path)}: ${text}`]];
}

/** What no schema says: which placeholders a call needs, and which it can know. */
function* complaints(parsed: Dialect): Iterable<Complaint> {
  const needs = { write: ['key', 'value'], read: ['key'], remove: ['key'], dump: [], health: [], setQuorum: ['quorum'] } as const;
  for (const [name, wanted] of Object.entries(needs)) {
    const each = parsed[name as keyof typeof needs];
    if (each === undefined) continue;
    const given = new Set([...placeholdersOf(each.path), ...placeholdersOf(each.query ?? {}), ...placeholdersOf(each.body ?? null)]);
    for (const placeholder of given)
      if (!IN_REQUESTS.includes(placeholder)) yield [[name], `a request can hold ${shown(IN_REQUESTS)}, not {${placeholder}}`];
    for (const placeholder of wanted) if (!given.has(placeholder)) yield [[name], `expected {${placeholder}} in its path, query or body`];
    yield* spelling(name, each);
  }
  if (!placeholdersOf(parsed.read.ok.body).has('value'))
    yield [['read', 'ok', 'body'], 'expected {value} in it: what was read is told by it alone'];
  if (parsed.dump !== undefined && !placeholdersOf(parsed.dump.ok.body).has('data'))
    yield [['dump', 'ok', 'body'], 'expected {data} in it, for the object of values by key'];
  if (parsed.dumpOn !== undefined && parsed.dump === undefined) yield [['dumpOn'], 'expected `dump` beside it'];
  yield* strings(parsed.errorBody, ['errorBody']);
}

function* spelling(name: string, each: Call): Iterable<Complaint> {
  for (const segment of each.path.split('/'))
    if (/[{}]/.test(segment) && !PLACEHOLDERS.some((placeholder) => segment === `{${placeholder}}`))
      yield [[name, 'path'], `expected a placeholder as one whole segment, like /kv/{key}, got ${JSON.stringify(segment)}`];
  yield* strings(each.query ?? {}, [name, 'query']);
  yield* strings(each.body ?? null, [name, 'body']);
  for (const outcome of ['ok', 'notLeader', 'quorumNotMet', 'keyNotFound'] as const)
    yield* strings(each[outcome]?.body ?? null, [name, outcome, 'body']);
}

/** Placeholders that nobody knows, and two without words between them. */
function* strings(part: Template, path: readonly string[]): Iterable<Complaint> {
  if (typeof part === 'string') {
    const unknown = [...part.matchAll(/\{([A-Za-z_][\w-]*)\}/g)].map((found) => found[1] ?? '').filter((name) => !isPlaceholder(name));
    if (unknown.length > 0) yield [path, `expected ${shown(PLACEHOLDERS)}, got {${unknown[0]}}`];
    if (/\}\{/.test(part)) yield [path, 'expected words between two placeholders: nothing would tell where the first ends'];
  } else if (typeof part === 'object' && part !== null) {
    for (const [name, each] of Object.entries(part)) yield* strings(each as Template, [...path, name]);
  }
}

function isPlaceholder(name: string): name is Placeholder {
  return (PLACEHOLDERS as readonly string[]).includes(name);
}

function shown(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(', ');
}
