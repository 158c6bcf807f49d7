// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { RollbackInfo, RunInfo } from "../api/info.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { Schema, SchemaIn, SchemaOut } from "../api/schema.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { ContextOf } from "./combinators.ts";
import type { Fetched, NoOutputIssue, NothingIssue } from "./messages.ts";
import type { Added, Declared } from "./objects.ts";

declare const unset: unique symbol;

type Literal = "" | boolean | null | undefined | readonly Literal[] | {
  readonly [key: string]: Literal;
};

/**
 * Stands for a type argument that was neither given nor inferred. Its index signature makes TypeScript keep the literals
 * of `{ status: "paid" }`; not those of numbers, or `prices.reduce((sum, price) => sum + price, 0)` would be a `0`.
 *
 * @internal
 */
export interface Unset {
  /** Never there. @internal */
  readonly [unset]: never;
  /** A hint to keep literals. @internal */
  readonly [key: string]: Literal;
}

type IsAnyOrNever<T> = 0 extends 1 & T ? true
  : [T] extends [never] ? true
  : false;

/**
 * What the context must hold for a step: the input side of `requires`.
 *
 * @internal
 */
export type Needed<R, RS> = RS extends Schema ? SchemaIn<RS>
  : IsAnyOrNever<R> extends true ? {}
  : [R] extends [Unset] ? {}
  : Declared<R>;

/**
 * What `run` sees: the output side of `requires`.
 *
 * @internal
 */
export type Seen<R, RS> = RS extends Schema ? Readonly<SchemaOut<RS>>
  : [R] extends [Unset] ? ContextOf<{}, "annotate ctx to read it, or give requires">
  : R;

/** What has no keys to be added to a context: what can be iterated, a Date, a function, a Response. */
type NoRecord = Iterable<unknown> | Date | ((...args: never) => unknown) | Fetched;

/**
 * Whether `run` returns neither an object of keys nor nothing.
 *
 * @internal
 */
export type IsNoOutput<P> = IsAnyOrNever<P> extends true ? false
  : [P] extends [NoRecord] ? true
  : [P] extends [object | void | null] ? false
  : true;

type Nothing = void | null | undefined;

type MayBeNothing<P> = 0 extends 1 & P ? false
  : [Extract<P, Nothing>] extends [never] ? false
  : true;

/**
 * The type of `run`, or a sentence on what it returns. A conditional type around function types, not the other way
 * about: only so is it resolved before the body is checked, and `{ status: "paid" }` fits `"paid" | "due"`; and a union
 * that `run` returns stays one.
 *
 * @internal
 */
export type RunFunction<R, P, RS, PS> = PS extends Schema
  ? MayBeNothing<P> extends true ? NothingIssue<SchemaIn<PS>, Exclude<P, Nothing>>
  : (ctx: Seen<R, RS>, info: RunInfo) => MaybePromise<SchemaIn<PS>>
  : IsNoOutput<P> extends true ? NoOutputIssue<P>
  // Where `rollback` stands first, P is not inferred: what is wrong then is told there.
  : [P] extends [Unset]
    ? (ctx: Seen<R, RS>, info: RunInfo) => MaybePromise<P | Unset | object | void>
  : (ctx: Seen<R, RS>, info: RunInfo) => MaybePromise<P>;

/**
 * What a step adds to the context: the output side of `provides`.
 *
 * @internal
 */
export type Provided<P, PS> = PS extends Schema ? Added<SchemaOut<PS>>
  : IsAnyOrNever<P> extends true ? {}
  : [P] extends [Unset] ? {}
  : Added<P>;

/**
 * What `rollback` gets of it. Where `rollback` stands above `run`, the output is not known yet.
 *
 * @internal
 */
export type RollbackOutput<P, PS> = PS extends Schema ? Provided<P, PS>
  : [P] extends [Unset] ? "put run above rollback, or give provides"
  : Provided<P, PS>;

/**
 * A schema, or a sentence when it is not a schema of an object.
 *
 * @internal
 */
export type ObjectSchema<S> = S extends Schema
  ? [SchemaOut<S>] extends [NoRecord] ? "this must be a schema of an object"
  : [SchemaOut<S>] extends [object] ? S
  : "this must be a schema of an object"
  : S extends undefined ? S
  : "this must be a schema, such as type({ … })";

/** Undoes what a step did: gets the context that its `run` saw and what it returned. */
export type RollbackFunction<R, P, RS, PS> = (
  ctx: Seen<R, RS>,
  output: Readonly<RollbackOutput<P, PS>>,
  info: RollbackInfo,
) => MaybePromise<unknown>;

/** A rollback handler with a retry policy and a timeout of its own. */
export interface RollbackPolicy<R, P, RS, PS> {
  /** Undoes what the step did. */
  readonly run: RollbackFunction<R, P, RS, PS>;
  /** When to try the undo again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt of the undo may take, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** Undoes what may have happened under a key: gets the context that `run` saw, and `effectKey` with its info. */
export type KeyUndoFunction<R, RS> = (
  ctx: Seen<R, RS>,
  info: RollbackInfo,
) => MaybePromise<unknown>;

/** An undo by key with a retry policy, a timeout and a wait of its own. */
export interface KeyUndoPolicy<R, RS> {
  /** Undoes what may have happened under the key. */
  readonly run: KeyUndoFunction<R, RS>;
  /** When to try the undo again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt of the undo may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /**
   * How long to wait before it, in milliseconds: for an undo that looks before it acts, until the other side is surely
   * through with the attempt. The run does not wait for it: it is reported to `onLate` and given to `waitUntil`.
   *
   * @default {0}
   */
  readonly afterMs?: number | undefined;
}

/** The definition of a step. */
export interface StepDefinition<R, P, N, RS, PS> {
  /** Names the step in reports, errors and idempotency keys. */
  readonly name: N;
  /** What the step needs of the context: a schema of an object. `run` sees what it makes of the context. */
  readonly requires?: ObjectSchema<RS>;
  /** What the step adds to the context: a schema of an object. The context gets what it makes of the output. */
  readonly provides?: ObjectSchema<PS>;
  /** Does the work, and returns only what it adds to the context, or nothing. */
  readonly run: RunFunction<R, P, RS, PS>;
  /** Undoes the work when a later step fails. */
  readonly rollback?:
    | RollbackFunction<R, P, RS, PS>
    | RollbackPolicy<R, P, RS, PS>
    | undefined;
  /**
   * Undoes an effect of which nobody has the output: the answer was lost, the attempt was given up and never landed, or
   * the process died. It is called once for each key under which there is no output, with that key as `effectKey`; the
   * next attempt has a new key. Without `rollback` it undoes what returned an output, too.
   */
  readonly undoByKey?: KeyUndoFunction<R, RS> | KeyUndoPolicy<R, RS> | undefined;
  /**
   * Promises that the same key is one effect, however often it is sent: all attempts have one key, nothing is undone
   * between them, and the effect is undone once, when no attempt is under way any more.
   *
   * @default {false}
   */
  readonly idempotent?: boolean | undefined;
  /** When to try again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /**
   * How long an attempt that was given up (timeout, abort) is still waited for before there is a retry or a rollback,
   * in milliseconds. If it succeeds by then, the step has succeeded, unless the run itself was given up; then its
   * effect is known in time, and is undone in its place in the rollback and its report. An abort does not cut this
   * time short.
   *
   * @default {0}
   */
  readonly graceMs?: number | undefined;
  /**
   * How long after an attempt was given up what it deferred, or its key, is undone even though it has not settled, in
   * milliseconds.
   *
   * @default {60_000}
   */
  readonly lateMs?: number | undefined;
  /**
   * Whether a retry may start while an attempt that was given up is still under way. With `"never"` it is waited for,
   * however long that takes; if it succeeds, the step has. An abort or the timeout of a pipeline ends that wait, and
   * then there is no retry. Under `concurrency` it keeps its place in the group until it has settled.
   *
   * @default {"allow"}
   */
  readonly overlap?: "allow" | "never" | undefined;
}
