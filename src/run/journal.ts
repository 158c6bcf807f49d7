import type { Outcome } from "../api/host.ts";
import type { RollbackInfo } from "../api/info.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { RollbackFailure, RollbackReport } from "../api/result.ts";
import { printed } from "../report/printable.ts";
import type { Context } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/** One undo that is due. */
export interface Due {
  /** What the report calls it. */
  readonly name: string;
  /** Its id without the attempt. */
  readonly id: string;
  /** The key of the effect that it undoes, within the run. */
  readonly effectKey: string;
  /** The context that the effect saw. */
  readonly ctx: Context;
  /** What the effect returned, where that is known. */
  readonly output?: unknown;
  /** When to try the undo again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt of the undo may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Calls the user's handler. */
  readonly call: (info: RollbackInfo) => unknown;
}

/** An effect that happened, or may have: it knows how it is undone. */
export interface Entry {
  /** Takes the next undo that is due, the latest first; `undefined` when there is none left. */
  takeUndo(error: Error): Due | undefined;
  /** Called with what could not be undone, once nothing is left. */
  onUndone?(notUndone: readonly RollbackFailure[]): void;
}

/** Carries out an undo; never throws. */
export type PerformUndo = (due: Due, error: Error) => MaybePromise<Outcome>;

/** What was undone in a run so far. */
interface Undone {
  readonly completed: string[];
  readonly failed: RollbackFailure[];
}

/** The undo stack of a run or of one of its branches, and the report of what was undone. */
export class Journal {
  readonly #perform: PerformUndo;
  /** None until something is pushed: most items of a collection push nothing, and it took a fifth of the time of a map. */
  #entries: Entry[] | undefined;
  #undone: Undone | undefined;

  constructor(perform: PerformUndo, undone?: Undone) {
    this.#perform = perform;
    this.#undone = undone;
  }

  get #report(): Undone {
    return this.#undone ??= { completed: [], failed: [] };
  }

  /** A stack of its own for a branch that runs beside others; the report is shared. */
  fork(): Journal {
    return new Journal(this.#perform, this.#report);
  }

  /** A stack for what is undone apart from the run, and is not in its report. */
  apart(): Journal {
    return new Journal(this.#perform);
  }

  /** Puts what is on a branch's stack on top of this one. */
  join(branch: Journal): void {
    // One by one: a call with a hundred thousand arguments overflows the stack.
    for (const entry of branch.#entries?.splice(0) ?? []) this.push(entry);
  }

  /** Remembers an effect. */
  push(entry: Entry): void {
    (this.#entries ??= []).push(entry);
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
      const own: RollbackFailure[] = [];
      for (let due = entry.takeUndo(error); due; due = entry.takeUndo(error)) {
        const undoing = this.#perform(due, error);
        const outcome = isPromise(undoing) ? await undoing : undoing;
        if (outcome.ok) this.#report.completed.push(due.name);
        else own.push(Object.freeze(printed({ step: due.name, error: outcome.error })));
      }
      for (const failure of own) {
        failures.push(failure);
        this.#report.failed.push(failure);
      }
      entry.onUndone?.(own);
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
