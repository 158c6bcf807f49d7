import type { AttemptInfo } from "./attempt_info.ts";
import { Cancellation, followSignal, startTimeout, untilGivenUp } from "./cancel.ts";
import { abortedError, isRunsheetError, TimeoutError, toError } from "./errors.ts";
import type { Outcome } from "./types_host.ts";

/** How one call is bounded. */
export interface Bounds {
  /** What messages call it. */
  readonly path: string;
  /** How long it may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** What cancels it from outside. */
  readonly cancellation: Cancellation | undefined;
  /** What cancels it on behalf of the host. */
  readonly hostSignal: AbortSignal | undefined;
}

/** A call that is not waited for any more. */
export interface GivenUp {
  readonly ok: false;
  /** Why it was given up. */
  readonly error: Error;
  /** What it comes to in the end. */
  readonly running: Promise<Outcome>;
}

/** Calls the user's function once. Past its timeout or a cancellation it is given up. */
export async function callOnce(
  call: (info: AttemptInfo) => unknown,
  info: AttemptInfo,
  { path, timeout, cancellation, hostSignal }: Bounds,
): Promise<Outcome | GivenUp> {
  if (timeout === undefined && !hostSignal) {
    // What can only be cancelled together with others needs no cancellation of its own.
    return await cancellable(call, info, cancellation);
  }
  const [own, release] = cancellation?.child() ?? [new Cancellation(), undefined];
  const stopFollowing = hostSignal &&
    // A host may keep the time itself.
    followSignal(
      hostSignal,
      own,
      (reason) => isRunsheetError(reason, "TIMEOUT") ? reason : abortedError(path, reason),
    );
  const stopClock = timeout === undefined ? undefined : startTimeout(timeout, own, () => {
    const message =
      `Cannot finish '${path}' as it must settle within ${timeout} ms: it is still pending`;
    return new TimeoutError(message, timeout);
  });
  try {
    return await cancellable(call, info, own);
  } finally {
    release?.();
    stopFollowing?.();
    stopClock?.();
  }
}

async function cancellable(
  call: (info: AttemptInfo) => unknown,
  info: AttemptInfo,
  cancellation: Cancellation | undefined,
): Promise<Outcome | GivenUp> {
  if (cancellation?.error) return { ok: false, error: cancellation.error };
  info.cancellation = cancellation;
  const running = settle(call, info);
  // An attempt that has settled by the time it returns is never given up, even if it aborted the run itself.
  const outcome = running instanceof Promise ? await untilGivenUp(running, cancellation) : running;
  info.release();
  if (outcome) return outcome;
  // Now, and not when the caller resumes: it may have settled by then.
  info.deferredLate = [];
  return { ok: false, error: cancellation!.error!, running: running as Promise<Outcome> };
}

/** What a call comes to; at once unless it gives a promise, or any other thenable. */
function settle(
  call: (info: AttemptInfo) => unknown,
  info: AttemptInfo,
): Outcome | Promise<Outcome> {
  try {
    const value = call(info);
    if (!isThenable(value)) return { ok: true, value };
    return Promise.resolve(value).then(
      (value): Outcome => ({ ok: true, value }),
      (thrown): Outcome => ({ ok: false, error: toError(thrown) }),
    );
  } catch (thrown) {
    return { ok: false, error: toError(thrown) };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value &&
    typeof value.then === "function";
}
