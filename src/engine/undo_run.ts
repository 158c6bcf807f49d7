import type { Undo } from "../api/info.ts";
import type { RollbackFailure } from "../api/result.ts";
import { ConfigError, RollbackError } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import type { Journal } from "../run/journal.ts";
import { rollbackId } from "../run/paths.ts";
import { noteHolder, testKit } from "../run/runs_inside.ts";
import type { Run } from "../run/scope.ts";
import type { Place } from "../run/watch.ts";
import { release, tellNotReleased } from "./release.ts";
import type { OwnOptions } from "./run_options.ts";

/** Undoes a run that failed; returns what could not be undone. */
export function undoRun(
  run: Run,
  journal: Journal,
  error: Error,
  place: Place,
  id: string = place.path,
): Promise<readonly RollbackFailure[]> {
  // After a pivot, an undo that a standing success defers from now on does not run.
  if (!journal.committed) run.failedBy = error;
  return journal.unwind(error, place, 0, id);
}

/** Hands the undo of a successful run to the step that it ran in. */
export function handOverUndo(
  name: string,
  run: Run,
  journal: Journal,
  place: Place,
  defer: NonNullable<OwnOptions["defer"]>,
): void {
  const undo = undoLater(name, run, journal, place);
  if (run.releases) {
    noteHolder(undo, (outer) => {
      run.isHeldOutside = true;
      const free = async () => await release(run, place.watch);
      (outer.releases ??= []).push(free);
      // If the outer run has ended, the undo runs at once.
      if (outer.released) {
        outer.drain().then(free).then((lost) => tellNotReleased(outer, lost));
      }
    });
  }
  defer(undo);
}

/** Defers, in the step around the run, an undo that reports what is not undone. */
export function tellNotUndone(name: string, run: Run, journal: Journal, place: Place): void {
  const { defer }: OwnOptions = run.options;
  try {
    defer?.(undoLater(name, run, journal, place));
  } catch {
    // A durable host refuses functions. The run's own result still reports the failures.
  }
}

/** Undoes a run that has ended, on behalf of the step that it ran in. */
function undoLater(name: string, run: Run, journal: Journal, place: Place): Undo {
  return async ({ error }) => {
    testKit.takeOver?.(run, name);
    const failed = await undoRun(run, journal, error, place, rollbackId(place.path));
    await release(run, place.watch);
    const action = `undo the run of '${name}'`;
    if (failed.length > 0) {
      throw notUndoneError(action, failed, error, "all of it must be undone");
    }
    const { committed } = journal;
    if (committed !== undefined) {
      throw new RollbackError(`Cannot ${action} as its pivot '${committed}' has committed it`, []);
    }
  };
}

/** The error of a run inside an idempotent step, whose attempts would have different effects. */
export function idempotentAround(name: string, path: string): ConfigError {
  return new ConfigError(
    `Cannot run '${name}' in '${path}' as an idempotent step must not run what can be undone: put ` +
      `'${name}' into 'steps', or leave out 'idempotent'`,
  );
}

/** The error of a run inside a step that is unaware of it, and so could not undo it. */
export function lostUndo(name: string, path: string): ConfigError {
  return new ConfigError(
    `Cannot run '${name}' in '${path}' as its undo must not be lost: pass the info of '${path}' to ` +
      "run(args, info), or 'apart: true'",
  );
}
