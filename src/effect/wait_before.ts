import type { Cancellation } from "../run/cancellation.ts";
import { waitId } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import type { WatchedAttempt } from "../run/watch.ts";

/** Waits before the attempt with a number, inside a span if the run is observed. */
export function waitBefore(
  number: number,
  ms: number,
  first: WatchedAttempt,
  { run, watch }: Scope,
  cancellation: Cancellation | undefined,
): Promise<void> {
  const id = waitId(first.id, number);
  const sleeping = run.seam.sleep(id, ms, cancellation);
  watch?.wait(first, { id, ms, attempt: number }, sleeping);
  return sleeping;
}
