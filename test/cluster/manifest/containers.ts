/**
 * What the containers of a manifest would really be started with: for Kubernetes the variables as the kubelet makes them of the
 * pod's fields, for both the start line, whose shell is the real one.
 */
import { spawnSync } from 'node:child_process';
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import { type ComposeDocument, containerOf, podNames } from './references.ts';

export interface Container {
  /** What the orchestrator sets, before the shell. */
  readonly environment: Readonly<Record<string, string>>;
  /** The shell and its words; the node's command follows. */
  readonly start: readonly string[];
}

/** By ordinal. `token`: of the Secret that is referred to. */
export function podContainers(statefulSet: IStatefulSet, namespace: string, token: string): Container[] {
  const { env = [], command = [] } = containerOf(statefulSet);
  return podNames(statefulSet).map((pod) => {
    const fields: Readonly<Record<string, string>> = { 'metadata.name': pod, 'metadata.namespace': namespace };
    const environment: Record<string, string> = {};
    for (const { name, value = '', valueFrom } of env) {
      const path = valueFrom?.fieldRef?.fieldPath;
      // Kubernetes: $(NAME) of a variable above, else the text as it is.
      environment[name] =
        path !== undefined
          ? `${fields[path]}`
          : valueFrom?.secretKeyRef !== undefined
            ? token
            : value.replace(/\$\((\w+)\)/g, (text, wanted: string) => environment[wanted] ?? text);
    }
    return { environment, start: command };
  });
}

/** In the order of the services. `secretFile`: where the secret is on this machine. */
export function stackContainers({ services }: ComposeDocument, secretFile: string): Container[] {
  return Object.values(services).map(({ environment, entrypoint, secrets }) => ({
    environment,
    start: entrypoint.map((word) => word.replaceAll('$$', '$').replaceAll(`/run/secrets/${secrets[0]?.target}`, secretFile)),
  }));
}

export interface Started {
  readonly status: number | null;
  readonly stderr: string;
  /** What the node's process gets; empty if it was not started. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs the start line with a program in the node's place that tells its environment. */
export function startedWith({ environment, start }: Container): Started {
  const [shell = '', ...words] = start;
  const tell = [process.execPath, '-e', 'process.stdout.write(JSON.stringify(process.env))'];
  const { status, stdout, stderr } = spawnSync(shell, [...words, ...tell], {
    env: { ...environment, PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  return { status, stderr, environment: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, string>) };
}
