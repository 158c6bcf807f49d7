import type { Outcome } from "../api/host.ts";
import { abortedError, isRunsheetError, TimeoutError, toError } from "../report/errors.ts";
import { Cancellation, followSignal, startTimeout } from "../run/cancellation.ts";
import type { Context } from "../values/context.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import type { AttemptInfo } from "./info.ts";

/** How one call is bounded. */
export interface Bounds {
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

/** What is to be called. */
export interface Callable {
  /** Calls the user's function. */
  readonly call: (site: Site, info: AttemptInfo) => unknown;
}

/** Where in a run an effect stands; apart from the effect itself, which serves all runs. */
export interface Site {
  /** Its id without the attempt. */
  readonly id: string;
  /** What messages and reports call it. */
  readonly path: string;
  /** The context it sees. */
  readonly ctx: Context;
  /** What is to be undone. */
  readonly output?: unknown;
  /** The item of a collection that it is called for, and the item's number. */
  readonly item?: unknown;
  readonly index?: number;
}

/** Calls the user's function once. Past its timeout or a cancellation it is given up. */
export function callOnce(
  effect: Callable,
  site: Site,
  info: AttemptInfo,
  { timeout, cancellation, hostSignal }: Bounds,
): MaybePromise<Outcome | GivenUp> {
  const { path } = site;
  if (timeout === undefined && !hostSignal) {
    // What can only be cancelled together with others needs no cancellation of its own.
    return callUntilGivenUp(effect, site, info, cancellation, () => {});
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
  return callUntilGivenUp(effect, site, info, own, () => {
    release?.();
    stopFollowing?.();
    stopClock?.();
  });
}

/** Calls `end` once the call has settled or is given up. */
function callUntilGivenUp(
  effect: Callable,
  site: Site,
  info: AttemptInfo,
  cancellation: Cancellation | undefined,
  end: () => void,
): MaybePromise<Outcome | GivenUp> {
  if (cancellation?.error) {
    end();
    return { ok: false, error: cancellation.error };
  }
  info.cancellation = cancellation;
  const running = settle<Outcome>(effect, site, info, (outcome) => outcome);
  if (!(running instanceof Promise)) {
    // An attempt that has settled by the time it returns is never given up, even if it aborted the run itself.
    info.release();
    end();
    return running;
  }
  return new Promise((resolve) => {
    // It may be cancelled already, and then it finishes before it could stop.
    let stopListening: (() => void) | undefined = undefined;
    const finish = (ended: Outcome | GivenUp) => {
      stopListening?.();
      info.release();
      end();
      resolve(ended);
    };
    stopListening = cancellation?.onCancel(() => {
      if (!cancellation.givenUp || info.deferredLate) return;
      // Now, and not when the caller resumes: it may have settled by then.
      info.deferredLate = [];
      finish({ ok: false, error: cancellation.error!, running });
    });
    running.then(finish);
  });
}

/**
 * Goes on with what a call comes to; at once unless it gives a promise, or any other thenable. One promise serves for
 * both, as each more would take 5 % of the time of a run.
 */
export function settle<T>(
  effect: Callable,
  site: Site,
  info: AttemptInfo,
  next: (outcome: Outcome) => MaybePromise<T>,
): MaybePromise<T> {
  let outcome: Outcome;
  try {
    const value = effect.call(site, info);
    if (isThenable(value)) {
      return Promise.resolve(value).then(
        (value) => next({ ok: true, value }),
        (thrown) => next(failed(info, thrown)),
      );
    }
    outcome = { ok: true, value };
  } catch (thrown) {
    outcome = failed(info, thrown);
  }
  return next(outcome);
}

/** What a call failed with: what it was told to stop for, if it says no more than that it has stopped. */
function failed({ cancellation, hasSignal }: AttemptInfo, thrown: unknown): Outcome {
  const error = toError(thrown);
  const isTold = cancellation && !cancellation.givenUp && cancellation.explains(error, hasSignal);
  return { ok: false, error: isTold ? cancellation.error! : error };
}
