/** One call of the user's code, as a {@linkcode Host} sees it. */
export interface Call {
  /**
   * The call's id, made of names and attempt numbers along the path: unique within the run, and the
   * same in every run of the same pipeline.
   */
  readonly id: string;
  /** The kind of code that is called. */
  readonly kind: "attempt" | "undo" | "predicate" | "item";
  /** The path of the step that it belongs to. */
  readonly path: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The context that the code receives. */
  readonly ctx: unknown;
  /** The time limit in milliseconds, after which the call is given up; absent if there is none. */
  readonly timeout?: number;
  /** For an undo: the output of the step. */
  readonly output?: unknown;
}

/** The outcome of a call. A failure of the user's code is a value, not a rejection. */
export type Outcome =
  | {
    readonly ok: true;
    readonly value: unknown;
    readonly deferred?: number | undefined;
  }
  | {
    readonly ok: false;
    readonly error: Error;
    /**
     * The number of undos that the attempt registered with `defer`. A host that records it lets a
     * replayed run report them as the original run did.
     */
    readonly deferred?: number | undefined;
    /**
     * The outcome of an abandoned attempt that settled while the engine still waited for it
     * (`graceMs`, `overlap: "never"`). The run undoes its effect; a host that records it lets a
     * replayed run do the same.
     */
    readonly late?: Outcome | undefined;
    /**
     * Present when the error was marked by `permanent`, so that nothing is tried again. A host that keeps it lets a
     * replayed run, which gets a copy of the error, end as the first one did.
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
   * Waits before a retry.
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
}
