import type { RollbackInfo, RunInfo, UndoPolicy } from "../api/info.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Seen } from "./step.ts";

/** Releases what `acquire` returned. */
export type ReleaseFunction<V> = (
  value: V,
  info: Pick<RollbackInfo, "signal" | "attempt">,
) => unknown;

/** The definition of a resource. */
export interface ResourceDefinition<R, V, N> {
  /** The step's name, which is also the key of the value in the context. */
  readonly name: N;
  /** Acquires the resource. */
  readonly acquire: (
    ctx: Seen<R, undefined>,
    info: Pick<RunInfo, "signal" | "attempt">,
  ) => MaybePromise<V>;
  /**
   * Releases it: a function, or `{ run, retry, timeout }`. By default, the value is disposed of by
   * its `Symbol.asyncDispose` or `Symbol.dispose`.
   */
  readonly release?: ReleaseFunction<V> | UndoPolicy<ReleaseFunction<V>> | undefined;
  /** When to retry the acquisition; by default, never. */
  readonly retry?: RetryPolicy | undefined;
  /**
   * The time limit of one attempt to acquire it, in milliseconds; by default, none. A resource that
   * is acquired after that is released at once.
   */
  readonly timeout?: number | undefined;
}
