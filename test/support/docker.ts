/** Docker of this machine, for tests with real containers: is it there, and what does it have. */
import { spawnSync } from 'node:child_process';

export interface DockerRan {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function docker(...args: readonly string[]): DockerRan {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' });
  return { exitCode: status, stdout: (stdout ?? '').trim(), stderr: (stderr ?? '').trim() };
}

/** Words of `docker compose` here, or of `docker-compose`; null if there is neither. */
export function composeCommand(): readonly string[] | null {
  const candidates = [['docker', 'compose'], ['docker-compose']] as const;
  return candidates.find(([file, ...args]) => spawnSync(file, [...args, 'version']).status === 0) ?? null;
}

/** null if containers can be run; else what is missing. */
export function whyNoDocker(): string | null {
  const { exitCode, stderr } = docker('version');
  if (exitCode === null) return 'there is no docker on the PATH';
  if (exitCode !== 0) return `the Docker engine does not answer (${stderr.split('\n')[0]})`;
  return composeCommand() === null ? 'there is neither `docker compose` nor `docker-compose`' : null;
}

/** Everything in the engine that belongs to a Compose project whose name has this in it: containers, volumes, networks. */
export function belongingsOf(part: string): string[] {
  const format = '{{.Label "com.docker.compose.project"}}';
  const lists = [
    ['ps', '--all', '--format', `${format} container {{.Names}}`],
    ['volume', 'ls', '--format', `${format} volume {{.Name}}`],
    ['network', 'ls', '--format', `${format} network {{.Name}}`],
  ];
  const lines = lists.flatMap((args) => docker(...args).stdout.split('\n'));
  return lines.filter((line) => line.split(' ')[0]?.includes(part)).map((line) => line.slice(line.indexOf(' ') + 1));
}
