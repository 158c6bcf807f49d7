import type { Outcome } from "../api/host.ts";
import { toError } from "../report/errors.ts";
import { isThenable } from "../values/maybe_promise.ts";
import type { Attempt } from "./attempt.ts";
import { calling } from "./caller.ts";
import { GIVEN_UP, startCutoff } from "./cutoff.ts";

/** A call that the engine no longer waits for. */
export interface GivenUp {
  readonly ok: false;
  readonly error: Error;
  /** Its eventual outcome. */
  readonly running: Promise<Outcome>;
}

/** Calls the user's function, inside the attempt's span if it is observed. */
export function callUser(attempt: Attempt): unknown {
  const { effect, watch } = attempt;
  const outer = calling.by;
  calling.by = attempt;
  try {
    return watch ? watch.within(() => effect.call(attempt)) : effect.call(attempt);
  } finally {
    calling.by = outer;
  }
}

/** Calls the user's function once, and gives it up after a timeout or a cancellation. */
export async function callOnce(
  attempt: Attempt,
  hostSignal?: AbortSignal,
): Promise<Outcome | GivenUp> {
  const cutoff = startCutoff(attempt, hostSignal);
  try {
    if (cutoff?.error) return { ok: false, error: cutoff.error };
    const value = callUser(attempt);
    const landed = isThenable(value) ? await (cutoff?.follow(value) ?? value) : value;
    if (landed === GIVEN_UP) return givenUp(attempt);
    attempt.hasSettled = true;
    return { ok: true, value: landed };
  } catch (thrown) {
    return failed(attempt, thrown);
  } finally {
    attempt.endCall();
  }
}

/** A call that was given up. */
export function givenUp(attempt: Attempt): GivenUp {
  const { call, error } = attempt.cutoff!;
  return { ok: false, error: error!, running: settleLate(attempt, call!) };
}

/**
 * The failed outcome of a call. An error that only reports the cancellation becomes the
 * cancellation's own error.
 */
export function failed(attempt: Attempt, thrown: unknown): Outcome & { readonly ok: false } {
  attempt.hasSettled = true;
  const { cancellation, hasSignal } = attempt;
  const error = toError(thrown);
  const isExplained = cancellation && !cancellation.givenUp &&
    cancellation.explains(error, hasSignal);
  return { ok: false, error: isExplained ? cancellation.error! : error };
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
