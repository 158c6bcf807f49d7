import type { ItemInfo, RollbackInfo, RunInfo, Undo, UndoPolicy } from "../api/info.ts";
import { checkUndo } from "../report/checks.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Run } from "../run/scope.ts";

/** What one attempt of a step's `run` is told, and what it registered. */
export class AttemptInfo implements RunInfo {
  readonly attempt: number;
  /** What cancels the attempt. */
  cancellation: Cancellation | undefined;
  #own: Cancellation | undefined;
  #release: (() => void) | undefined;
  readonly #run: Run;
  readonly #key: string;
  #defer: ((undo: Undo | UndoPolicy) => void) | undefined;
  /** What has been registered in time. */
  deferred: UndoPolicy[] | undefined;
  /** What has been registered since it was given up; `undefined` while it is not. */
  deferredLate: UndoPolicy[] | undefined;

  constructor(run: Run, id: string, attempt: number, cancellation: Cancellation | undefined) {
    this.attempt = attempt;
    this.cancellation = cancellation;
    this.#run = run;
    this.#key = id;
  }

  /** A function of its own, as users take it out of the object; made when it is read, as few steps do. */
  get defer(): (undo: Undo | UndoPolicy) => void {
    return this.#defer ??= (undo) => {
      const id = this.#key;
      const checked = checkUndo(`defer an undo in '${id}'`, "it", id, undo);
      (this.deferredLate ?? (this.deferred ??= [])).push(checked);
    };
  }

  get signal(): AbortSignal {
    if (!this.#own) {
      [this.#own, this.#release] = this.cancellation?.child() ?? [new Cancellation(), undefined];
    }
    return this.#own.signal;
  }

  /** Whether anybody has asked for the signal. */
  get hasSignal(): boolean {
    return this.#own !== undefined;
  }

  /** Lets go of what would cancel the attempt, once it is over. */
  release(): void {
    this.#release?.();
  }

  get key(): string {
    return `${this.#run.id}/${this.#key}`;
  }
}

/** What a function is told that is called for an item. */
export class IndexedInfo implements ItemInfo {
  readonly index: number;
  readonly #info: AttemptInfo;

  constructor(info: AttemptInfo, index: number) {
    this.index = index;
    this.#info = info;
  }

  get signal(): AbortSignal {
    return this.#info.signal;
  }

  get key(): string {
    return this.#info.key;
  }

  get defer(): (undo: Undo | UndoPolicy) => void {
    return this.#info.defer;
  }
}

/** What one attempt of an undo is told. */
export class UndoInfo implements RollbackInfo {
  readonly error: Error;
  readonly attempt: number;
  readonly #info: AttemptInfo;

  constructor(info: AttemptInfo, error: Error) {
    this.error = error;
    this.attempt = info.attempt;
    this.#info = info;
  }

  get signal(): AbortSignal {
    return this.#info.signal;
  }

  get key(): string {
    return this.#info.key;
  }
}
