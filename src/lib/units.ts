/**
 * Time as text: durations that people write, and milliseconds that people read.
 * Inside the program every time is a real number of milliseconds in a name that ends in `Ms`.
 */

/** Milliseconds, a real number. */
export type Ms = number;

type ParsedDuration = { readonly ok: true; readonly ms: Ms } | { readonly ok: false; readonly message: string };

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * `500ms`, `30s`, `1.5m`, `2h`. The unit is required: a bare `30` means seconds to one person and milliseconds to another.
 * The answer is finite and >= 0.
 */
export function parseDuration(text: string): ParsedDuration {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const unitMs = UNITS_MS[match?.[2] ?? ''];
  const ms = unitMs === undefined ? Number.NaN : Number(match?.[1]) * unitMs;
  if (Number.isFinite(ms)) return { ok: true, ms };
  return { ok: false, message: `expected a duration with its unit, like 500ms, 30s, 2m or 1h, got ${JSON.stringify(text)}` };
}

/** For people: three significant digits in the unit that suits the size (`0.42 ms`, `12.3 ms`, `1.23 s`, `2 min 5 s`). */
export function formatMs(ms: Ms): string {
  if (!Number.isFinite(ms)) return 'n/a';
  if (ms < 0) return `-${formatMs(-ms)}`;
  if (ms < 999.5) return `${significant(ms)} ms`;
  if (ms < 59_950) return `${significant(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** Three significant digits, but never finer than a microsecond, which no clock of ours can tell. */
function significant(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1);
  return value >= 0.9995 ? value.toFixed(2) : value.toFixed(3);
}
