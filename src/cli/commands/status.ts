/** `kvctl status`: what every node says of itself and the leader of the others. Dead nodes are news, not an error. */
import type { Command } from 'commander';
import { nameOption } from '../../cluster/ground.ts';
import { adviceFor } from '../../cluster/remote.ts';
import { type ClusterStatus, clusterStatus, type NodeRow } from '../../cluster/status.ts';
import { formatMs } from '../../lib/units.ts';
import type { Style } from '../color.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';
import { clusterOf } from '../target.ts';

const STYLES: Readonly<Record<NodeRow['state'], Style>> = { running: 'green', paused: 'yellow', stopped: 'red', unreachable: 'red' };

export function describe(command: Command): void {
  command.addHelpText(
    'after',
    examples('kvctl status', 'kvctl status -o json', 'kvctl status -n two', 'kvctl status --leader http://127.0.0.1:8000'),
  );
}

export async function run(context: Context): Promise<number> {
  const status = await clusterStatus(await clusterOf(context));
  context.out.result({ table: () => renderStatus(context, status), json: status, rows: status.nodes });
  return EXIT.ok;
}

function renderStatus({ out }: Context, status: ClusterStatus): string {
  const rows = status.nodes.map((row) => [
    row.node,
    row.role,
    out.paint(STYLES[row.state], row.state),
    row.role === 'leader' ? row.phase : row.link,
    row.epoch,
    row.head,
    row.watermark,
    row.lag_records,
    row.lag_ms === null ? null : formatMs(row.lag_ms),
    row.pid,
    row.url,
  ]);
  const columns = ['node', 'role', 'state', 'phase/link', '>epoch', '>head', '>watermark', '>lag', '>age', '>pid', 'url'];
  const leader =
    status.leader === null ? 'no leader' : `leader ${status.leader}, epoch ${status.epoch}, write quorum ${status.write_quorum}`;
  return [`cluster "${status.name}": ${leader}`, out.table(columns, rows), ...remarks(status)].join('\n');
}

function remarks({ name, target, nodes }: ClusterStatus): string[] {
  const ids = (state: NodeRow['state']) =>
    nodes
      .filter((row) => row.state === state && row.waiting_for === null)
      .map(({ node }) => node)
      .join(',');
  const waiting = nodes.flatMap(({ node, waiting_for }) => (waiting_for === null ? [] : [`${node} waits: ${waiting_for}`]));
  if (target === 'remote') {
    const away = ids('unreachable');
    return away === '' ? waiting : [...waiting, `unreachable from here: ${away}; ${adviceFor(away.split(','))}`];
  }
  const option = nameOption(name);
  const advice = [
    ['stopped', `kvctl restart${option}`],
    ['paused', `kvctl resume${option}`],
    ['unreachable', `kvctl logs${option}`],
  ] as const;
  return [...waiting, ...advice.flatMap(([state, command]) => (ids(state) === '' ? [] : [`${state}: \`${command} ${ids(state)}\``]))];
}
