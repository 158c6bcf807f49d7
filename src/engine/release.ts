import type { RollbackFailure } from "../api/result.ts";
import { callBack } from "../run/call_back.ts";
import type { Run } from "../run/scope.ts";
import type { Watch } from "../run/watch.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";

const NONE: readonly RollbackFailure[] = Object.freeze([]);

/**
 * Releases the run's resources once, the latest first, when no attempt can land any longer. Returns
 * the releases that failed.
 */
export function release(
  run: Run,
  watch: Watch | undefined,
): MaybePromise<readonly RollbackFailure[]> {
  return run.released ??= run.releases ? releaseAll(run, run.releases, watch) : NONE;
}

async function releaseAll(
  run: Run,
  releases: NonNullable<Run["releases"]>,
  watch: Watch | undefined,
): Promise<readonly RollbackFailure[]> {
  const unwind = async () => {
    const failures = [];
    for (const free of releases.reverse()) failures.push(...await free(watch));
    return failures;
  };
  if (!run.isWatching) return await unwind();
  run.limitWatching();
  const later = run.drain().then(unwind).then((failures) => tellNotReleased(run, failures));
  callBack(() => run.options.waitUntil?.(later));
  run.around?.scope.run.trackLate(later);
  return NONE;
}

/** Reports releases that failed after the run had ended. */
export function tellNotReleased(run: Run, failures: readonly RollbackFailure[]): void {
  for (const { step, error } of failures) {
    run.tellLate({ step, attempt: 1, outcome: "failed", error, undo: true });
  }
}
