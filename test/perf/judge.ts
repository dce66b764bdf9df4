/**
 * `npm run bench:judge`: how long judging takes. 100,000 operations of 20 clients on 10 keys, as lines of NDJSON in memory, from the first line to the verdict,
 * by all judges; each shape three times, the median counts. Last the same as a file by the real command.
 */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { formatEvent } from '../../src/judge/event.ts';
import type { Operation } from '../../src/judge/history.ts';
import { parseHistory } from '../../src/judge/history.ts';
import { judgeHistory } from '../../src/judge/judge.ts';
import { Prng } from '../../src/lib/prng.ts';
import { randomHistory, type Shape } from '../judge/histories.ts';
import { median } from './cluster.ts';
import { kvctl } from './command.ts';

const KEYS = 10;
const ROUNDS = 3;
const GOAL_SECONDS = 10;
const TIMEOUT_MS = 60_000;
/** Per key. All 20 clients are on every key at once, which is harder than 20 clients spread over ten. */
const BASE = { operations: 10_000, clients: 20, reads: 0.5 };

const SHAPES: Readonly<Record<string, Shape>> = {
  'reads and writes, every value once': BASE,
  'reads and writes of 5 values': { ...BASE, values: 5 },
  'with cas and deletes, 5 values': { ...BASE, reads: 0.4, cas: 0.2, deletes: 0.05, values: 5 },
  'the same, 2 % of the updates unknown': { ...BASE, reads: 0.4, cas: 0.2, deletes: 0.05, unknown: 0.02, values: 5 },
  'every value once, 5 % unknown, cas': { ...BASE, cas: 0.2, unknown: 0.05 },
  'every value once, 1 read in 5,000 is wrong': { ...BASE, wrong: 0.0002 },
};

const home = await mkdtemp(join(tmpdir(), 'kvctl-judge-'));
try {
  for (const [name, shape] of Object.entries(SHAPES)) {
    const lines = linesOf(shape);
    const seconds: number[] = [];
    let verdict = '';
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now();
      const parsed = parseHistory(lines);
      if (!parsed.ok) throw new Error(parsed.message);
      ({ verdict } = judgeHistory(parsed.value, { shouldStop: () => performance.now() - begun > TIMEOUT_MS }));
      seconds.push((performance.now() - begun) / 1000);
    }
    print(name, verdict, median(seconds));
  }
  const file = join(home, 'history.ndjson');
  writeFileSync(file, linesOf(SHAPES['with cas and deletes, 5 values'] as Shape).join('\n'));
  const { ms, code } = await kvctl(['check-history', file, '--quiet', '-o', 'json']);
  print('kvctl check-history of the third', `exit ${code}`, ms / 1000);
} finally {
  await rm(home, { recursive: true, force: true });
}

function print(name: string, verdict: string, seconds: number): void {
  const met = seconds <= GOAL_SECONDS ? 'met' : 'missed';
  process.stdout.write(`${name.padEnd(44)} ${verdict.padEnd(10)} ${seconds.toFixed(2).padStart(6)} s  goal ${GOAL_SECONDS} s: ${met}\n`);
}

/** The keys' histories side by side: moment i of each before moment i + 1 of any. */
function linesOf(shape: Shape): string[] {
  const random = new Prng(1);
  const moments = Array.from({ length: KEYS }, (_, key) => randomHistory(shape, random.fork(`key ${key}`), `key-${key}`))
    .flat()
    .flatMap(eventsOf)
    .sort((a, b) => a.at - b.at);
  return moments.map(({ text }) => text.trimEnd());
}

function eventsOf({
  process: client,
  f,
  key,
  outcome,
  value,
  from,
  call,
  end,
}: Operation): { readonly at: number; readonly text: string }[] {
  const event = { process: `${key}-${client}`, f, key };
  const asked = f === 'cas' ? { value: [json(from), json(value)] } : f === 'write' ? { value } : {};
  const invoke = { at: call, text: formatEvent({ ...event, time: call, type: 'invoke', ...asked }) };
  if (!Number.isFinite(end)) return [invoke];
  return [invoke, { at: end, text: formatEvent({ ...event, time: end, type: outcome, ...(f === 'read' ? { value: json(value) } : {}) }) }];
}

function json(value: number): number | null {
  return value === 0 ? null : value;
}
