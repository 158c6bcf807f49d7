// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { RollbackInfo, RunInfo, UndoPolicy } from "../api/info.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { Schema, SchemaIn, SchemaOut } from "../api/schema.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { ContextOf } from "./combinators.ts";
import type { Fetched, NoOutputIssue, NothingIssue, Ran } from "./messages.ts";
import type { Added, Declared } from "./objects.ts";

declare const unset: unique symbol;

type Literal = "" | boolean | null | undefined | readonly Literal[] | {
  readonly [key: string]: Literal;
};

/**
 * Marks a type argument that was neither given nor inferred. Its index signature makes TypeScript
 * keep the literals of `{ status: "paid" }`, but not those of numbers: otherwise
 * `prices.reduce((sum, price) => sum + price, 0)` would have type `0`.
 *
 * @internal
 */
export interface Unset {
  /** Always absent. @internal */
  readonly [unset]: never;
  /** A hint to keep literals. @internal */
  readonly [key: string]: Literal;
}

// Whether it is any comes second, as `1 & T` is one more type for each step.
type IsAnyOrNever<T> = unknown extends T ? 0 extends 1 & T ? true : false
  : [T] extends [never] ? true
  : false;

/**
 * The context that a step needs: the input side of `requires`.
 *
 * @internal
 */
export type Needed<R, RS> = RS extends Schema ? SchemaIn<RS>
  : IsAnyOrNever<R> extends true ? {}
  : [R] extends [Unset] ? {}
  : Declared<R>;

/**
 * The context that `run` sees: the output side of `requires`.
 *
 * @internal
 */
export type Seen<R, RS> = RS extends Schema ? Readonly<SchemaOut<RS>>
  : [R] extends [Unset] ? ContextOf<{}, "annotate ctx to read it, or give requires">
  : R;

/** Values without keys for a context: iterables, Dates, functions, Responses. */
type NoRecord = Iterable<unknown> | Date | RegExp | ((...args: never) => unknown) | Fetched;

/**
 * The part of an output that is neither an object of keys nor nothing. An object with the keys
 * `name` and `message` counts as an error only if it also has a `stack`.
 *
 * @internal
 */
export type NoOutput<P> = IsAnyOrNever<P> extends true ? never
  : P extends NoRecord | Ran ? P
  : P extends Error ? "stack" extends keyof P ? P : never
  : P extends object | void | null ? never
  : P;

/**
 * An object without a key that any value of `NoOutput` has. It is a shortcut to no `NoOutput`, which
 * the compiler also finds for a `Record<K, string>` whose `K` is not known yet.
 *
 * @internal
 */
export interface Plain {
  /** Of what can be iterated. */
  readonly [Symbol.iterator]?: never;
  /** Of dates. */
  readonly getTime?: never;
  /** Of regular expressions. */
  readonly exec?: never;
  /** Of functions. */
  readonly bind?: never;
  /** Of a Response. */
  readonly json?: never;
  /** Of a result. */
  readonly meta?: never;
  /** Of errors. */
  readonly stack?: never;
  /** Of objects; that of a primitive returns a primitive. */
  valueOf(): object;
}

type Nothing = void | null | undefined;

type MayBeNothing<P> = 0 extends 1 & P ? false
  : [Extract<P, Nothing>] extends [never] ? false
  : true;

/**
 * The type of `run`, or a sentence about its return type. A conditional type around function types,
 * not the other way round: only that is resolved before the body is checked, so that
 * `{ status: "paid" }` fits `"paid" | "due"` and a returned union stays a union.
 *
 * @internal
 */
export type RunFunction<R, P, RS, PS> = PS extends Schema
  ? MayBeNothing<P> extends true ? NothingIssue<SchemaIn<PS>, Exclude<P, Nothing>>
  : (ctx: Seen<R, RS>, info: RunInfo) => MaybePromise<SchemaIn<PS>>
  : [P] extends [Plain] ? RunOf<R, P, RS>
  : [NoOutput<P>] extends [never] ? RunOf<R, P, RS>
  : NoOutputIssue<NoOutput<P>>;

type RunOf<R, P, RS> =
  // If `rollback` comes first, P is not inferred; the mistake is reported there.
  [P] extends [Unset] ? (ctx: Seen<R, RS>, info: RunInfo) => MaybePromise<P | Unset | object | void>
    : (ctx: Seen<R, RS>, info: RunInfo) => MaybePromise<P>;

/**
 * The keys that a step adds to the context: the output side of `provides`.
 *
 * @internal
 */
export type Provided<P, PS> = PS extends Schema ? Added<SchemaOut<PS>>
  : IsAnyOrNever<P> extends true ? {}
  : [P] extends [Unset] ? {}
  : Added<P>;

/**
 * The output that `rollback` receives. If `rollback` is written above `run`, it is not known yet.
 *
 * @internal
 */
export type RollbackOutput<P, PS> = PS extends Schema ? Provided<P, PS>
  : [P] extends [Unset] ? "put run above rollback, or give provides"
  : Provided<P, PS>;

/**
 * A schema, or a sentence if it is not a schema of an object.
 *
 * @internal
 */
export type ObjectSchema<S> = S extends Schema
  ? [SchemaOut<S>] extends [NoRecord] ? "this must be a schema of an object"
  : [SchemaOut<S>] extends [object] ? S
  : "this must be a schema of an object"
  : S extends undefined ? S
  : "this must be a schema, such as type({ … })";

/** Undoes a step, given the context that its `run` saw and its output. */
export type RollbackFunction<R, P, RS, PS> = (
  ctx: Seen<R, RS>,
  output: Readonly<RollbackOutput<P, PS>>,
  info: RollbackInfo,
) => MaybePromise<unknown>;

/** A rollback handler with its own retry policy and timeout. */
export type RollbackPolicy<R, P, RS, PS> = UndoPolicy<RollbackFunction<R, P, RS, PS>>;

/**
 * Undoes whatever may have happened under a key, given the context that `run` saw and, in its info,
 * the `effectKey`.
 */
export type KeyUndoFunction<R, RS> = (
  ctx: Seen<R, RS>,
  info: RollbackInfo,
) => MaybePromise<unknown>;

/** An undo by key with its own retry policy, timeout and delay. */
export interface KeyUndoPolicy<R, RS> extends UndoPolicy<KeyUndoFunction<R, RS>> {
  /**
   * The delay before the undo, in milliseconds. Use it if the undo looks for the effect first, so
   * that the other side has surely finished the attempt by then. The run does not wait for it; it
   * is reported to `onLate` and passed to `waitUntil`.
   *
   * @default {0}
   */
  readonly afterMs?: number | undefined;
}

/** Undoes a partial effect, given the context that `run` saw and the data passed to `defer`. */
export type NamedUndoFunction<R, RS> = (
  ctx: Seen<R, RS>,
  // deno-lint-ignore no-explicit-any -- the handler says what its `defer` passes
  data: any,
  info: RollbackInfo,
) => MaybePromise<unknown>;

/** A named undo with its own retry policy and timeout. */
export type NamedUndoPolicy<R, RS> = UndoPolicy<NamedUndoFunction<R, RS>>;

/** The definition of a step. */
export interface StepDefinition<R, P, N, RS, PS> {
  /** The step's name in reports, errors and idempotency keys. */
  readonly name: N;
  /**
   * The schema of the context that the step needs, an object. `run` sees the value that it returns.
   */
  readonly requires?: ObjectSchema<RS>;
  /**
   * The schema of the step's output, an object. The value that it returns is added to the context.
   */
  readonly provides?: ObjectSchema<PS>;
  /** Does the work and returns the keys to add to the context, or nothing. */
  readonly run: RunFunction<R, P, RS, PS>;
  /** Undoes the step when a later one fails. */
  readonly rollback?:
    | RollbackFunction<R, P, RS, PS>
    | RollbackPolicy<R, P, RS, PS>
    | undefined;
  /**
   * Undoes an effect whose output is unknown, because the answer was lost, the attempt was given up
   * and never landed, or the process died. It is called once for each key without an output, with
   * that key as `effectKey`; the next attempt gets a new key. Without a `rollback`, it also undoes
   * attempts that returned an output.
   */
  readonly undoByKey?: KeyUndoFunction<R, RS> | KeyUndoPolicy<R, RS> | undefined;
  /**
   * The undos that `run` may register by name, with `defer("release", data)`. A durable run needs
   * them in place of functions, because another process may carry them out.
   */
  readonly undos?:
    | Readonly<Record<string, NamedUndoFunction<R, RS> | NamedUndoPolicy<R, RS>>>
    | undefined;
  /**
   * Promises that the same key has one effect, however often it is sent: all attempts share one
   * key, nothing is undone between them, and the effect is undone once, after all attempts have
   * settled.
   *
   * @default {false}
   */
  readonly idempotent?: boolean | undefined;
  /**
   * Whether its success is the point of no return: from then on, the run only goes forward. Its
   * effects and those of the steps before it are no longer undone, nor are those of later steps
   * that complete. If a later step fails, the result names the pivot in `committed`. Steps after it
   * need a `retry`; `{ count: 0 }` tries once. Not allowed in groups and collections.
   *
   * @default {false}
   */
  readonly pivot?: boolean | undefined;
  /** When to retry; by default, never. */
  readonly retry?: RetryPolicy | undefined;
  /** The time limit of one attempt, in milliseconds; by default, none. */
  readonly timeout?: number | undefined;
  /**
   * How long to keep waiting for an attempt after its timeout or an abort, before a retry or a
   * rollback, in milliseconds. If it succeeds in that time, the step succeeds, unless the run
   * itself was given up. In that case, its effect is known in time to be undone in order and to
   * appear in the rollback report. An abort does not shorten this time.
   *
   * @default {0}
   */
  readonly graceMs?: number | undefined;
  /**
   * The delay after which the deferred undos and the undo by key of an abandoned attempt run even
   * if it has not settled, in milliseconds.
   *
   * @default {60_000}
   */
  readonly lateMs?: number | undefined;
  /**
   * Whether a retry may start before an abandoned attempt has settled. With `"never"`, the retry
   * waits for it, however long that takes; if it succeeds, so does the step. An abort or the
   * timeout of the pipeline ends that wait, and there is no retry. Under `concurrency`, the attempt
   * keeps its place in the group until it settles.
   *
   * @default {"allow"}
   */
  readonly overlap?: "allow" | "never" | undefined;
}
