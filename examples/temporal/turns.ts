// Must be imported before runsheet, which takes turns by `setImmediate`. A workflow has none, and
// each `setTimeout` would be a timer in its history.
import { CancellationScope, condition } from "@temporalio/workflow";

/** Calls a function once the workflow can do nothing more by itself. */
function setImmediate(next: () => void): void {
  let isDue = false;
  // Temporal checks conditions only after it has run all microtasks.
  void CancellationScope.nonCancellable(() => condition(() => isDue)).then(next);
  isDue = true;
}

Object.assign(globalThis, { setImmediate });
