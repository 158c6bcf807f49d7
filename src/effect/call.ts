import type { Outcome } from "../api/host.ts";
import { abortedError, isRunsheetError, TimeoutError, toError } from "../report/errors.ts";
import { Cancellation, followSignal, startTimeout } from "../run/cancellation.ts";
import { isPromise, isThenable, type MaybePromise } from "../values/maybe_promise.ts";
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
  const { effect: { timeout }, site: { path, scope: { cancellation } } } = attempt;
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
  const running = call(attempt);
  if (!isPromise(running)) {
    // An attempt that has settled by the time it returns is never given up, even if it aborted the run itself.
    attempt.release();
    end();
    return running;
  }
  return new Promise((resolve) => {
    // It may be cancelled already, and then it finishes before it could stop.
    let stopListening: (() => void) | undefined = undefined;
    const finish = (ended: Outcome | GivenUp) => {
      stopListening?.();
      attempt.release();
      end();
      resolve(ended);
    };
    stopListening = cancellation?.onCancel(() => {
      if (!cancellation.givenUp || attempt.isAbandoned) return;
      // Now, and not when the caller resumes: it may have settled by then.
      attempt.isAbandoned = true;
      finish({ ok: false, error: cancellation.error!, running });
    });
    running.then(finish);
  });
}

/** How a call ends; at once unless it gives a promise, or any other thenable. */
export function call(attempt: Attempt): MaybePromise<Outcome> {
  try {
    const value = attempt.effect.call(attempt.site, attempt);
    if (!isThenable(value)) return succeed(attempt, value);
    return Promise.resolve(value).then(
      (value) => succeed(attempt, value),
      (thrown) => fail(attempt, thrown),
    );
  } catch (thrown) {
    return fail(attempt, thrown);
  }
}

function succeed(attempt: Attempt, value: unknown): Outcome {
  attempt.hasSettled = true;
  return { ok: true, value };
}

/** What it failed with is what it was told to stop for, if it says no more than that it has stopped. */
function fail(attempt: Attempt, thrown: unknown): Outcome {
  attempt.hasSettled = true;
  const { cancellation, hasSignal } = attempt;
  const error = toError(thrown);
  const isTold = cancellation && !cancellation.givenUp && cancellation.explains(error, hasSignal);
  return { ok: false, error: isTold ? cancellation.error! : error };
}
