import type { Outcome } from "../api/host.ts";
import type { Patience } from "../api/policy.ts";
import { Cancellation, startTimeout, untilCancelled, untilGivenUp } from "../run/cancellation.ts";
import type { GivenUp } from "./call.ts";

/**
 * Waits for a call that was given up: as long as its grace says, and then, if it must not overlap with the retry that
 * is due, until it has settled or the retry is cancelled. Gives what it came to, or `undefined` if it is still under way.
 */
export async function outlast(
  call: GivenUp,
  { graceMs = 0, overlap }: Patience,
  cancellation: Cancellation | undefined,
  isRetryDue: () => boolean,
): Promise<Outcome | undefined> {
  const late = graceMs > 0 ? await within(graceMs, call) : undefined;
  if (late || overlap !== "never" || cancellation?.error || !isRetryDue()) return late;
  return await (cancellation ? untilCancelled(call.running, cancellation) : call.running);
}

async function within(
  ms: number,
  { error, running }: GivenUp,
): Promise<Outcome | undefined> {
  const grace = new Cancellation();
  const stopClock = startTimeout(ms, grace, () => error);
  try {
    return await untilGivenUp(running, grace);
  } finally {
    stopClock();
  }
}
