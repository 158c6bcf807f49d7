import type { Undo } from "../api/info.ts";
import type { RollbackFailure } from "../api/result.ts";
import type { Caller } from "../effect/caller.ts";
import { ConfigError, RollbackError } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import type { Around } from "../run/around.ts";
import type { Journal } from "../run/journal.ts";
import { rollbackId } from "../run/paths.ts";
import { noteHolder, testKit } from "../run/runs_inside.ts";
import type { Release, Run } from "../run/scope.ts";
import type { Place } from "../run/watch.ts";
import { release, tellNotReleased } from "./release.ts";
import type { OwnOptions } from "./run_options.ts";

/** A run that can be undone, and its place. */
export interface Undoable extends Run, Place {
  readonly node: { readonly name: string };
  readonly journal: Journal;
}

/** Undoes a run that failed; returns what could not be undone. */
export function undoRun(
  run: Undoable,
  error: Error,
  id: string = run.path,
): Promise<readonly RollbackFailure[]> {
  const { journal } = run;
  // After a pivot, an undo that a standing success defers from now on does not run.
  if (!journal.committed) run.failedBy = error;
  return journal.unwind(error, run, 0, id);
}

/** Hands the undo of a successful run to the step that it ran in. */
export function handOverUndo(run: Undoable, defer: NonNullable<OwnOptions["defer"]>): void {
  const undo = undoLater(run);
  noteHolder(undo, (outer) => {
    run.holder = outer;
    if (run.releases) holdIn(outer, async () => await release(run, run.watch));
  });
  defer(undo);
}

/** Makes a run call `free` when it releases its resources. */
function holdIn(run: Run, free: Release): void {
  if (run.released && run.holder) return holdIn(run.holder, free);
  (run.releases ??= []).push(free);
  // If the run has ended, what needs the resource is undone at once.
  if (run.released) {
    run.drain().then(() => free(undefined)).then((lost) => tellNotReleased(run, lost));
  }
}

/** Defers, in the step around the run, an undo that reports what is not undone. */
export function tellNotUndone(run: Undoable): void {
  const { defer }: OwnOptions = run.options;
  try {
    defer?.(undoLater(run));
  } catch {
    // A durable host refuses functions. The run's own result still reports the failures.
  }
}

/** Undoes a run that has ended, on behalf of the step that it ran in. */
function undoLater(run: Undoable): Undo {
  return async ({ error }) => {
    const { node: { name }, journal, path, watch } = run;
    testKit.takeOver?.(run, name);
    const failed = await undoRun(run, error, rollbackId(path));
    await release(run, watch);
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

/** Why a run that can be undone must not succeed inside a step, which may be unaware of it. */
export function refusalInside(
  name: string,
  around: Around | undefined,
  unaware: Caller | undefined,
): ConfigError | undefined {
  if (around?.effect.idempotent) {
    return new ConfigError(
      `Cannot run '${name}' in '${around.path}' as an idempotent step must not run what can be ` +
        `undone: put '${name}' into 'steps', or leave out 'idempotent'`,
    );
  }
  if (!unaware) return undefined;
  const { path, effect, extra } = unaware;
  // Neither the predicates of branches nor the function of a fallback receive an info.
  const hasInfo = effect.kind === "attempt" || extra?.index !== undefined;
  const remedy = hasInfo
    ? `pass the info of '${path}' to run(args, info)`
    : `run '${name}' in a step, which has an info to pass`;
  return new ConfigError(
    `Cannot run '${name}' in '${path}' as its undo must not be lost: ${remedy}, or 'apart: true'`,
  );
}
