import { Cancellation } from "./cancellation.ts";
import type { Seam } from "./seam.ts";

/**
 * Cancels after `ms` milliseconds by a wait of the host, which records that the time was over.
 * Returns a function that ends the wait.
 */
export function startRecordedTimeout(
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
