/** A mistake that shows only when the parts of a scenario are put together. It leaves the planning from wherever it is found. */
import type { Path } from './source.ts';

export class Misplanned extends Error {
  readonly path: Path;

  /** `message` says what was expected and got. */
  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}
