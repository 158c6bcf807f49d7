import type { Outcome } from "../api/host.ts";
import { abortedError, isRunsheetError, TimeoutError, toError } from "../report/errors.ts";
import { Cancellation, followSignal, startTimeout } from "../run/cancellation.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import type { Attempt } from "./attempt.ts";

/** A call that the engine no longer waits for. */
export interface GivenUp {
  readonly ok: false;
  readonly error: Error;
  /** Its eventual outcome. */
  readonly running: Promise<Outcome>;
}

/** Calls the user's function once, and gives it up after a timeout or a cancellation. */
export function callOnce(
  attempt: Attempt,
  hostSignal: AbortSignal | undefined,
): MaybePromise<Outcome | GivenUp> {
  const { effect: { timeout }, path, scope: { cancellation } } = attempt;
  if (timeout === undefined && !hostSignal) {
    // Without a signal or a clock of its own, the attempt can share the scope's cancellation.
    return callUntilGivenUp(attempt, cancellation, () => {});
  }
  const [own, release] = cancellation?.child() ?? [new Cancellation(), undefined];
  const stopFollowing = hostSignal &&
    // A host may enforce the timeout itself.
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
  return callUntilGivenUp(attempt, own, () => {
    release?.();
    stopFollowing?.();
    stopClock?.();
  });
}

/** Calls `end` as soon as the call settles or is given up. */
function callUntilGivenUp(
  attempt: Attempt,
  cancellation: Cancellation | undefined,
  end: () => void,
): MaybePromise<Outcome | GivenUp> {
  if (cancellation?.error) {
    end();
    return { ok: false, error: cancellation.error };
  }
  attempt.cancellation = cancellation;
  let outcome: Outcome;
  try {
    const value = attempt.effect.call(attempt);
    if (isThenable(value)) return waitUntilGivenUp(attempt, value, cancellation, end);
    // A synchronous call is never given up, even if it aborted the run itself.
    outcome = { ok: true, value };
  } catch (thrown) {
    outcome = failed(attempt, thrown);
  }
  attempt.hasSettled = true;
  attempt.release();
  end();
  return outcome;
}

const GIVEN_UP = Symbol("given up");

// Pass `resolve` itself: V8 follows it to the caller's stack frames, but not a closure around it.
async function waitUntilGivenUp(
  attempt: Attempt,
  promise: PromiseLike<unknown>,
  cancellation: Cancellation | undefined,
  end: () => void,
): Promise<Outcome | GivenUp> {
  let stopListening: (() => void) | undefined;
  try {
    const value = await new Promise((resolve, reject) => {
      promise.then(resolve, reject);
      stopListening = cancellation?.onCancel(() => {
        if (!cancellation.givenUp || attempt.hasSettled) return;
        attempt.isAbandoned = true;
        resolve(GIVEN_UP);
      });
    });
    if (value === GIVEN_UP) {
      return { ok: false, error: cancellation!.error!, running: settleLate(attempt, promise) };
    }
    attempt.isAbandoned = false;
    attempt.hasSettled = true;
    return { ok: true, value };
  } catch (thrown) {
    attempt.isAbandoned = false;
    attempt.hasSettled = true;
    return failed(attempt, thrown);
  } finally {
    stopListening?.();
    attempt.release();
    end();
  }
}

/**
 * The failed outcome of a call. An error that only reports the cancellation becomes the
 * cancellation's own error.
 */
export function failed(attempt: Attempt, thrown: unknown): Outcome & { readonly ok: false } {
  const { cancellation, hasSignal } = attempt;
  const error = toError(thrown);
  const isTold = cancellation && !cancellation.givenUp && cancellation.explains(error, hasSignal);
  return { ok: false, error: isTold ? cancellation.error! : error };
}

async function settleLate(attempt: Attempt, promise: PromiseLike<unknown>): Promise<Outcome> {
  try {
    return { ok: true, value: await promise };
  } catch (thrown) {
    return { ok: false, error: toError(thrown) };
  } finally {
    attempt.hasSettled = true;
  }
}
