/**
 * Which services of a Compose file are the leader and its followers: read off their names and environment, as the course labs write
 * them. Pure: the text is what `docker compose config` prints.
 */
import { parse } from 'yaml';
import { fail, ok, type Result } from '../lib/result.ts';

export interface ComposeNodes {
  readonly leader: ComposeService;
  /** In the order of the file. */
  readonly followers: readonly ComposeService[];
  /** WRITE_QUORUM of the leader; null if it has none. */
  readonly quorum: number | null;
}

export interface ComposeService {
  readonly name: string;
  /** The first published port, as it is inside of the container. */
  readonly port: number;
}

interface Service {
  readonly name: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly port: number | null;
}

/** The role that a lab's variables give; `name` is the last resort. */
const ROLE_VARIABLES = ['ROLE', 'NODE_TYPE'];

export function parseComposeConfig(text: string): Result<ComposeNodes> {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return fail(`expected the configuration of Compose, got text that is no YAML: ${(error as Error).message}`);
  }
  const services = Object.entries(record(record(document)['services'])).map(([name, each]) => serviceOf(name, record(each)));
  const leaders = services.filter((service) => roleOf(service) === 'leader');
  const followers = services.filter((service) => roleOf(service) === 'follower');
  const names = services.map(({ name }) => name).join(', ') || 'none';
  if (leaders.length !== 1 || followers.length === 0) {
    return fail(
      `expected one leader and some followers among the services, told by ROLE, NODE_TYPE, IS_LEADER or their names, got ${leaders.length} and ${followers.length} (services: ${names})`,
    );
  }
  const hidden = [...leaders, ...followers].filter(({ port }) => port === null).map(({ name }) => name);
  if (hidden.length > 0) return fail(`expected a published port of every node, got none of ${hidden.join(', ')}`);
  const [leader] = leaders as [Service];
  const quorum = leader.environment.get('WRITE_QUORUM');
  return ok({
    leader: { name: leader.name, port: leader.port as number },
    followers: followers.map(({ name, port }) => ({ name, port: port as number })),
    quorum: quorum !== undefined && /^\d+$/.test(quorum) ? Number(quorum) : null,
  });
}

function roleOf({ name, environment }: Service): 'leader' | 'follower' | null {
  const told = ROLE_VARIABLES.map((variable) => environment.get(variable)?.toLowerCase()).find((role) => role !== undefined);
  if (told === 'leader' || told === 'follower') return told;
  const isLeader = environment.get('IS_LEADER')?.toLowerCase();
  if (isLeader !== undefined) return ['true', '1', 'yes'].includes(isLeader) ? 'leader' : 'follower';
  if (/leader/i.test(name)) return 'leader';
  return /follower/i.test(name) ? 'follower' : null;
}

function serviceOf(name: string, service: Readonly<Record<string, unknown>>): Service {
  const { environment, ports } = service;
  const pairs = Array.isArray(environment)
    ? environment.map((line) => /^([^=]*)=(.*)$/s.exec(String(line))?.slice(1) ?? [])
    : Object.entries(record(environment));
  const known = pairs.flatMap(([variable, value]) => (variable === undefined ? [] : [[variable, String(value ?? '')] as const]));
  const [port] = (Array.isArray(ports) ? ports : []).flatMap(targetOf);
  return { name, environment: new Map(known), port: port ?? null };
}

/** `{ target: 8000, published: "8001" }` of Compose v2, `127.0.0.1:8001:8000/tcp` of docker-compose 1.29. */
function targetOf(port: unknown): number[] {
  if (typeof port === 'object' && port !== null)
    return typeof record(port)['target'] === 'number' ? [record(port)['target'] as number] : [];
  const target = /(?:^|:)(\d+)(?:\/tcp)?$/.exec(String(port))?.[1];
  return target === undefined ? [] : [Number(target)];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
