import type { Run } from "../run/scope.ts";
import type { Effect } from "./attempt.ts";

/** Default time, in milliseconds, that is left to an attempt that never settles. */
export const LATE_MS = 60_000;

/**
 * Tracks a call that the run does not wait for. Its resources are released after it, but no later
 * than after `lateMs`.
 */
export function trackCall(
  run: Run,
  { lateMs = LATE_MS }: Pick<Effect, "lateMs">,
  call: Promise<unknown>,
): void {
  let stopWaiting = () => {};
  const waiting = new Promise<void>((resolve) => stopWaiting = resolve);
  let clock: ReturnType<typeof setTimeout> | undefined;
  let limit = () => {
    clock ??= setTimeout(stopWaiting, lateMs);
  };
  const stop = () => {
    clearTimeout(clock);
    // A run learns a little later that the call has ended.
    limit = () => {};
  };
  call.then(stop, stop);
  run.trackLate(Promise.race([call, waiting]), () => limit());
}
