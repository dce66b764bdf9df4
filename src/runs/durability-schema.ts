/** What the files of a durability run hold, checked before anybody draws or compares it, by the rules of schema.ts. */
import { z } from 'zod';
import type { DurabilityTrial } from '../measure/durability.ts';
import type { DurabilityResult } from '../measure/durability-result.ts';

const figure = z.number();
const count = z.int().min(0);
const maybe = z.number().nullable();
const interval = z.tuple([figure, figure]);
const way = z.enum(['alone', 'safe']);

/** A line of trials.ndjson. */
export const trialSchema: z.ZodType<DurabilityTrial> = z.looseObject({
  quorum: count,
  way,
  trial: count,
  seed: figure,
  promoted: z.string(),
  key: z.string(),
  version: z.string(),
  latency_ms: figure,
  held_by: z.array(z.string()),
  fate: z.enum(['kept', 'lost', 'refused']),
  is_back: z.boolean().nullable(),
  recovered: maybe,
  promote_ms: figure,
});

const loss = z.looseObject({
  trials: count,
  lost: count,
  share: maybe,
  ci95: interval.nullable(),
  expected: figure,
  is_expected: z.boolean().nullable(),
});

const cluster = z.looseObject({ followers: count, store: z.string(), delay: z.string() });

/** durability.json. */
export const durabilitySchema: z.ZodType<DurabilityResult> = z.looseObject({
  verdict: z.enum(['ok', 'inconclusive', 'violation', 'failed', 'interrupted']),
  why: z.string(),
  seed: figure,
  trials: count,
  cluster,
  results: z.array(
    z.looseObject({
      quorum: count,
      writes: count,
      avg_latency_ms: maybe,
      ci95_ms: interval.nullable(),
      model_ms: figure,
      held_by: maybe,
      alone: loss,
      safe: loss.extend({ refused: count }),
      verdict: z.enum(['ok', 'inconclusive', 'violation']),
      reasons: z.array(z.string()),
    }),
  ),
  plot: z.string().nullable(),
});

/** spec.json of a run that was killed before there was a document: what it was about, without rows. */
export const planSchema: z.ZodType<DurabilityResult> = z
  .looseObject({ spec: z.looseObject({ followers: count, store: z.string(), seed: figure }), delay: z.string(), trials: count })
  .transform(({ spec, delay, trials }) => ({
    verdict: 'interrupted' as const,
    why: 'interrupted before all trials were made',
    seed: spec.seed,
    trials,
    cluster: { followers: spec.followers, store: spec.store, delay },
    results: [],
    plot: null,
  }));
