/**
 * The cluster as Kubernetes objects: one StatefulSet whose pods are the nodes (pod NAME-3 is n3), the Services by which nodes
 * and clients find them, and what guards them. Pure. The pod itself: pod.ts.
 *
 * All pods start at once (Parallel), and the nodes' Service names them before they are ready: a birth needs every node, so
 * none would ever be ready if each waited for the one before. An update goes through them one by one from the last, waiting
 * for each to have caught up, so the leader comes last.
 */
import type { ClusterSpec } from '../spec.ts';
import { describeTopology, NODE_PORT } from './container.ts';
import { type KubernetesOptions, TOKEN_KEY } from './options.ts';
import { dataClaim, headlessName, labelsOf, PORT_NAME, podSpec } from './pod.ts';

/** In the order in which they are to be applied. */
export function kubernetesObjects(spec: ClusterSpec, options: KubernetesOptions): object[] {
  const { name, token, tokenSecret } = options;
  const nodes = spec.followers + 1;
  const labels = labelsOf(spec);
  const headless = headlessName(options);
  const metadata = (of: string) => ({ name: of, ...(options.namespace === null ? {} : { namespace: options.namespace }), labels });
  const port = { name: PORT_NAME, port: NODE_PORT, targetPort: PORT_NAME };

  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(tokenSecret),
    // Printed again it would hold another token, and nodes that start afterwards could not talk to those that run.
    immutable: true,
    stringData: { [TOKEN_KEY]: token },
  };
  const nodesService = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(headless),
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: labels, ports: [port] },
  };
  const clientService = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name),
    // Only the leader takes writes, and n1 leads: nothing but `kvctl promote` changes that.
    spec: { selector: { ...labels, 'statefulset.kubernetes.io/pod-name': `${name}-1` }, ports: [port] },
  };
  const statefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(name),
    spec: {
      replicas: nodes,
      ordinals: { start: 1 },
      serviceName: headless,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(spec, options) },
      ...(spec.store === 'memory' ? {} : { volumeClaimTemplates: [dataClaim(options, labels)] }),
    },
  };
  const budget = minAvailable(spec);
  return [
    ...(token === null ? [] : [secret]),
    nodesService,
    clientService,
    networkPolicy(metadata(name), labels),
    ...(budget === null ? [] : [disruptionBudget(metadata(name), labels, budget)]),
    statefulSet,
  ];
}

/** What to do with the file, for its head. */
export function describeKubernetes(spec: ClusterSpec, options: KubernetesOptions): string[] {
  const { name, tokenSecret } = options;
  const inNamespace = options.namespace === null ? '' : ` -n ${options.namespace}`;
  const secretText = `kubectl get secret${inNamespace} ${tokenSecret} -o go-template='{{.data.${TOKEN_KEY} | base64decode}}'`;
  return [
    `The kvctl cluster "${spec.name}" for Kubernetes 1.27 or newer: ${describeTopology(spec)}.`,
    `Pod ${name}-1 is n1, which is born as leader.`,
    '',
    `1. The machines must be able to pull ${options.image}.`,
    ...(options.token === null
      ? [
          `2. The Secret ${tokenSecret} must hold the token as "${TOKEN_KEY}":`,
          `     openssl rand -hex 24 | tr -d '\\n' | kubectl create secret generic${inNamespace} ${tokenSecret} --from-file=${TOKEN_KEY}=/dev/stdin`,
        ]
      : [
          '2. The token below was drawn for this print: keep the file as you would keep a password.',
          `   To print the rest again, with other options: --token-secret ${tokenSecret}.`,
        ]),
    `3. kubectl apply -f FILE && kubectl rollout status${inNamespace} statefulset/${name}`,
    `4. kubectl port-forward${inNamespace} service/${name} ${NODE_PORT}, and beside it:`,
    `     kvctl --leader http://127.0.0.1:${NODE_PORT} --token-file <(${secretText}) status`,
    ...(minAvailable(spec) === null
      ? ['There is no disruption budget: without any one node there is no majority, so it would block every drain.']
      : []),
    ...(spec.store === 'memory'
      ? ['With the memory store a leader that restarts has lost everything: delete the pods, all of them, to start anew.']
      : []),
    'Do not scale the StatefulSet: the members are fixed when the cluster is born.',
  ];
}

/**
 * Nodes that a drain must leave running: what a restarted leader needs (a majority) and what writes need (the quorum and the
 * leader), but always one less than all, because a budget that allows nothing blocks every drain for ever.
 * null: even one node less is no majority, so there is nothing that a budget could keep.
 */
export function minAvailable({ followers, quorum }: ClusterSpec): number | null {
  const nodes = followers + 1;
  const majority = Math.floor(nodes / 2) + 1;
  if (majority > nodes - 1) return null;
  return Math.min(Math.max(majority, quorum + 1), nodes - 1);
}

function disruptionBudget(metadata: object, labels: object, budget: number): object {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { minAvailable: budget, selector: { matchLabels: labels } },
  };
}

/** Reads and writes need no token, so who may reach a node matters: the pods of its namespace. A node itself needs the others, and names. */
function networkPolicy(metadata: object, labels: object): object {
  const port = { protocol: 'TCP', port: NODE_PORT };
  const names = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }], ports: [port] }],
      egress: [{ to: [{ podSelector: { matchLabels: labels } }], ports: [port] }, { ports: names }],
    },
  };
}
