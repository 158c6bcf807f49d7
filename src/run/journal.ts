import type { Outcome } from "../api/host.ts";
import type { RollbackFailure, RollbackReport } from "../api/result.ts";
import { printed } from "../report/printable.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";

/** An effect that happened, and how to undo it. */
export interface Entry {
  /** What the report calls it. */
  readonly step: string;
  /** Undoes it because of `error`; never throws. */
  readonly undo: (error: Error) => MaybePromise<Outcome>;
}

/** Several effects that are undone one after the other, and what is to be told of them then. */
interface Group {
  readonly effects: Journal;
  readonly onUndone: (notUndone: readonly RollbackFailure[]) => void;
}

/** What was undone in a run so far. */
interface Undone {
  readonly completed: string[];
  readonly failed: RollbackFailure[];
}

/** The undo stack of a run or of one of its branches, and the report of what was undone. */
export class Journal {
  /** None until something is pushed: most items of a collection push nothing, and it took a fifth of the time of a map. */
  #entries: (Entry | Group)[] | undefined;
  #undone: Undone | undefined;

  constructor(undone?: Undone) {
    this.#undone = undone;
  }

  get #report(): Undone {
    return this.#undone ??= { completed: [], failed: [] };
  }

  /** A stack of its own for a branch that runs beside others; the report is shared. */
  fork(): Journal {
    return new Journal(this.#report);
  }

  /** Puts what is on a branch's stack on top of this one. */
  join(branch: Journal): void {
    // One by one: a call with a hundred thousand arguments overflows the stack.
    for (const entry of branch.#entries?.splice(0) ?? []) this.#push(entry);
  }

  /** Remembers an effect. */
  push(entry: Entry): void {
    this.#push(entry);
  }

  #push(entry: Entry | Group): void {
    (this.#entries ??= []).push(entry);
  }

  /** Remembers the effects on a fork of this journal together; calls back when they have been undone. */
  pushGroup(effects: Journal, onUndone: Group["onUndone"]): void {
    this.#push({ effects, onUndone });
  }

  /** How much is on the stack; given to `unwind` later, it undoes only what came after. */
  get mark(): number {
    return this.#entries?.length ?? 0;
  }

  /** Undoes everything after the mark, the latest first; a failing undo does not stop the rest. */
  async unwind(error: Error, mark = 0): Promise<readonly RollbackFailure[]> {
    const failures: RollbackFailure[] = [];
    while (this.mark > mark) {
      const entry = this.#entries!.pop()!;
      if ("effects" in entry) {
        const notUndone = await entry.effects.unwind(error);
        for (const failure of notUndone) failures.push(failure);
        entry.onUndone(notUndone);
        continue;
      }
      const { step } = entry;
      const undoing = entry.undo(error);
      const outcome = undoing instanceof Promise ? await undoing : undoing;
      if (outcome.ok) {
        this.#report.completed.push(step);
        continue;
      }
      const failure = Object.freeze(printed({ step, error: outcome.error }));
      failures.push(failure);
      this.#report.failed.push(failure);
    }
    return failures;
  }

  /** What has been undone so far. */
  report(): RollbackReport {
    return Object.freeze({
      completed: Object.freeze([...this.#report.completed]),
      failed: Object.freeze([...this.#report.failed]),
    });
  }
}
