/** Runs a WrongCluster in a process of its own, so that it does not share an event loop with who grades it. Speaks over IPC only. */
import { WrongCluster, type WrongOptions } from './wrong-server.ts';

export type Order = { readonly kind: 'stop' | 'start'; readonly names: readonly string[] };
export type Report = { readonly kind: 'up'; readonly urls: Readonly<Record<string, string>> } | { readonly kind: 'done' };

const cluster = new WrongCluster(JSON.parse(process.argv[2] ?? '') as WrongOptions);
await cluster.start();
tell({ kind: 'up', urls: Object.fromEntries(cluster.nodes.map(({ name, url }) => [name, url])) });
process.on('message', async ({ kind, names }: Order) => {
  for (const name of names) await cluster.node(name)[kind]();
  tell({ kind: 'done' });
});
process.on('disconnect', () => process.exit(0));

function tell(report: Report): void {
  process.send?.(report);
}
