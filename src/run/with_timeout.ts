import { timeoutError } from "../report/errors.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { Cancellation } from "./cancellation.ts";
import { recordId } from "./paths.ts";
import type { Scope } from "./scope.ts";

/** Does the work of a node with a cancellation of its own, which is cancelled after the timeout. */
export async function withTimeout<T>(
  what: string,
  timeout: number | undefined,
  scope: Scope,
  work: (cancellation: Cancellation) => MaybePromise<T>,
): Promise<T> {
  const cancellation = new Cancellation(scope.cancellation);
  const stopClock = timeout === undefined
    ? undefined
    : startClock(scope, timeout, () => cancellation.cancel(timeoutError(what, timeout)));
  try {
    return await work(cancellation);
  } finally {
    stopClock?.();
    cancellation.release();
  }
}

/** Starts a timer, or a wait of a durable host, which records that the time is up. */
function startClock({ path, run: { seam } }: Scope, ms: number, timeOut: () => void): () => void {
  if (!seam.durable) {
    // Not `AbortSignal.timeout`: on Node it holds memory until it fires, and it keeps no process
    // alive.
    const timer = setTimeout(timeOut, ms);
    return () => clearTimeout(timer);
  }
  const wait = new Cancellation();
  seam.sleep(recordId(path, "timeout"), ms, wait).then(
    () => {
      if (!wait.error) timeOut();
    },
    () => {}, // The host's own signal, which ends the run by itself.
  );
  return () => wait.cancel(new Error("the pipeline has ended"));
}
