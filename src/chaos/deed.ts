/** What the nemesis did, as the result tells it. */
import { type Episode, type Fault, faultText, victimsOf } from './plan.ts';

/** What became of one episode. Times since the load began. */
export interface Deed {
  readonly kind: Fault['kind'];
  readonly text: string;
  readonly nodes: readonly string[];
  /** Who led when it began is one of them. */
  readonly of_leader: boolean;
  readonly planned_ms: number;
  /** When it had taken effect, and when that was undone; null: it was left out. */
  readonly began_ms: number | null;
  readonly ended_ms: number | null;
  readonly took_effect: boolean;
  /** By what its effect was seen, or why there was none. */
  readonly effect: string;
}

export function deedOf(
  { atMs, fault }: Episode,
  leader: string,
  beganMs: number | null,
  endedMs: number | null,
  effect: string,
  tookEffect: boolean,
): Deed {
  return {
    kind: fault.kind,
    text: faultText(fault),
    nodes: victimsOf(fault),
    of_leader: victimsOf(fault).includes(leader),
    planned_ms: atMs,
    began_ms: beganMs,
    ended_ms: endedMs,
    took_effect: tookEffect,
    effect,
  };
}

/** `n3, n4`; of a partition `n2 | n1`. */
export function aimOf(fault: Fault): string {
  return faultText(fault).slice(fault.kind.length + 1);
}
