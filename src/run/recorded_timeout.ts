import { Cancellation, startTimeout } from "./cancellation.ts";
import { recordId } from "./paths.ts";
import type { Scope } from "./scope.ts";
import type { Seam } from "./seam.ts";

/**
 * Cancels after `ms` milliseconds through a wait of the host, which records that the time is up.
 * Returns a function that ends the wait.
 */
function startRecordedTimeout(
  seam: Seam,
  id: string,
  ms: number,
  cancellation: Cancellation,
  toError: () => Error,
): () => void {
  const wait = new Cancellation();
  seam.sleep(id, ms, wait).then(
    () => {
      if (!wait.error) cancellation.cancel(toError());
    },
    () => {}, // The host's own signal, which ends the run by itself.
  );
  return () => wait.cancel(new Error("the pipeline has ended"));
}

/** Starts a node's timeout, which a durable host records; returns a function that stops it. */
export function startClock(
  { path, run: { seam } }: Scope,
  ms: number,
  cancellation: Cancellation,
  toError: () => Error,
): () => void {
  return seam.durable
    ? startRecordedTimeout(seam, recordId(path, "timeout"), ms, cancellation, toError)
    : startTimeout(ms, cancellation, toError);
}
