import type { RollbackFailure, RollbackReport } from "./result.ts";
import type { Outcome } from "./types.ts";

/** An effect that happened, and how to undo it. */
export interface Entry {
  /** What the report calls it. */
  readonly step: string;
  /** Undoes it because of `error`; never throws. */
  readonly undo: (error: Error) => Promise<Outcome>;
}

/** The undo stack of one run, and the report of what was undone. */
export class Journal {
  readonly #entries: Entry[] = [];
  readonly #completed: string[] = [];
  readonly #failed: RollbackFailure[] = [];

  /** Remembers an effect. */
  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** How much is on the stack; given to `unwind` later, it undoes only what came after. */
  get mark(): number {
    return this.#entries.length;
  }

  /** Undoes everything after the mark, the latest first; a failing undo does not stop the rest. */
  async unwind(error: Error, mark = 0): Promise<readonly RollbackFailure[]> {
    const failedBefore = this.#failed.length;
    while (this.#entries.length > mark) {
      const { step, undo } = this.#entries.pop()!;
      const outcome = await undo(error);
      if (outcome.ok) this.#completed.push(step);
      else this.#failed.push(Object.freeze({ step, error: outcome.error }));
    }
    return this.#failed.slice(failedBefore);
  }

  /** What has been undone so far. */
  report(): RollbackReport {
    return Object.freeze({
      completed: Object.freeze([...this.#completed]),
      failed: Object.freeze([...this.#failed]),
    });
  }
}
