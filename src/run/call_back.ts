import { isThenable } from "../values/maybe_promise.ts";

/**
 * Calls back the run's caller. An error thrown there, or in a promise returned from there, is
 * printed: an unhandled rejection would end the process, and the runs of others with it.
 */
export function callBack(call: () => unknown): void {
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, print);
  } catch (thrown) {
    print(thrown);
  }
}

function print(thrown: unknown): void {
  try {
    console.error("A run's 'onLate' or 'waitUntil' failed, which changes no run:", thrown);
  } catch {
    // Nor does a console that throws.
  }
}
