/**
 * Ranges of the settings of a node that are plain numbers or words, by the name of their environment variable (SPEC 8): read by the node when
 * it starts, and by whoever prints or plans nodes that start later, elsewhere or not at all.
 */

export interface NumberSetting {
  readonly kind: 'integer' | 'number';
  readonly otherwise: number;
  readonly min: number;
  readonly max: number;
}

export const NUMBER_SETTINGS = {
  /** Seconds. */
  REQUEST_TIMEOUT: { kind: 'number', otherwise: 5, min: 0.05, max: 3_600 },
  QUORUM_TIMEOUT_MS: { kind: 'number', otherwise: 5_000, min: 1, max: 600_000 },
  FAIL_EARLY_MS: { kind: 'number', otherwise: 250, min: 1, max: 600_000 },
  RETRANSMIT_MS: { kind: 'number', otherwise: 200, min: 1, max: 60_000 },
  BATCH_MAX: { kind: 'integer', otherwise: 256, min: 1, max: 100_000 },
  WINDOW: { kind: 'integer', otherwise: 2, min: 1, max: 64 },
  /** Seconds. A day, as long as Kafka keeps a tombstone (delete.retention.ms). */
  TOMBSTONE_KEEP: { kind: 'number', otherwise: 86_400, min: 0.05, max: 31_536_000 },
  MAX_VALUE_BYTES: { kind: 'integer', otherwise: 1024 * 1024, min: 1, max: 64 * 1024 * 1024 },
} as const satisfies Record<string, NumberSetting>;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const SHAPES = { integer: /^\d{1,16}$/, number: /^\d+(\.\d+)?(e[+-]?\d+)?$/i } as const;

/** Null unless the text is a number of that range. */
export function parseNumberSetting(text: string, { kind, min, max }: NumberSetting): number | null {
  const value = SHAPES[kind].test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : null;
}

/** `an integer from 1 to 64`. */
export function describeNumberSetting({ kind, min, max }: NumberSetting): string {
  return `${kind === 'integer' ? 'an integer' : 'a number'} from ${min} to ${max}`;
}

/** What was expected of this setting, if the text is not it; null for one that is, that is not given, or that only the node knows. */
export function expectedOfSetting(name: string, text: string): string | null {
  if (text === '') return null;
  if (name === 'FAULT_INJECTION') return text === 'on' || text === 'off' ? null : 'on or off';
  if (name === 'LOG_LEVEL') return LOG_LEVELS.some((level) => level === text) ? null : `one of ${LOG_LEVELS.join(', ')}`;
  const range = Object.hasOwn(NUMBER_SETTINGS, name) ? NUMBER_SETTINGS[name as keyof typeof NUMBER_SETTINGS] : null;
  return range === null || parseNumberSetting(text, range) !== null ? null : describeNumberSetting(range);
}
