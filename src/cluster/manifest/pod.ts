/**
 * The pod of one node. All pods of a StatefulSet are made from one template, so what differs between nodes is worked out in
 * the pod: Kubernetes puts the pod's name into the variables below, and a line of shell makes NODE_ID and ROLE of it, before
 * the node takes the shell's place. It needs nothing that the pod security standard "restricted" forbids.
 */
import { type ClusterSpec, graceSeconds } from '../spec.ts';
import { commonEnvironment, IMAGE, membersOf, NODE_PORT, RESOURCES } from './container.ts';
import { HEADLESS_SUFFIX, type KubernetesOptions, TOKEN_KEY } from './options.ts';

/** The container's port; probes and Services name it. */
export const PORT_NAME = 'http';
const DATA_VOLUME = 'data';
const TEMP_VOLUME = 'tmp';
/** SQLite sorts there if it must, Node caches compiled code. */
const TEMP_SIZE = '64Mi';

/** Without a token the node must not start: it would obey everybody. Kubernetes expands `$(…)` here, so there is none. */
const START = `\
: "\${CLUSTER_TOKEN:?expected a token in the Secret}"
NODE_ID="n\${POD_NAME##*-}"
if [ "$NODE_ID" = n1 ]; then ROLE=leader; else ROLE=follower; fi
export NODE_ID ROLE
exec "$@"
`;

/** By which Services, budget and policy find the pods of this cluster, and of no other. */
export function labelsOf({ name }: ClusterSpec): Record<string, string> {
  return { 'app.kubernetes.io/name': 'kvctl', 'app.kubernetes.io/instance': name };
}

/** The Service that gives each pod a name of its own. */
export function headlessName({ name }: KubernetesOptions): string {
  return `${name}${HEADLESS_SUFFIX}`;
}

export function podSpec(spec: ClusterSpec, options: KubernetesOptions): object {
  const hasDisk = spec.store !== 'memory';
  const { user } = IMAGE;
  return {
    automountServiceAccountToken: false,
    // Else every Service of the namespace adds variables to the node's environment.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds(spec.settings),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    affinity: { podAntiAffinity: antiAffinity(options, labelsOf(spec)) },
    containers: [
      {
        name: 'node',
        image: options.image,
        command: ['/bin/sh', '-c', START, 'kvctl-node'],
        args: IMAGE.command,
        env: environmentOf(spec, options),
        ports: [{ name: PORT_NAME, containerPort: NODE_PORT }],
        ...PROBES,
        resources: {
          requests: quantities(RESOURCES.requests),
          limits: quantities(RESOURCES.limits),
        },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        volumeMounts: [...(hasDisk ? [{ name: DATA_VOLUME, mountPath: IMAGE.dataRoot }] : []), { name: TEMP_VOLUME, mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: TEMP_VOLUME, emptyDir: { sizeLimit: TEMP_SIZE } }],
  };
}

/** The disk of each node; it outlives its pod, and the StatefulSet. */
export function dataClaim({ storage, storageClass }: KubernetesOptions, labels: object): object {
  return {
    metadata: { name: DATA_VOLUME, labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storageClass === null ? {} : { storageClassName: storageClass }),
      resources: { requests: { storage } },
    },
  };
}

/**
 * Alive: the process answers (a minute of silence is a hang, less may be a disk). Ready: it leads and is open, or follows and
 * has caught up. A birth may take as long as the slowest image pull, so only liveness restarts anything, and it never asks
 * whether others are there. Seconds apart, because every answer is work on a machine that is being measured.
 */
const PROBES = {
  startupProbe: { httpGet: { path: '/health', port: PORT_NAME }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 60 },
  livenessProbe: { httpGet: { path: '/health', port: PORT_NAME }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  readinessProbe: { httpGet: { path: '/ready', port: PORT_NAME }, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
} as const;

/** Names that others refer to come first: Kubernetes expands `$(NAME)` only for names that stand above. */
function environmentOf(spec: ClusterSpec, options: KubernetesOptions): object[] {
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
  const urlOf = (pod: string) => `http://${pod}.${headlessName(options)}.$(POD_NAMESPACE).svc:${NODE_PORT}`;
  const members = membersOf(spec, (_, index) => urlOf(`${options.name}-${index + 1}`));
  return [
    field('POD_NAME', 'metadata.name'),
    field('POD_NAMESPACE', 'metadata.namespace'),
    { name: 'CLUSTER_TOKEN', valueFrom: { secretKeyRef: { name: options.tokenSecret, key: TOKEN_KEY } } },
    { name: 'PUBLIC_URL', value: urlOf('$(POD_NAME)') },
    ...Object.entries(commonEnvironment(spec, members)).map(([variable, value]) => ({ name: variable, value })),
  ];
}

/** A machine that dies should take one node with it. */
function antiAffinity({ spread }: KubernetesOptions, labels: object): object {
  const term = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
  return spread === 'required'
    ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
    : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] };
}

function quantities({ cpu, memoryMi }: { readonly cpu: number; readonly memoryMi: number }): object {
  return { cpu: cpu < 1 ? `${cpu * 1000}m` : `${cpu}`, memory: `${memoryMi}Mi` };
}
