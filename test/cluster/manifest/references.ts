/**
 * What no schema sees: that the names in a document belong to something. A probe asks a port that the container opens, a
 * Service and its pods agree on labels, what is mounted is there, and every node's URL leads to a node.
 */
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IContainer, IProbe, ISecret, IService } from 'kubernetes-models/v1';

export interface KubernetesObjects {
  readonly statefulSet: IStatefulSet;
  readonly services: readonly IService[];
  readonly secrets: readonly ISecret[];
  readonly budgets: readonly IPodDisruptionBudget[];
  readonly policies: readonly INetworkPolicy[];
}

interface AnyObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

export function sortOut(documents: readonly object[]): KubernetesObjects {
  const of = <T>(kind: string) => documents.filter((document) => (document as AnyObject).kind === kind) as T[];
  const [statefulSet] = of<IStatefulSet>('StatefulSet');
  if (statefulSet === undefined) throw new Error('no StatefulSet');
  return {
    statefulSet,
    services: of('Service'),
    secrets: of('Secret'),
    budgets: of('PodDisruptionBudget'),
    policies: of('NetworkPolicy'),
  };
}

type Labels = Readonly<Record<string, string>>;

const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';

/** Of the pods in the StatefulSet, by ordinal. */
export function podNames({ metadata, spec }: IStatefulSet): string[] {
  const start = spec?.ordinals?.start ?? 0;
  return Array.from({ length: spec?.replicas ?? 1 }, (_, index) => `${metadata?.name}-${start + index}`);
}

export function containerOf({ spec }: IStatefulSet): IContainer {
  const [container] = spec?.template.spec?.containers ?? [];
  if (container === undefined) throw new Error('no container');
  return container;
}

/** `existingSecret`: one that is not among the documents. */
export function kubernetesReferences(documents: readonly object[], existingSecret: string | null): string[] {
  const objects = sortOut(documents);
  const container = containerOf(objects.statefulSet);
  return [
    ...probeFaults(container),
    ...selectorFaults(objects),
    ...serviceFaults(objects),
    ...mountFaults(objects.statefulSet),
    ...secretFaults(objects, existingSecret),
    ...policyFaults(objects),
    ...environmentFaults(objects),
    ...identityFaults(documents as AnyObject[]),
  ];
}

function probeFaults(container: IContainer): string[] {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  return Object.entries({ startupProbe, livenessProbe, readinessProbe }).flatMap(([name, probe]: [string, IProbe | undefined]) => {
    const port = probe?.httpGet?.port;
    if (port === undefined) return [`${name}: the container has none`];
    return isPortOf(container, port) ? [] : [`${name}: port ${port} is none of the container's`];
  });
}

function isPortOf({ ports = [] }: IContainer, wanted: string | number | undefined): boolean {
  return ports.some(({ name, containerPort }) => wanted === name || wanted === containerPort);
}

function selectorFaults({ statefulSet, services, budgets, policies }: KubernetesObjects): string[] {
  const labels: Labels = statefulSet.spec?.template.metadata?.labels ?? {};
  const names = podNames(statefulSet);
  const isMet = (selector: Labels | undefined) =>
    selector !== undefined &&
    Object.entries(selector).every(([key, value]) => (key === POD_NAME_LABEL ? names.includes(value) : labels[key] === value));
  const selectors: [string, Labels | undefined][] = [
    ['StatefulSet', statefulSet.spec?.selector.matchLabels],
    ...services.map(({ metadata, spec }): [string, Labels | undefined] => [`Service ${metadata?.name}`, spec?.selector]),
    ...budgets.map(({ spec }): [string, Labels | undefined] => ['PodDisruptionBudget', spec?.selector?.matchLabels]),
    ...policies.map(({ spec }): [string, Labels | undefined] => ['NetworkPolicy', spec?.podSelector?.matchLabels]),
  ];
  return selectors.filter(([, selector]) => !isMet(selector)).map(([what]) => `${what}: its selector finds no pod`);
}

function serviceFaults({ statefulSet, services }: KubernetesObjects): string[] {
  const container = containerOf(statefulSet);
  const nowhere = services.flatMap(({ metadata, spec }) =>
    (spec?.ports ?? [])
      .filter(({ port, targetPort }) => !isPortOf(container, targetPort ?? port))
      .map(({ targetPort }) => `Service ${metadata?.name}: port ${targetPort} is none of the container's`),
  );
  const governing = services.find(({ metadata }) => metadata?.name === statefulSet.spec?.serviceName);
  const isHeadless = governing?.spec?.clusterIP === 'None' && governing.spec.publishNotReadyAddresses === true;
  return isHeadless ? nowhere : [...nowhere, 'serviceName: no headless Service of that name gives addresses before pods are ready'];
}

function mountFaults({ spec }: IStatefulSet): string[] {
  const volumes = (spec?.template.spec?.volumes ?? []).map(({ name }) => name);
  const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  const there = [...volumes, ...claims];
  const mounted = (spec?.template.spec?.containers ?? []).flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
  return [
    ...mounted.filter((name) => !there.includes(name)).map((name) => `volumeMounts: there is no volume ${name}`),
    ...there.filter((name) => !mounted.includes(name)).map((name) => `volumes: nobody mounts ${name}`),
  ];
}

function secretFaults({ statefulSet, secrets }: KubernetesObjects, existingSecret: string | null): string[] {
  const refs = (containerOf(statefulSet).env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
  return refs
    .filter(({ name, key }) => {
      const made = secrets.find(({ metadata }) => metadata?.name === name);
      return made === undefined ? name !== existingSecret : made.stringData?.[key] === undefined;
    })
    .map(({ name, key }) => `secretKeyRef: there is no key ${key} in a Secret ${name}`);
}

function policyFaults({ statefulSet, policies }: KubernetesObjects): string[] {
  const container = containerOf(statefulSet);
  const ports = policies.flatMap(({ spec }) => (spec?.ingress ?? []).flatMap((rule) => rule.ports ?? []));
  return ports.filter(({ port }) => !isPortOf(container, port)).map(({ port }) => `NetworkPolicy: port ${port} is none of the container's`);
}

/** The variables refer to variables above them, and the nodes are the pods, each by its own name. */
function environmentFaults({ statefulSet, services }: KubernetesObjects): string[] {
  const env = containerOf(statefulSet).env ?? [];
  const early = env.flatMap(({ name, value = '' }, index) => {
    const above = env.slice(0, index).map((variable) => variable.name);
    return [...value.matchAll(/\$\((\w+)\)/g)].flatMap(([, wanted]) =>
      above.includes(`${wanted}`) ? [] : [`${name}: $(${wanted}) stands for nothing`],
    );
  });
  const textOf = (wanted: string) => env.find(({ name }) => name === wanted)?.value ?? '';
  const hosts = podNames(statefulSet).map((pod) => `${pod}.${statefulSet.spec?.serviceName}.$(POD_NAMESPACE).svc`);
  const headless = services.find(({ metadata }) => metadata?.name === statefulSet.spec?.serviceName);
  const port = headless?.spec?.ports?.[0]?.port;
  const expected = hosts.map((host, index) => `n${index + 1}=http://${host}:${port}`).join(',');
  return [
    ...early,
    ...(textOf('NODES') === expected ? [] : [`NODES: expected ${expected}, got ${textOf('NODES')}`]),
    ...(isPortOf(containerOf(statefulSet), Number(textOf('PORT'))) ? [] : [`PORT: ${textOf('PORT')} is none of the container's`]),
  ];
}

const DNS_LABEL = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

function identityFaults(documents: readonly AnyObject[]): string[] {
  const names = documents.map(({ kind, metadata }) => `${kind} ${metadata?.name}`);
  const namespaces = new Set(documents.map(({ metadata }) => metadata?.namespace));
  return [
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name}: there are two`),
    ...documents
      .filter(({ metadata }) => !DNS_LABEL.test(metadata?.name ?? ''))
      .map(({ metadata }) => `${metadata?.name}: no name for DNS`),
    ...(namespaces.size > 1 ? [`expected one namespace, got ${[...namespaces].join(', ')}`] : []),
  ];
}

export interface ComposeService {
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly { readonly source: string; readonly target: string }[];
  readonly networks: readonly string[];
  readonly ports?: readonly { readonly target: number; readonly published: number }[];
  readonly volumes: readonly { readonly type: string; readonly source?: string; readonly target: string }[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly deploy: { readonly placement: { readonly constraints: readonly string[] } };
}

export interface ComposeDocument {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, object>>;
  readonly volumes?: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly external?: boolean; readonly name?: string }>>;
}

/** The same for a stack. */
export function composeReferences({ services, networks, volumes = {}, secrets }: ComposeDocument): string[] {
  const each = Object.entries(services);
  const published = each.flatMap(([, { ports = [] }]) => ports.map((port) => port.published));
  const used = each.flatMap(([, service]) => service.volumes.flatMap(({ source }) => source ?? []));
  return [
    ...each.flatMap(([id, service]) => serviceReferences(id, service, { services, networks, volumes, secrets })),
    ...published.filter((port, index) => published.indexOf(port) !== index).map((port) => `ports: ${port} is published twice`),
    ...Object.keys(volumes)
      .filter((name) => used.filter((source) => source === name).length !== 1)
      .map((name) => `volumes: expected one service to mount ${name}`),
  ];
}

function serviceReferences(id: string, service: ComposeService, document: Required<ComposeDocument>): string[] {
  const { environment, ports = [] } = service;
  const members = (environment['NODES'] ?? '').split(',').map((member) => member.split('=') as [string, string]);
  const missing = (what: string, wanted: readonly string[], there: object) =>
    wanted.filter((name) => !Object.hasOwn(there, name)).map((name) => `${id}: there is no ${what} ${name}`);
  return [
    ...missing(
      'volume',
      service.volumes.flatMap(({ source }) => source ?? []),
      document.volumes,
    ),
    ...missing('network', service.networks, document.networks),
    ...missing(
      'secret',
      service.secrets.map(({ source }) => source),
      document.secrets,
    ),
    ...missing(
      'service',
      members.map(([, url]) => new URL(url).hostname),
      document.services,
    ),
    ...members
      .filter(([, url]) => new URL(url).port !== environment['PORT'])
      .map(([name]) => `${id}: ${name} does not listen on that port`),
    ...ports.filter(({ target }) => `${target}` !== environment['PORT']).map(({ target }) => `${id}: nobody listens on port ${target}`),
    ...(members.some(([name, url]) => name === environment['NODE_ID'] && url === environment['PUBLIC_URL'])
      ? []
      : [`${id}: it is not among its own NODES`]),
    ...(service.secrets.some(({ target }) => service.entrypoint.join(' ').includes(`/run/secrets/${target}`))
      ? []
      : [`${id}: its start reads no secret that it has`]),
  ];
}
