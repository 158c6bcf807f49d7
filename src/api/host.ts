/** One call of the user's code, as a {@linkcode Host} sees it. */
export interface Call {
  /**
   * The call's id, made of names and attempt numbers along the path: unique within the run, and the
   * same in every run of the same pipeline.
   */
  readonly id: string;
  /**
   * The kind of code that is called. Only a durable host is asked for the validated args of a
   * pipeline (`"args"`) and for the collection of a combinator (`"collection"`).
   */
  readonly kind: "attempt" | "undo" | "predicate" | "item" | "args" | "collection";
  /** The path of the step that it belongs to. */
  readonly path: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The context that the code receives. */
  readonly ctx: unknown;
  /** The time limit in milliseconds, after which the call is given up; absent if there is none. */
  readonly timeout?: number;
  /** The id of the run. */
  readonly runId: string;
  /** The idempotency key that the code receives. */
  readonly key: string;
  /** For an item of a collection: the item. */
  readonly item?: unknown;
  /** For an item of a collection: its index, from 0. */
  readonly index?: number;
  /** For an undo: the output of the step. */
  readonly output?: unknown;
  /** For an undo: its reason. */
  readonly error?: Error;
  /** For an undo: the key of the effect to undo. */
  readonly effectKey?: string;
  /** For an undo deferred by name: its name among the step's `undos`, and its data. */
  readonly undo?: NamedUndo;
}

/** An undo that was deferred by name, so that another process can carry it out. */
export interface NamedUndo {
  /** The key of the handler in the step's `undos`. */
  readonly name: string;
  /** The data that the handler receives. */
  readonly data: unknown;
}

/**
 * The undos that an attempt registered with `defer`: their number, or a list with the name and data
 * of each named one. A host that records them lets a replayed run carry them out and report them as
 * the original run did.
 */
export type Deferred = number | readonly (NamedUndo | undefined)[];

/** The outcome of a call. A failure of the user's code is a value, not a rejection. */
export type Outcome =
  | {
    readonly ok: true;
    readonly value: unknown;
    readonly deferred?: Deferred | undefined;
  }
  | {
    readonly ok: false;
    readonly error: Error;
    /** The undos that the attempt deferred. */
    readonly deferred?: Deferred | undefined;
    /**
     * Present if the attempt ended only because its run or group was cancelled. The error may be a
     * copy by the time the engine sees it.
     */
    readonly cancelled?: true;
    /** The value that the attempt returned, if the host could not record it: it is undone. */
    readonly value?: unknown;
    /** Under a durable host: the answer of `retryIf`, which is not asked again. */
    readonly retry?: boolean | undefined;
    /**
     * The outcome of an abandoned attempt that settled while the engine still waited for it
     * (`graceMs`, `overlap: "never"`). The run undoes its effect; a host that records it lets a
     * replayed run do the same.
     */
    readonly late?: Outcome | undefined;
    /**
     * Present if the error was marked by `permanent`, so that nothing is retried. A host that keeps
     * it lets a replayed run, which gets a copy of the error, end as the first one did.
     */
    readonly permanent?: boolean | undefined;
  };

/**
 * The seam for durable engines, tracing and fault injection: every call of user code that may have
 * effects, and every wait between attempts, goes through it. A rejection is the host's own signal
 * (suspend, cancel). It is the only rejection that passes through `run()`, and nothing is rolled
 * back after it.
 *
 * @example Trace every call
 * ```ts
 * import { type Host, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 * import { delay } from "@std/async/delay";
 *
 * const ids: string[] = [];
 * const tracing: Host = {
 *   perform(call, fn) {
 *     ids.push(call.id);
 *     return fn();
 *   },
 *   sleep: (_call, ms, signal) => delay(ms, signal ? { signal } : {}),
 * };
 * await step({ name: "hello", run: () => ({ hello: "world" }) }).run({}, { host: tracing });
 * assertEquals(ids, ["hello@1"]);
 * ```
 */
export interface Host {
  /**
   * Makes the call, or answers from the record of an earlier one.
   *
   * @param call A description of the call.
   * @param fn Makes the call; never rejects. A signal passed to it cancels the attempt. If the
   * signal aborts with a `TimeoutError`, the attempt fails with that error, as if its own `timeout`
   * had expired.
   */
  perform(
    call: Call,
    fn: (signal?: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome>;
  /**
   * Waits: before a retry, for `sleep`, before an undo by key, and, if the host is durable, for the
   * timeout of a pipeline.
   *
   * @param call The wait's id.
   * @param ms The duration in milliseconds.
   * @param signal Ends the wait when the run is cancelled. Each wait has its own signal.
   */
  sleep(
    call: { readonly id: string },
    ms: number,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Waits for an event from outside the run, for `waitFor`.
   *
   * @param id The wait's id.
   * @param name The event's name.
   * @param signal Ends the wait when the run is cancelled.
   * @returns The event's data.
   */
  event?(id: string, name: string, signal?: AbortSignal): Promise<unknown>;
  /**
   * Present if the host records the run and can continue it in another process. The engine then
   * sends everything through the host that may give another value when it is repeated.
   */
  readonly durable?: DurableHost | undefined;
  /**
   * Carries out the calls and waits that acquire and release resources, for a test kit. Without it,
   * they go through no host, as their values live in one process only. It must not reject.
   */
  readonly resources?: Host | undefined;
  /**
   * Called with `1` when user code outside of calls (middleware, asynchronous schemas) starts or
   * resumes, and with `-1` when it ends or waits for a call. While the sum is 0, the run gets as
   * far as it can within one turn of the event loop.
   */
  outside?(change: 1 | -1): void;
}

/** The requirements of a host that continues runs in another process. */
export interface DurableHost {
  /**
   * How long to wait for an abandoned attempt inside its call, in milliseconds, so that nothing
   * lands after the run has ended.
   */
  readonly lateMs: number;
  /** Cancels the run, which is then rolled back. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the run is at an outcome from the record, for the spans of its waits. */
  readonly isReplaying?: boolean | undefined;
  /** Throws if the data of a named undo cannot be recorded. */
  readonly check?: ((data: unknown) => void) | undefined;
}
