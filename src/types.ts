// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Context } from "./context.ts";
import type { Result } from "./result.ts";
import type { Schema } from "./standard_schema.ts";
import type { Host } from "./types_host.ts";
import type { Declared } from "./types_objects.ts";

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/** When and how often to try again after a failure. */
export interface RetryPolicy {
  /** How many retries there may be after the first attempt; 0 for none. */
  readonly count: number;
  /**
   * The unit of the wait before a retry, in milliseconds.
   *
   * @default {0}
   */
  readonly delay?: number | undefined;
  /**
   * How the wait before retry `n` grows: `"linear"` `delay × n`, `"exponential"` `delay × 2^(n-1)`, `"fixed"` `delay`.
   *
   * @default {"linear"}
   */
  readonly backoff?: "linear" | "exponential" | "fixed" | undefined;
  /**
   * How much of a wait is left to chance, 0 to 1: with 0.5 a wait is between half of itself and all of itself.
   *
   * @default {0}
   */
  readonly jitter?: number | undefined;
  /**
   * The longest wait, in milliseconds.
   *
   * @default {2_147_483_647}
   */
  readonly maxDelay?: number | undefined;
  /**
   * Called after every failed attempt with the errors so far; `false` stops at once and lets the last error through.
   *
   * @default {() => true}
   */
  readonly retryIf?: ((errors: readonly Error[]) => boolean) | undefined;
}

/** What `rollback` gets besides the context and the output. */
export interface RollbackInfo {
  /** Why there is a rollback. */
  readonly error: Error;
  /** Aborts when the handler's own `timeout` is over; the run's abort does not reach it. */
  readonly signal: AbortSignal;
  /** Which attempt of the handler this is, from 1. */
  readonly attempt: number;
  /** An idempotency key of its own: the same for every attempt of this undo. */
  readonly key: string;
}

/** An undo registered by `defer`. */
export type Undo = (info: RollbackInfo) => unknown;

/** An undo with a retry policy and a timeout of its own. */
export interface UndoPolicy {
  /** Undoes it. */
  readonly run: Undo;
  /** When to try the undo again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt of the undo may take, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** What `run` gets besides the context. */
export interface RunInfo {
  /**
   * Aborts when the attempt is over time, when the pipeline is, and when the signal given to `run` aborts. Made when
   * it is read for the first time.
   */
  readonly signal: AbortSignal;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /**
   * An idempotency key: the same for every attempt of this step in this run, another one in every other run, unless
   * the caller gives the same `runId`.
   */
  readonly key: string;
  /**
   * Registers the undo of a part-effect the moment it has happened: a function, or `{ run, retry, timeout }`. If the
   * attempt fails, what it registered unwinds in reverse before the next attempt; if it succeeds, it stands behind the
   * step's own rollback, and both run. As `key` is shared by the attempts, an undo that voids by it would void for the
   * next attempt, too: make the key of such a call your own, from `key` and `attempt`.
   */
  readonly defer: (undo: Undo | UndoPolicy) => void;
}

/** What a function gets besides the item and the context when it is called for an item of a collection. */
export interface ItemInfo extends Pick<RunInfo, "signal" | "key" | "defer"> {
  /** The item's place in the collection, from 0. */
  readonly index: number;
}

/** A condition on the context; may be asynchronous. */
export type Predicate<Ctx> = (ctx: Ctx) => MaybePromise<boolean>;

/**
 * What a group does when one of its branches or items fails. `"abort"`: the others' signals abort, none starts any
 * more, and once all in flight have settled the group fails. `"settle"`: the others finish first, and then the group
 * fails.
 */
export type OnFailure = "abort" | "settle";

/** How a group of branches runs. */
export interface GroupOptions {
  /**
   * How many may be in flight at once.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * What happens when one fails.
   *
   * @default {"abort"}
   */
  readonly onFailure?: OnFailure | undefined;
}

/** How the items of a collection run. */
export interface ItemOptions {
  /**
   * How many may be in flight at once.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * What happens when one fails. `"collect"`: its own effects are undone, an {@linkcode ItemFailure} stands in the
   * output in place of its result, and the pipeline goes on.
   *
   * @default {"abort"}
   */
  readonly onFailure?: OnFailure | "collect" | undefined;
}

/** How the items of a `map` run. */
export interface MapOptions extends ItemOptions {
  /** The key under which the step finds its item; without it an item is spread into the context. */
  readonly as?: string | undefined;
}

/** What stands in the output in place of a failed item's result when `onFailure` is `"collect"`. */
export interface ItemFailure<Item> {
  /** Tells it from a result. */
  readonly success: false;
  /** Why the item failed. */
  readonly error: Error;
  /** The item. */
  readonly item: Item;
}

/** A collection: an array, a Set, a Map's values, or whatever can be iterated, asynchronously too. */
export type Collection<Item> = Iterable<Item> | AsyncIterable<Item>;

/**
 * How an attempt that had been given up came out in the end. There is one report for each such attempt that settles,
 * whenever it does.
 */
export interface LateReport {
  /** What the rollback report calls it: the path of the step, with `" (deferred)"` for an undo given to `defer`. */
  readonly step: string;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /**
   * `"compensated"`: it succeeded late, and was undone. `"failed"`: it succeeded late, and the undo failed.
   * `"no-handler"`: it succeeded late, and nothing is there to undo it. `"rejected"`: it failed late. Of an attempt of
   * an undo: `"compensated"`, it has undone its effect after all; `"rejected"`, it has not.
   */
  readonly outcome: "compensated" | "failed" | "no-handler" | "rejected";
  /** What the attempt or the undo failed with. */
  readonly error?: Error;
  /** Present when it was an attempt of a rollback handler, or of an undo given to `defer`. It is not undone itself. */
  readonly undo?: true;
}

/** What the caller of `run` may give besides the args. */
export interface RunOptions {
  /** Cancels the run: nothing starts after it aborts, and completed steps are compensated. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Names the run, for idempotency keys that outlive the process.
   *
   * @default {crypto.randomUUID()}
   */
  readonly runId?: string | undefined;
  /** Carries out every effect and wait; without one they are called directly. */
  readonly host?: Host | undefined;
  /**
   * Told how an attempt that was given up (timeout, abort) came out in the end, even after the run has returned: once
   * for each attempt, when it has settled and been undone.
   */
  readonly onLate?: ((late: LateReport) => void) | undefined;
  /**
   * Given the promise of every watch of an attempt that is not waited for any more, for platforms that stop a worker
   * once it has responded.
   */
  readonly waitUntil?: ((watch: Promise<unknown>) => void) | undefined;
}

/** What a middleware is told of the step that it wraps. */
export interface StepInfo {
  /** The step's name. */
  readonly name: string;
  /** What the step requires of the context. */
  readonly requires: Schema | undefined;
  /** What the step adds to it. */
  readonly provides: Schema | undefined;
}

/** What a step came to, as a middleware sees it. */
export type StepResult =
  | { readonly success: true; readonly data: Context }
  | {
    readonly success: false;
    readonly error: Error;
    readonly failedStep?: string | undefined;
  };

/** Runs the rest of the middleware and then the step. May be called once. */
export type Next = (ctx: Context) => Promise<StepResult>;

/**
 * Wraps the whole life of a pipeline's direct children, validation included; the first in the list is outermost. It
 * may observe, replace the result, or answer without calling `next`, and then the step does not run and has no
 * rollback. The outer function is called for every run of a step.
 *
 * @example A log
 * ```ts
 * import { type Middleware, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const log: Middleware = ({ name }, next) => async (ctx) => {
 *   const result = await next(ctx);
 *   lines.push(`${name}: ${result.success ? "done" : result.error.message}`);
 *   return result;
 * };
 * const hello = step({ name: "hello", run: () => ({ hello: "world" }) });
 * await pipeline({ name: "greet", steps: [hello], middleware: [log] }).run();
 * assertEquals(lines, ["hello: done"]);
 * ```
 */
export type Middleware = (
  step: StepInfo,
  next: Next,
) => (ctx: Context) => MaybePromise<StepResult>;

/**
 * Where a step keeps what the engine runs. Not for use outside the library.
 *
 * @internal
 */
export const engine: unique symbol = Symbol.for("runsheet.engine");

/** What steps and pipelines have in common. */
export interface StepLike<Name extends string, Requires, Provides> {
  /** The step's name. */
  readonly name: Name;
  /** What it needs of the context; `undefined` when it has no schema. */
  readonly requires: Schema | undefined;
  /** What it adds to the context; `undefined` when it has no schema. */
  readonly provides: Schema | undefined;
  /** Carries the static types; the value is the engine's. @internal */
  readonly [engine]: {
    readonly requires?: (ctx: Requires) => void;
    readonly provides?: Provides;
  };
}

/** A step: what it is called, what it needs of the context, and what it adds to it. Frozen. */
export interface Step<Name extends string, Requires, Provides>
  extends StepLike<Name, Requires, Provides> {
  /**
   * Runs the step alone, with its validation, retry, timeout and rollback. Never rejects.
   *
   * @param args The context that the step finds.
   * @param options How to run it.
   * @returns What it provides, or why it failed.
   */
  run(args: Requires, options?: RunOptions): Promise<Result<Provides>>;
}

/**
 * A pipeline: a step made of steps, whose data is the accumulated context, args included. Inside another pipeline it
 * adds the keys `Adds` of its data: those that its own steps have provided, or all of its `output`.
 */
export interface Pipeline<
  Name extends string,
  Args,
  Data,
  Adds extends PropertyKey = Exclude<keyof Data, keyof Args>,
> extends StepLike<Name, Args, Pick<Data, Adds & keyof Data>> {
  /**
   * Runs the pipeline. Never rejects.
   *
   * @param args The first context; may be left out when nothing is required.
   * @param options How to run it.
   * @returns The accumulated context, or why it failed and what was undone.
   */
  run(
    ...args: {} extends Args ? [args?: Args, options?: RunOptions | undefined]
      : [args: Args, options?: RunOptions | undefined]
  ): Promise<Result<Data>>;
}

/** Any step, combinator or pipeline. */
export type AnyStep = Step<string, never, object>;
/** The name of a step. */
export type NameOf<S extends AnyStep> = S["name"];
/** What a step needs of the context, as far as it declares keys. */
export type RequiresOf<S extends AnyStep> = S[typeof engine] extends
  { readonly requires?: (ctx: infer R) => void } ? Declared<R>
  : never;
/** What a step adds to the context, as far as it declares keys. */
export type ProvidesOf<S extends AnyStep> = Declared<NonNullable<S[typeof engine]["provides"]>>;
