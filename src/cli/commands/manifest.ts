/**
 * `kvctl manifest swarm|kubernetes`: the cluster that `up` would start here, for machines beyond one. It prints and does nothing
 * else; what it printed is applied by docker or kubectl, and then driven by `kvctl --leader`.
 */
import { randomBytes } from 'node:crypto';
import { Argument, type Command } from 'commander';
import { describeKubernetes, kubernetesObjects } from '../../cluster/manifest/kubernetes.ts';
import { type ManifestWish, parseKubernetes, parseSwarm } from '../../cluster/manifest/options.ts';
import { describeSwarm, swarmStack } from '../../cluster/manifest/swarm.ts';
import { renderYaml } from '../../cluster/manifest/yaml.ts';
import { type ClusterSpec, parseSpec } from '../../cluster/spec.ts';
import { addSpecOptions, type SpecOptions } from '../cluster-options.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples, integer, option } from '../options.ts';
import { readVersion } from '../version.ts';

type Orchestrator = 'swarm' | 'kubernetes';

interface ManifestOptions extends SpecOptions, ManifestWish {
  readonly port?: number;
}

interface Manifest {
  /** For the head of the file: what it is, and what to do with it. */
  readonly comment: readonly string[];
  readonly documents: readonly object[];
}

export function describe(command: Command): void {
  command.addArgument(new Argument('<orchestrator>', 'what will run the nodes').choices(['swarm', 'kubernetes']));
  addSpecOptions(command)
    .option('--image <image>', "the nodes' image (default: kvctl-node with this version's tag)")
    .option('--token-secret <name>', 'secret that holds the token (default: kubernetes makes one, swarm needs kvctl-NAME-token)')
    .addOption(
      option('--port <port>', 'swarm: open this port of its machine for n1, the next for n2 and so on (default: none)', integer(1)),
    )
    .option('--namespace <name>', 'kubernetes: the namespace (default: that of whoever applies it)')
    .option('--storage <size>', "kubernetes: of each node's volume (default: 1Gi)")
    .option('--storage-class <name>', "kubernetes: the volumes' class (default: the cluster's own)")
    .option(
      '--spread <how>',
      'kubernetes: preferred lets nodes share a machine where there are too few, required does not (default: preferred)',
    )
    .addHelpText(
      'after',
      examples(
        'kvctl manifest swarm -n lab > stack.yaml && docker stack deploy -c stack.yaml kvctl-lab',
        'kvctl manifest kubernetes -n lab --image registry.example.com/kvctl-node:0.1.0 > lab.yaml',
        'kvctl manifest kubernetes --followers 2 --delay 0-200 --namespace course --storage 10Gi | kubectl apply -f -',
      ),
    );
}

export async function run({ out, clusterName }: Context, options: ManifestOptions, orchestrator: Orchestrator): Promise<number> {
  const spec = parseSpec({ ...options, name: clusterName, settings: options.set });
  const { comment, documents } = orchestrator === 'swarm' ? swarm(spec, options) : kubernetes(spec, options);
  out.result({
    table: () => renderYaml(comment, documents),
    json: { name: spec.name, orchestrator, documents },
    rows: documents,
  });
  return EXIT.ok;
}

function swarm(spec: ClusterSpec, wish: ManifestWish): Manifest {
  const options = parseSwarm(spec, wish, readVersion());
  return { comment: describeSwarm(spec, options), documents: [swarmStack(spec, options)] };
}

function kubernetes(spec: ClusterSpec, wish: ManifestWish): Manifest {
  const options = parseKubernetes(spec, wish, readVersion(), randomBytes(24).toString('hex'));
  return { comment: describeKubernetes(spec, options), documents: kubernetesObjects(spec, options) };
}
