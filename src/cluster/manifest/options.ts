/**
 * What may be asked of a manifest besides the cluster itself, with defaults. Untrusted text becomes typed here: names are
 * checked by the rules of the system that will read them, so that what is printed is not refused after half of it was applied.
 */
import { KvctlError } from '../../wire/errors.ts';
import type { ClusterSpec } from '../spec.ts';

/** Everything optional, nothing checked. */
export interface ManifestWish {
  readonly image?: string | undefined;
  readonly tokenSecret?: string | undefined;
  readonly namespace?: string | undefined;
  readonly storage?: string | undefined;
  readonly storageClass?: string | undefined;
  readonly spread?: string | undefined;
}

export interface SwarmOptions {
  readonly image: string;
  /** The stack, as `docker stack deploy` is to call it. */
  readonly stack: string;
  /** Docker secret that holds the cluster's token; made by hand, because a stack file cannot carry one. */
  readonly tokenSecret: string;
}

export interface KubernetesOptions {
  readonly image: string;
  /** Of the StatefulSet, and what the names of everything else begin with. */
  readonly name: string;
  /** null: the namespace of whoever applies it. */
  readonly namespace: string | null;
  readonly tokenSecret: string;
  /** The content of a Secret to make; null: the Secret is there. */
  readonly token: string | null;
  /** Of each node's volume; a quantity of Kubernetes. */
  readonly storage: string;
  /** null: the cluster's default. */
  readonly storageClass: string | null;
  /** required: a node that finds no machine of its own is not started; preferred: it shares one. */
  readonly spread: 'preferred' | 'required';
}

/** Key in the Secret of Kubernetes. */
export const TOKEN_KEY = 'token';

const DEFAULT_STORAGE = '1Gi';
/** registry.example.com:5000/team/kvctl-node:0.1.0@sha256:… */
const IMAGE_NAME = /^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;
/** RFC 1123 label and subdomain: Kubernetes' names. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const SWARM_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const QUANTITY = /^[1-9]\d*(\.\d+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/;
/** What the name of the headless Service ends in, so that no cluster's own name may. */
export const HEADLESS_SUFFIX = '-nodes';

/** Throws `usage`. */
export function parseSwarm(spec: ClusterSpec, wish: ManifestWish, version: string): SwarmOptions {
  const strange = (['namespace', 'storage', 'storageClass', 'spread'] as const).find((name) => wish[name] !== undefined);
  if (strange !== undefined) throw usage(`${optionName(strange)}: expected only with kubernetes, got it with swarm`);
  const stack = `kvctl-${spec.name}`;
  return {
    image: parseImage(wish.image, version),
    stack,
    tokenSecret: parse('--token-secret', wish.tokenSecret ?? `${stack}-token`, SWARM_NAME, 'letters, digits, ".", "-" and "_"'),
  };
}

/** `token`: of a Secret to make; used only if none is named. Throws `usage`. */
export function parseKubernetes(spec: ClusterSpec, wish: ManifestWish, version: string, token: string): KubernetesOptions {
  if (spec.port !== null)
    throw usage(`--port: expected only with swarm, got it with kubernetes, where \`kubectl port-forward\` chooses it`);
  const forStorage = (['storage', 'storageClass'] as const).find((name) => wish[name] !== undefined);
  if (spec.store === 'memory' && forStorage !== undefined) {
    throw usage(`${optionName(forStorage)}: expected only with --store sqlite, got --store memory, which keeps nothing`);
  }
  const label = 'a-z, 0-9 and "-", ending in a letter or digit';
  const subdomain = 'labels of a-z, 0-9 and "-", ending in a letter or digit, joined by single dots';
  parse('--name', spec.name, LABEL, `${label} (Kubernetes allows no "_")`);
  if (spec.name.endsWith(HEADLESS_SUFFIX)) {
    throw usage(
      `--name: expected a name that does not end in "${HEADLESS_SUFFIX}", which the nodes' own Service ends in, got "${spec.name}"`,
    );
  }
  const name = `kvctl-${spec.name}`;
  const optional = (option: string, text: string | undefined, pattern: RegExp, expected: string) =>
    text === undefined ? null : parse(option, text, pattern, expected);
  return {
    image: parseImage(wish.image, version),
    name,
    namespace: optional('--namespace', wish.namespace, LABEL, label),
    tokenSecret: parse('--token-secret', wish.tokenSecret ?? `${name}-token`, SUBDOMAIN, subdomain),
    token: wish.tokenSecret === undefined ? token : null,
    storage: parse('--storage', wish.storage ?? DEFAULT_STORAGE, QUANTITY, 'a size like 500Mi or 10Gi'),
    storageClass: optional('--storage-class', wish.storageClass, SUBDOMAIN, subdomain),
    spread: parseSpread(wish.spread ?? 'preferred'),
  };
}

function parseImage(image: string | undefined, version: string): string {
  return parse('--image', image ?? `kvctl-node:${version}`, IMAGE_NAME, 'an image like registry.example.com/kvctl-node:0.1.0');
}

function parseSpread(text: string): KubernetesOptions['spread'] {
  if (text === 'preferred' || text === 'required') return text;
  throw usage(`--spread: expected preferred or required, got ${JSON.stringify(text)}`);
}

function parse(option: string, text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw usage(`${option}: expected ${expected}, got ${JSON.stringify(text)}`);
}

function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function usage(message: string): KvctlError {
  return new KvctlError('usage', message);
}
