import type { NamedUndo, Outcome } from "../api/host.ts";
import type { Span } from "../api/observer.ts";
import type { RollbackInfo } from "../api/info.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { RollbackFailure, RollbackReport } from "../api/result.ts";
import type { RollbackError } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import { withToJSON } from "../report/printable.ts";
import type { Context } from "../values/context.ts";
import { newList } from "../values/new_list.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import type { Place, Watch } from "./watch.ts";

/** An undo that is due. */
export interface Due {
  /** Its name in the report. */
  readonly name: string;
  /** Its id without the attempt number. */
  readonly id: string;
  /** The key, within the run, of the effect it undoes. */
  readonly effectKey: string;
  /** The context that the effect saw. */
  readonly ctx: Context;
  /** The output of the effect, if known. */
  readonly output?: unknown;
  /** Why it is undone. */
  readonly error: Error;
  /** The name and data of an undo that was deferred by name. */
  readonly undo?: NamedUndo | undefined;
  /** When to retry the undo. */
  readonly retry?: RetryPolicy | undefined;
  /** The time limit of one attempt of the undo, in milliseconds. */
  readonly timeout?: number | undefined;
  /** The span of the step that it undoes, if the run is observed. */
  readonly of: Span | undefined;
  /** Calls the user's handler. */
  readonly call: (info: RollbackInfo) => unknown;
}

/** An effect that happened or may have happened, and knows how to undo itself. */
export interface Entry {
  /** Whether it belongs to a success, which stands once the run is committed. */
  readonly isStanding?: boolean | undefined;
  /** The undos that have failed before, in whose place it stands. */
  readonly notUndone?: readonly RollbackFailure[];
  /** Whether there is anything to undo; unknown if absent. */
  readonly hasEffects?: boolean;
  /** Takes the next undo that is due, the latest first; `undefined` if none is left. */
  takeUndo(error: Error): Due | undefined;
  /** Called with the failed undos once none is left. */
  onUndone?(notUndone: readonly RollbackFailure[]): void;
}

/** Carries out undos. */
export interface Undoer {
  /** Carries out one, inside a span if the run is observed; throws only the host's own signal. */
  performUndo(due: Due, watch: Watch | undefined): MaybePromise<Outcome>;
}

/** The undos of a run so far. */
interface Undone {
  readonly completed: string[];
  readonly failed: RollbackFailure[];
  committed?: string;
}

/** Shared, as freezing a list takes long on Bun. */
const NONE: readonly never[] = Object.freeze([]);

/** Replaces all committed entries. */
const COMMITTED: Entry = { takeUndo: () => undefined };

/** An entry on a stack. A list of its own would be larger for the few entries of most runs. */
class Layer {
  readonly entry: Entry;
  readonly below: Layer | undefined;

  constructor(entry: Entry, below: Layer | undefined) {
    this.entry = entry;
    this.below = below;
  }
}

/** The undo stack of a run or of one of its branches, and the rollback report. */
export class Journal {
  private readonly undoer: Undoer;
  /** The stack that this one was forked from. */
  private readonly trunk: Journal | undefined;
  /** Its latest layer. Below the last one, everything is committed. */
  private top: Layer | undefined;
  /** The height of the stack; `unwind` from a mark undoes only what was pushed after it. */
  mark = 0;
  private undone: Undone | undefined;
  /** The height up to which it is committed. */
  private committedTo = 0;

  constructor(undoer: Undoer, trunk?: Journal) {
    this.undoer = undoer;
    this.trunk = trunk;
  }

  private get all(): Undone {
    return this.undone ??= this.trunk
      ? this.trunk.all
      : { completed: newList(), failed: newList() };
  }

  /** Creates a stack for a concurrent branch; the report is shared. */
  fork(): Journal {
    return new Journal(this.undoer, this);
  }

  /** Creates a stack for undos outside the run's rollback, which its report omits. */
  apart(watch: Watch | undefined): Journal {
    return new Journal({ performUndo: (due) => this.undoer.performUndo(due, watch) });
  }

  /** Moves the entries of a branch on top of this stack. */
  join(branch: Journal): void {
    const entries: Entry[] = [];
    while (branch.mark > 0) entries.push(branch.pop());
    for (const entry of entries.reverse()) this.push(entry);
  }

  /** Pushes the stacks of branches; at most `limit` of them are unwound at a time. */
  joinAll(branches: readonly Journal[], limit: number): void {
    const busy = branches.filter((branch) => branch.mark > 0);
    if (limit === 1) busy.forEach((branch) => this.join(branch));
    else if (busy.length > 0) this.push(new Branches(busy, limit));
  }

  /** The path of the latest pivot that succeeded. */
  get committed(): string | undefined {
    return this.undone?.committed;
  }

  /** Commits the effects of a pivot and of the steps before it: they are no longer undone. */
  commit(path: string): void {
    this.all.committed = path;
    this.top = undefined;
    this.committedTo = ++this.mark;
  }

  /** Whether a pivot has succeeded since the mark, so that the run cannot return to it. */
  isCommitted(mark: number): boolean {
    return mark < this.committedTo;
  }

  push(entry: Entry): void {
    this.top = new Layer(entry, this.top);
    this.mark++;
  }

  private pop(): Entry {
    const { top } = this;
    this.top = top?.below;
    this.mark--;
    return top?.entry ?? COMMITTED;
  }

  /** Whether there is anything to undo. */
  get hasEffects(): boolean {
    for (let layer = this.top; layer; layer = layer.below) {
      if (layer.entry.hasEffects ?? true) return true;
    }
    return false;
  }

  /**
   * Undoes everything after the mark, the latest first; a failing undo does not stop the rest. If a
   * pivot has succeeded since, only failures are undone. Returns all failures after the mark,
   * including those of earlier calls: the caller must know what is left before it continues the
   * run. If anything is undone, observers see it at `place`, under `id`.
   */
  async unwind(
    error: Error,
    place?: Place,
    mark = 0,
    id: string = place?.path ?? "",
  ): Promise<readonly RollbackFailure[]> {
    const sparesStanding = this.isCommitted(mark);
    const unwinding: Unwinding = {
      error,
      failures: [],
      place,
      id,
      sparesStanding,
      rollback: undefined,
    };
    await this.unwindTo(mark, unwinding);
    unwinding.rollback?.endRollback(unwinding.failures);
    const { failures: notUndone } = unwinding;
    if (notUndone.length > 0) this.push({ takeUndo: () => undefined, notUndone });
    return notUndone;
  }

  /**
   * Undoes everything after the mark, so that the run can continue; returns the error that it fails
   * with if an undo has failed.
   */
  async undoBefore(
    action: string,
    cause: Error,
    place: Place,
    mark: number,
    id?: string,
  ): Promise<RollbackError | undefined> {
    const notUndone = await this.unwind(cause, place, mark, id);
    return notUndone.length === 0 ? undefined : notUndoneError(action, notUndone, cause);
  }

  private async unwindTo(mark: number, unwinding: Unwinding): Promise<void> {
    const { error, failures, place, id, sparesStanding } = unwinding;
    while (this.mark > mark) {
      const entry = this.pop();
      if (sparesStanding && entry.isStanding) continue;
      if (entry instanceof Branches) {
        await entry.each((branch) => branch.unwindTo(0, unwinding));
        continue;
      }
      for (const failure of entry.notUndone ?? []) failures.push(failure);
      let own: RollbackFailure[] | undefined;
      for (let due = entry.takeUndo(error); due; due = entry.takeUndo(error)) {
        unwinding.rollback ??= place?.watch?.beginRollback(place.path, id);
        const undoing = this.undoer.performUndo(due, unwinding.rollback);
        const outcome = isPromise(undoing) ? await undoing : undoing;
        if (outcome.ok) this.all.completed.push(due.name);
        else {
          own ??= newList();
          own.push(Object.freeze(withToJSON({ step: due.name, error: outcome.error })));
        }
      }
      for (const failure of own ?? NONE) {
        failures.push(failure);
        this.all.failed.push(failure);
      }
      entry.onUndone?.(own ?? NONE);
    }
  }

  report(): RollbackReport {
    const { completed, failed } = this.all;
    return Object.freeze({
      completed: Object.freeze([...completed]),
      failed: failed.length > 0 ? Object.freeze([...failed]) : NONE,
    });
  }
}

/** An unwind in progress. */
interface Unwinding {
  readonly error: Error;
  readonly failures: RollbackFailure[];
  readonly place: Place | undefined;
  readonly id: string;
  readonly sparesStanding: boolean;
  rollback: Watch | undefined;
}

/** The stacks of branches that are unwound side by side, the last one first. */
class Branches implements Entry {
  private readonly branches: readonly Journal[];
  private readonly limit: number;

  constructor(branches: readonly Journal[], limit: number) {
    this.branches = branches;
    this.limit = limit;
  }

  get hasEffects(): boolean {
    return this.branches.some(({ hasEffects }) => hasEffects);
  }

  takeUndo(): undefined {}

  async each(unwind: (branch: Journal) => Promise<void>): Promise<void> {
    const next = this.branches.toReversed().values();
    const unwindInTurn = async (): Promise<void> => {
      for (const branch of next) await unwind(branch);
    };
    const lanes = Array.from(
      { length: Math.min(this.limit, this.branches.length) },
      unwindInTurn,
    );
    // A rejection is the host's own signal; it is passed on once the undos in flight have ended.
    await Promise.allSettled(lanes);
    await Promise.all(lanes);
  }
}
