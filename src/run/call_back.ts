/**
 * Calls back the run's caller. An error thrown there does not fail the run, but becomes an
 * unhandled rejection.
 */
export function callBack(call: () => void): void {
  try {
    call();
  } catch (thrown) {
    Promise.reject(thrown);
  }
}
