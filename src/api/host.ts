/** One call of the user's code, as a {@linkcode Host} sees it. */
export interface Call {
  /** Unique within the run and the same in every run of the same pipeline: names and attempts along the path. */
  readonly id: string;
  /** What kind of code it is. */
  readonly kind: "attempt" | "undo" | "predicate" | "item";
  /** The path of the step it belongs to. */
  readonly path: string;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  /** The context it sees. */
  readonly ctx: unknown;
  /** How long it may take before it is given up, in milliseconds; absent when it may take for ever. */
  readonly timeout?: number;
  /** What the step had returned, for an undo. */
  readonly output?: unknown;
}

/** What a call came to: failures of the user's code are values, not rejections. */
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
     * How many undos the attempt registered by `defer`. A host that keeps it lets a replayed run report them as the
     * first one did.
     */
    readonly deferred?: number | undefined;
    /**
     * What an attempt that was given up came to while it was still waited for (`graceMs`, `overlap: "never"`). Its
     * effect is undone in the run: a host that keeps it lets a replayed run do the same.
     */
    readonly late?: Outcome | undefined;
  };

/**
 * The seam for durable engines, tracing and fault injection: every effect the user wrote, and every wait between
 * attempts, goes through it. A rejection is the host's own signal (suspend, cancel): it passes through `run()`, the
 * only one that does, and nothing is rolled back.
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
   * @param call What is called.
   * @param fn Calls it; never rejects. A signal given to it cancels the attempt; one that aborts with a `TimeoutError`
   * makes it fail with that, as if its own `timeout` were over.
   */
  perform(
    call: Call,
    fn: (signal?: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome>;
  /**
   * Waits before a retry.
   *
   * @param call The wait's id.
   * @param ms How long, in milliseconds.
   * @param signal Ends the wait when the run is cancelled. Each wait has its own.
   */
  sleep(
    call: { readonly id: string },
    ms: number,
    signal?: AbortSignal,
  ): Promise<void>;
}
