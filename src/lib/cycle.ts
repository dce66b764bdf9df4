/** Whether plain data is among its own members, as YAML's aliases allow; who walks such data never ends. */
export function containsItself(value: unknown, ancestors = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (ancestors.has(value)) return true;
  ancestors.add(value);
  const found = Object.values(value).some((member) => containsItself(member, ancestors));
  ancestors.delete(value);
  return found;
}
