/** What to type to repeat a run with the same delays. */
export function commandOf(args: readonly string[], seed: number): string {
  const words = args.some((arg) => arg.startsWith('--seed')) ? args : [...args, '--seed', `${seed}`];
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ['kvctl', ...quoted].join(' ');
}
