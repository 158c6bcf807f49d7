import type { Outcome } from "../api/host.ts";
import { abortedError, isRunsheetError, TimeoutError, toError } from "../report/errors.ts";
import { Cancellation, followSignal, startTimeout } from "../run/cancellation.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import type { Attempt } from "./attempt.ts";

/** A call that is not waited for any more. */
export interface GivenUp {
  readonly ok: false;
  /** Why it was given up. */
  readonly error: Error;
  /** How it ends. */
  readonly running: Promise<Outcome>;
}

/** Calls the user's function once. Past its timeout or a cancellation it is given up. */
export function callOnce(
  attempt: Attempt,
  hostSignal: AbortSignal | undefined,
): MaybePromise<Outcome | GivenUp> {
  const { effect: { timeout }, path, scope: { cancellation } } = attempt;
  if (timeout === undefined && !hostSignal) {
    // What can only be cancelled together with others needs no cancellation of its own.
    return callUntilGivenUp(attempt, cancellation, () => {});
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
  return callUntilGivenUp(attempt, own, () => {
    release?.();
    stopFollowing?.();
    stopClock?.();
  });
}

/** Calls `end` once the call has settled or is given up. */
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
    // An attempt that has settled by the time it returns is never given up, even if it aborted the run itself.
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

// The promise is given `resolve` itself: the engine follows it to the caller's frames, as it does not follow a closure.
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

/** What it failed with is what it was told to stop for, if it says no more than that it has stopped. */
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
