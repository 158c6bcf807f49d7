import type { LateReport } from "./late_report.ts";

/**
 * The key under which a watcher holds the object that the engine calls. Not for use outside the
 * library.
 *
 * @internal
 */
export const watching: unique symbol = Symbol.for("runsheet.watching");

/** The kind of a step: made by `step`, by `pipeline`, or by one of the combinators. */
export type NodeKind =
  | "step"
  | "pipeline"
  | "when"
  | "choice"
  | "fallback"
  | "parallel"
  | "distribute"
  | "map"
  | "filter"
  | "flatMap";

/** A part of a run that begins and ends. It is frozen, and the same object wherever it appears. */
export interface Span {
  /**
   * `"run"`: the whole run. `"step"`: a step, combinator or nested pipeline, with its middleware
   * and validation. `"attempt"`, `"item"`, `"predicate"`, `"undo"`: one call of the user's code.
   * `"wait"`: the time before a retry, or before an undo by key. `"rollback"`: the undos of a run,
   * of a failed attempt, of an item, or of a failure that a middleware recovers from. `"release"`:
   * the release of a resource at the end of the run. `"late"`: an abandoned attempt, from when it
   * was given up until it has settled and, if need be, been undone.
   */
  readonly kind:
    | "run"
    | "step"
    | "attempt"
    | "item"
    | "predicate"
    | "wait"
    | "late"
    | "rollback"
    | "undo"
    | "release";
  /** Unique within the run, and the same in every run of the same pipeline; `""` for the run. */
  readonly id: string;
  /** Its path, as in reports; `""` for the run of a pipeline. */
  readonly path: string;
  /** The name of the step or pipeline that it belongs to. */
  readonly name: string;
  /** The run's id: the caller's, or a generated one. */
  readonly runId: string;
  /**
   * The enclosing span; for a run inside a step that is given the step's info, the span of the
   * attempt; `undefined` for any other run.
   */
  readonly parent?: Span | undefined;
  /** The kind of step, for `"run"` and `"step"`. */
  readonly node?: NodeKind | undefined;
  /** Which attempt it is, from 1; for a `"wait"`, the one that follows. */
  readonly attempt?: number | undefined;
  /** How many retries the policy allows, for `"attempt"` and `"undo"`; absent without a policy. */
  readonly retries?: number | undefined;
  /** The number of the item, from 0, for an `"item"` and for a step that runs for one. */
  readonly index?: number | undefined;
  /** The planned length of a `"wait"`, in milliseconds. */
  readonly ms?: number | undefined;
  /**
   * For an `"undo"`: the span of the step that it undoes; for a `"release"`, of the resource. A
   * `"late"` attempt of one of these has it, too.
   */
  readonly of?: Span | undefined;
  /**
   * For an `"undo"`: whether it is the step's `rollback`, an undo that an attempt deferred, or the
   * step's `undoByKey`. A `"late"` attempt of an undo has it, too.
   */
  readonly undo?: "rollback" | "defer" | "undoByKey" | undefined;
  /** For an `"undo"` of one attempt among others: the number of the attempt, from 1. */
  readonly ofAttempt?: number | undefined;
  /** For a `"step"` made by `step`: the undos that it declares, those of `undos` by their names. */
  readonly undos?: readonly string[] | undefined;
}

/** How a span ended. */
export interface SpanEnd {
  /** Whether it succeeded. */
  readonly ok: boolean;
  /**
   * The error it failed with; for a `"rollback"`, the error of the first undo that failed; for a
   * span that a host interrupted, the host's reason.
   */
  readonly error?: Error | undefined;
  /** How many undos have failed, for a `"rollback"`; with 0, nothing is left. */
  readonly notUndone?: number | undefined;
  /** The path of the step that failed, for `"run"` and `"step"`. */
  readonly failedStep?: string | undefined;
  /**
   * Whether any of the user's code was called, for `"step"`. `false` beside `ok: true` is a skip:
   * by a condition, or by a middleware that answered in its place.
   */
  readonly ran?: boolean | undefined;
  /**
   * For a `"step"` that is a pivot and has succeeded: its path. For a `"run"` that failed after a
   * pivot: the path of the last one.
   */
  readonly committed?: string | undefined;
  /**
   * `true` if a host answered from its record, so that nothing was called; for a `"step"`, if its
   * last attempt was answered so.
   */
  readonly replayed?: true | undefined;
  /**
   * `true` beside `ok: false` if a host interrupted the run while the span was open, as `durable`
   * does with a run that can only wait. Nothing has failed and nothing is undone: the run may be
   * continued, in another process too, and is then observed anew.
   */
  readonly interrupted?: true | undefined;
  /** The outcome of a `"late"` attempt, as reported to `onLate`. */
  readonly late?: LateReport["outcome"] | undefined;
}

/** The progress of a group or collection. */
export interface Progress {
  /** How many branches or items have ended. */
  readonly done: number;
  /** How many of them have failed. */
  readonly failed: number;
  /** How many there are, if the collection has a length or size. */
  readonly total?: number | undefined;
}

/** Follows one span. Its methods are called synchronously, as part of the run: keep them short. */
export interface SpanObserver {
  /**
   * Makes a call inside the span, for example inside an `AsyncLocalStorage`: `within: (call) =>
   * storage.run(store, call)`. It must make that call once, before it returns. It is called when
   * the span begins, and again when the engine continues inside the span after a promise of the
   * user's; never for `"rollback"`, `"wait"` and `"late"`, which contain only undos, or nothing.
   */
  within?(call: () => void): void;
  /** Called each time a branch or item of a group has ended. */
  progress?(progress: Progress): void;
  /** Called once, when the span has ended. */
  end?(end: SpanEnd): void;
}

/**
 * Called when a span begins; returns an object that follows it, or nothing. If it returns `false`,
 * nothing inside the span is observed either, and costs nothing.
 *
 * No observer can change a run. `console.error` prints the first fault of each observer in a run:
 * an error, a promise that rejects, or a wrong use of `within`.
 */
export type Observer = (span: Span) => SpanObserver | false | void;

/**
 * A value for the `observer` option of `run`, made by `observe()`, `events()` and others in
 * `@runsheet/runsheet/observe`.
 */
export interface Watcher {
  /** Called by the engine. @internal */
  readonly [watching]: object;
}
