/**
 * The compose files of the five labs (test/labs/testdata), read as Compose reads them, and their six services as processes of this machine.
 *
 * Nothing of an environment is changed but what a process without a network of its own needs: service names become 127.0.0.1, ports become free
 * ones, and a volume becomes a directory.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePorts } from '../cluster/sandbox.ts';
import { type NodeEnvironment, RealNode, RealNodes } from './real-node.ts';

export interface LabService {
  readonly name: string;
  readonly environment: NodeEnvironment;
  /** Inside of its container. */
  readonly port: number;
  readonly hasVolume: boolean;
}

interface ComposeService {
  readonly environment: Readonly<Record<string, unknown>> | readonly string[];
  readonly ports: readonly [string];
  readonly volumes?: readonly string[];
}

export const LAB_NAMES = ['lab-1', 'lab-2', 'lab-3', 'lab-4', 'lab-5'] as const;
export type LabName = (typeof LAB_NAMES)[number];

export function readLabText(lab: LabName): string {
  return readFileSync(new URL(`../labs/testdata/${lab}.compose.yml`, import.meta.url), 'utf8');
}

/** The services in the file's order: the leader, then follower1 to follower5. */
export function readLab(lab: LabName): LabService[] {
  const { services } = parse(readLabText(lab)) as { services: Readonly<Record<string, ComposeService>> };
  return Object.entries(services).map(([name, { environment, ports, volumes = [] }]) => {
    const pairs = Array.isArray(environment)
      ? environment.map((line: string) => line.split(/=(.*)/s, 2))
      : Object.entries(environment).map(([variable, value]) => [variable, String(value)]);
    return { name, environment: Object.fromEntries(pairs), port: Number(ports[0].split(':').at(-1)), hasVolume: volumes.length > 0 };
  });
}

/** A lab's leader and five followers; nothing runs yet. */
export class LabCluster extends RealNodes {
  static async plan(lab: LabName, extra: NodeEnvironment = {}): Promise<LabCluster> {
    const services = readLab(lab);
    const base = await freePorts(services.length);
    const directory = mkdtempSync(join(tmpdir(), `kvctl-${lab}-`));
    const moved = (text: string) =>
      services.reduce((so, { name, port }, index) => so.replaceAll(`${name}:${port}`, `127.0.0.1:${base + index}`), text);
    const nodes = services.map(({ name, environment, hasVolume }, index) => {
      const own = Object.fromEntries(Object.entries(environment).map(([variable, value]) => [variable, moved(value)]));
      // The names that are built into lab 3's program are of its containers.
      const builtIn = lab === 'lab-3' && name === 'leader' ? { FOLLOWERS: moved(followersOf(services)) } : {};
      const volume: NodeEnvironment = hasVolume ? { DATA_DIR: join(directory, name) } : {};
      return new RealNode({ ...own, ...builtIn, ...volume, PORT: `${base + index}`, ...extra }, [], name);
    });
    return new LabCluster(nodes, directory);
  }

  /** The same, with the leader open and streaming to every follower. */
  static async start(lab: LabName, extra: NodeEnvironment = {}): Promise<LabCluster> {
    const cluster = await LabCluster.plan(lab, extra);
    await cluster.start();
    return cluster;
  }
}

function followersOf(services: readonly LabService[]): string {
  return services
    .slice(1)
    .map(({ name, port }) => `${name}:${port}`)
    .join(',');
}
