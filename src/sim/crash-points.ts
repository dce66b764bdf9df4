/**
 * Crashes at a step of a change of leader: just when a node asks its disk for something that cannot be half done. Armed by a fault, sprung by whoever
 * comes there first; whether the disk still took it is chance, as in every crash.
 */
import type { Effect } from '../core/message.ts';
import { isNewer } from '../core/version.ts';
import type { Observer } from './observer.ts';
import type { SimNode } from './sim-node.ts';

export const CRASH_POINTS = ['promise', 'gather', 'claim', 'opening', 'fall', 'rollback'] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

export class CrashPoints implements Observer {
  readonly #armed = new Map<CrashPoint, (node: SimNode) => void>();

  /** Until somebody comes there, or `disarm`. */
  arm(point: CrashPoint, spring: (node: SimNode) => void): void {
    this.#armed.set(point, spring);
  }

  disarm(): void {
    this.#armed.clear();
  }

  effect(node: SimNode, effect: Effect): void {
    if (this.#armed.size === 0) return;
    const point = pointOf(node, effect);
    const spring = point === null ? undefined : this.#armed.get(point);
    if (point === null || spring === undefined) return;
    this.#armed.delete(point);
    spring(node);
  }
}

function pointOf(node: SimNode, effect: Effect): CrashPoint | null {
  const { hard, store } = node.disk;
  if (hard === null || node.replica.leader !== null) return null;
  if (effect.t === 'saveHard') {
    if (effect.state.ledEpoch > hard.ledEpoch) return 'claim';
    return effect.state.promisedTo === node.id && effect.state.promisedEpoch > hard.promisedEpoch ? 'promise' : null;
  }
  if (effect.t !== 'persist') return null;
  if ((effect.replacements ?? []).length > 0) return 'rollback';
  if (effect.position === null) return 'gather';
  const { watermark } = effect.position;
  if (isNewer(store.position().watermark, watermark)) return 'fall';
  return watermark.epoch === hard.ledEpoch && watermark.epoch > store.position().watermark.epoch ? 'opening' : null;
}
