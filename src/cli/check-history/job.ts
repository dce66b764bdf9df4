/** What the judging thread is asked, and what it answers (worker.ts). */
import type { ExportedFile } from '../../judge/edn.ts';
import type { Judgement, JudgeName } from '../../judge/judgement.ts';

export interface Job {
  /** NDJSON. */
  readonly bytes: Uint8Array;
  /** null: all. */
  readonly only: readonly JudgeName[] | null;
  readonly timeoutMs: number;
  readonly knossos: boolean;
  readonly porcupine: boolean;
}

export type Answer =
  | {
      readonly kind: 'judged';
      readonly judgement: Judgement;
      /** Null: not asked for. */
      readonly knossos: readonly ExportedFile[] | null;
      readonly porcupine: string | null;
    }
  /** The bytes are no history, or one that cannot be exported. */
  | { readonly kind: 'refused'; readonly message: string };
