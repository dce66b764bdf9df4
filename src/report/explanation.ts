/**
 * The explanation of a benchmark, whatever it sweeps: sentences, each there exactly if the data make it true. Who prints it may pick by id.
 *
 * The first is the conclusion in one line. Then: why, how far from the model, what limits the belief in it, what the
 * replicas looked like, what other quorums would have cost, and what the quorum is called elsewhere.
 */
import type { BenchResult } from '../measure/result.ts';
import { sayParts } from './explain/across.ts';
import { sayCounterfactual } from './explain/counterfactual.ts';
import { sayConclusion, sayTrend, sayWhyItRises, sayZero } from './explain/latency.ts';
import { sayEarly, sayFormula, sayLoss, sayLuck, sayOutsideModel, sayOverhead } from './explain/model.ts';
import { sayAtLastAck, sayBuys, sayEquivalents, sayMismatch, saySettled, sayUnreachable, sayUnsettled } from './explain/replicas.ts';
import {
  sayBusyGenerator,
  sayBusyLeader,
  sayDelaysBelowCost,
  sayFailures,
  sayOneQuorum,
  sayOtherReasons,
  sayOverlaps,
  sayThin,
} from './explain/validity.ts';
import { sayLittle, sayOpenLoop, sayReads } from './explain/workload.ts';
import { factsOf } from './facts.ts';
import type { Say, Sentence } from './sentence.ts';

const IN_ORDER: readonly Say[] = [
  sayConclusion,
  sayTrend,
  sayWhyItRises,
  sayParts,
  sayFormula,
  sayZero,
  sayOverhead,
  sayLuck,
  sayOutsideModel,
  sayEarly,
  sayLoss,
  sayFailures,
  sayDelaysBelowCost,
  sayBusyGenerator,
  sayBusyLeader,
  sayOtherReasons,
  sayOverlaps,
  sayThin,
  sayOneQuorum,
  sayLittle,
  sayOpenLoop,
  sayReads,
  sayAtLastAck,
  saySettled,
  sayUnsettled,
  sayMismatch,
  sayUnreachable,
  sayBuys,
  sayCounterfactual,
  sayEquivalents,
];

/** Never empty: the conclusion always comes first. */
export function explain(result: BenchResult): readonly [Sentence, ...Sentence[]] {
  const facts = factsOf(result);
  return IN_ORDER.map((say) => say(facts)).filter((sentence) => sentence !== null) as [Sentence, ...Sentence[]];
}
