import type { ParityRow } from '../../src/measure/result.ts';

/** Of a replica that holds what the leader holds, but for what is named. */
export function parityRow(more: Partial<ParityRow> = {}): ParityRow {
  const differences = { missing: 0, stale: 0, extra: 0, corrupt: 0, keys: [], reasons: [], altered: [] };
  return { url: 'http://n2', node: 'n2', status: 'match', ...differences, compared_by: 'rows', ...more };
}
