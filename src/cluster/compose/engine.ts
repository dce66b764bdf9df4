/**
 * Docker's command line, and Compose's: found, called without a shell, with a limit of time, and with errors that say what to do.
 *
 * Not here: what is said to them. Compose is `docker compose` (version 2), or, where that is missing, `docker-compose` (1.27 and newer).
 * A command that may not be interrupted is a process group of its own, so that Ctrl-C in the terminal reaches kvctl only: half of
 * a `compose up` would go on in the engine, where nobody would know how far.
 */
import { KvctlError } from '../../wire/errors.ts';

export interface CommandOptions {
  /** A command that takes longer is ended, and an error; 0: no limit. */
  readonly timeoutMs: number;
  /** Ends the command when it aborts, as the end of this process does; without it a command comes to its end. */
  readonly signal?: AbortSignal | undefined;
  /** Variables that the command gets besides ours. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Told each line of stdout and stderr, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Open descriptor that gets stdout and stderr, instead of the result. */
  readonly into?: number | undefined;
}

/** Asking costs some 50 ms, docker-compose 1.29 half a second; a busy machine takes its time. */
const ASK_MS = 15_000;
/** Of Docker 20 to 28, and of both kinds of Compose; the first is looked for first. */
const FORBIDDEN = /permission denied .*docker (?:daemon|api)|PermissionError/is;
const SILENT =
  /cannot connect to the docker daemon|failed to connect to the docker api|error during connect|couldn't connect to docker daemon|error while fetching server api version/i;
/** Lines of a failed command that are shown. */
const LAST_LINES = 20;
const LOCAL = 'the local target needs no Docker: leave --target away';

/** stdout of `docker ARGS`, without its last line feed. Throws `no_engine`, `interrupted`, or `node_failed` with what Docker said. */
export function docker(args: readonly string[], options: CommandOptions): Promise<string> {
  return run(['docker', ...args], options);
}

export interface ComposeProject {
  readonly project: string;
  /** The compose file, absolute. */
  readonly file: string;
}

/** The same for Compose, on one project. */
export async function compose({ project, file }: ComposeProject, args: readonly string[], options: CommandOptions): Promise<string> {
  const { command } = await findCompose();
  return run([...command, '--project-name', project, '--file', file, ...args], options);
}

export interface ComposeFound {
  readonly command: readonly string[];
  readonly version: string;
}

let found: Promise<ComposeFound> | null = null;

/** The Compose of this machine. Throws `no_engine` that says what was looked for. */
export function findCompose(): Promise<ComposeFound> {
  found ??= searchCompose();
  return found;
}

async function searchCompose(): Promise<ComposeFound> {
  const candidates = [['docker', 'compose'], ['docker-compose']];
  for (const command of candidates) {
    const { stdout, exitCode } = await outcomeOf([...command, 'version', '--short'], { timeoutMs: ASK_MS });
    if (exitCode === 0) return { command, version: stdout.replace(/^v/, '') };
  }
  if ((await outcomeOf(['docker', '--version'], { timeoutMs: ASK_MS })).isMissing) throw noDocker();
  throw new KvctlError(
    'no_engine',
    `expected Docker Compose, but neither \`docker compose\` nor \`docker-compose\` works: install the Compose plugin of Docker, or ${LOCAL}`,
    { looked_for: candidates.map((words) => words.join(' ')) },
  );
}

/** The engine's version. Throws `no_engine` if it does not answer. */
export function engineVersion(): Promise<string> {
  return docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: ASK_MS });
}

async function run(command: readonly string[], options: CommandOptions): Promise<string> {
  const { exitCode, isMissing, isCanceled, timedOut, stdout, words } = await outcomeOf(command, options);
  if (exitCode === 0) return stdout;
  const shown = nameOf(command);
  if (isMissing) throw command[0] === 'docker' ? noDocker() : new KvctlError('no_engine', `expected ${command[0]} on the PATH, it is gone`);
  if (isCanceled) throw new KvctlError('interrupted', `interrupted while running \`${shown}\``);
  if (timedOut) {
    throw new KvctlError(
      'no_engine',
      `expected \`${shown}\` to end within ${options.timeoutMs / 1000} s, it did not: see whether \`docker version\` answers`,
    );
  }
  throw (
    engineError(words) ?? new KvctlError('node_failed', `expected \`${shown}\` to work, got:\n${lastLines(words)}`, { exit_code: exitCode })
  );
}

interface Outcome {
  readonly exitCode: number | null;
  readonly isMissing: boolean;
  readonly isCanceled: boolean;
  readonly timedOut: boolean;
  readonly stdout: string;
  /** Everything that it said, errors included. */
  readonly words: string;
}

async function outcomeOf([file = '', ...args]: readonly string[], options: CommandOptions): Promise<Outcome> {
  const { execa } = await import('execa');
  const { timeoutMs, signal, environment = {}, onLine, into } = options;
  const output = into === undefined ? 'pipe' : (into as 3);
  const child = execa(file, args, {
    stdio: ['ignore', output, output],
    all: true,
    reject: false,
    timeout: timeoutMs,
    detached: signal === undefined,
    buffer: timeoutMs > 0,
    env: { ...inherited(process.env), ...environment },
    extendEnv: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (onLine !== undefined) for await (const line of child.iterable({ from: 'all' })) onLine(`${line}`);
  const { exitCode, code, isCanceled, timedOut, stdout, all } = await child;
  return {
    exitCode: exitCode ?? null,
    isMissing: code === 'ENOENT',
    isCanceled,
    timedOut,
    stdout: `${stdout ?? ''}`,
    words: `${all ?? ''}`,
  };
}

/** All of this process's but COMPOSE_*: another file, project or profile than ours is not what was asked for. */
function inherited(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environment).filter(([name]) => !name.startsWith('COMPOSE_'));
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function noDocker(): KvctlError {
  return new KvctlError(
    'no_engine',
    `expected \`docker\`, with \`docker compose\` or \`docker-compose\`, on the PATH, found no docker: install Docker, or ${LOCAL}`,
    { looked_for: ['docker', 'docker compose', 'docker-compose'] },
  );
}

/** What Docker's or Compose's words mean, where they speak of the engine; null if they speak of something else. */
export function engineError(words: string): KvctlError | null {
  const advice = FORBIDDEN.test(words)
    ? `its socket is closed to this user: add the user to the group docker (and log in again), or ${LOCAL}`
    : SILENT.test(words)
      ? `it does not run: start it (Docker Desktop, or \`sudo systemctl start docker\`), or ${LOCAL}`
      : null;
  return advice === null ? null : new KvctlError('no_engine', `expected the Docker engine to answer, but ${advice}`, {}, words);
}

/** `docker network connect`: the words before options and ids. */
function nameOf(command: readonly string[]): string {
  const words = command.flatMap((word, index) => (word.startsWith('-') || command[index - 1]?.startsWith('-') ? [] : [word]));
  const end = words.findIndex((word) => !/^[a-z-]+$/.test(word));
  return words.slice(0, end === -1 ? undefined : end).join(' ');
}

function lastLines(text: string): string {
  return text
    .trim()
    .split('\n')
    .slice(-LAST_LINES)
    .map((line) => `  ${line}`)
    .join('\n');
}
