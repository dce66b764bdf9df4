/** Another program for the nodes: how kvctl's own tests see to it that a broken node is noticed. */
export function nodeEntry(): string | undefined {
  return process.env['KVCTL_NODE_ENTRY'] || undefined;
}
