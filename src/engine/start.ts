import type { Undo } from "../api/info.ts";
import type { Result, RollbackFailure, RollbackReport } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { callerOf } from "../effect/caller.ts";
import { performUndo } from "../effect/undo.ts";
import {
  abortedError,
  ArgsValidationError,
  ConfigError,
  RollbackError,
  signalError,
  toError,
} from "../report/errors.ts";
import { errorWith } from "../report/error_with.ts";
import { refusalError, refusedByReading } from "../report/refusal.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { callBack } from "../run/call_back.ts";
import { Cancellation, followSignal } from "../run/cancellation.ts";
import { Journal } from "../run/journal.ts";
import { keepAlive } from "../run/keep_alive.ts";
import { labelOf, labels, rollbackId } from "../run/paths.ts";
import { noteHolder } from "../run/runs_inside.ts";
import { ChildScope, Run } from "../run/scope.ts";
import { Seam } from "../run/seam.ts";
import { failure, settle, type Settled } from "../run/settled.ts";
import type { Place, Watch } from "../run/watch.ts";
import { type Context, copyObject, EMPTY } from "../values/context.ts";
import { list, message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { isPromise } from "../values/maybe_promise.ts";
import { beginRun } from "./begin_run.ts";
import { checkDeps } from "./check_deps.ts";
import type { Node } from "./node.ts";
import { checkRunOptions, type OwnOptions } from "./run_options.ts";

// Shared, so that a run without options checks none and creates no seam.
const NO_OPTIONS: OwnOptions = {};

const DIRECT = new Seam(undefined);

/** Runs a node for the user, inside a span if it is observed. */
export function startRun(
  node: Node,
  input: unknown,
  given?: RunOptions,
): Promise<Result<Context>> {
  const path = node.kind === "pipeline" ? "" : labelOf(node.name);
  const watch = beginRun(node, path, given);
  return watch
    ? watch.run(() => carryOut(node, path, input, watch, given))
    : carryOut(node, path, input, undefined, given);
}

/** Creates the scope of a run, and rolls back if it fails. */
async function carryOut(
  node: Node,
  path: string,
  input: unknown,
  watch: Watch | undefined,
  given: OwnOptions = NO_OPTIONS,
): Promise<Result<Context>> {
  const { name } = node;
  const isPipeline = node.kind === "pipeline";
  const children = isPipeline ? undefined : node.parts && labelsOf(node.parts.children);
  let args = EMPTY;
  let run: Run | undefined;
  let journal: Journal | undefined;
  let boundary = "<options>";
  let stopFollowing: (() => void) | undefined;
  let stopHost: (() => void) | undefined;
  let letGo: (() => void) | undefined;
  let isHeldOutside = false;
  let settled: Settled;
  try {
    const options = given === NO_OPTIONS ? given : checkRunOptions(name, given);
    const caller = options.apart ? undefined : callerOf(options.signal);
    const seam = options.host ? new Seam(options.host) : DIRECT;
    const own = run = new Run(seam, options, isPipeline ? name : "", watch?.span.runId);
    if (children) own.executed = new Set();
    journal = new Journal((due, watch) => performUndo(own, due, watch));
    let cancellation: Cancellation | undefined;
    if (options.signal) {
      cancellation = new Cancellation();
      stopFollowing = followSignal(
        options.signal,
        cancellation,
        (reason) => signalError(name, reason),
      );
      letGo = keepAlive(options.signal);
    }
    const { signal: hostSignal } = seam.durable ?? {};
    if (hostSignal) {
      cancellation ??= new Cancellation();
      stopHost = followSignal(hostSignal, cancellation, (reason) => abortedError(name, reason));
    }
    if (node.deps || options.deps !== undefined) {
      own.deps = await seam.outside(checkDeps(node, options.deps));
    }
    boundary = "<args>";
    const copied = copyArgs(name, input);
    if (copied instanceof Error) settled = failure(copied, boundary, false);
    else {
      args = copied;
      const scope = new ChildScope({ run, journal, cancellation, deep: false }, path, watch);
      const settling = cancellation?.error
        ? failure(cancellation.error, boundary, false)
        : settle(node.execute(args, scope));
      settled = isPromise(settling) ? await settling : settling;
      if (settled.ok && cancellation?.error) {
        const failedStep = isPipeline ? "<output>" : path;
        settled = failure(cancellation.error, failedStep, settled.ran, settled.executed);
      }
      if (settled.ok && journal.mark > 0 && !journal.committed) {
        if (options.defer) {
          const undo = undoLater(name, journal, own, { path, watch });
          if (own.releases) {
            noteHolder(undo, (outer) => {
              isHeldOutside = true;
              const free = () => release(own, watch);
              (outer.releases ??= []).push(free);
              // If the outer run has ended, the undo runs at once.
              if (outer.released) {
                outer.drain().then(free).then((lost) => tellNotReleased(outer, lost));
              }
            });
          }
          options.defer(undo);
        } else if (caller && journal.hasEffects) {
          settled = failure(lostUndo(name, caller.path), boundary, settled.ran);
        }
      }
    }
  } catch (thrown) {
    if (run?.seam.interruption) {
      letGo?.();
      await release(run, watch);
      throw run.seam.interruption.reason;
    }
    settled = failure(toError(thrown), boundary, false);
  } finally {
    stopFollowing?.();
    stopHost?.();
  }
  const stepsExecuted = Object.freeze(
    settled.executed ?? children?.filter((label) => run?.executed?.has(label)) ??
      (settled.ran ? [name] : []),
  );
  if (!settled.ok && journal && run) {
    const { error } = settled;
    const place = { path, watch };
    const notUndone = await undo(journal, run, error, place, path, letGo);
    if (notUndone.length > 0) tellOuter(name, journal, run, place);
  }
  if (run?.seam.durable) await run.drain();
  const notReleased = run && !isHeldOutside ? await release(run, watch) : undefined;
  const meta = Object.freeze(
    new Meta(
      name,
      args,
      stepsExecuted,
      run ?? (watch ? { id: watch.span.runId } : NO_RUN),
      notReleased,
    ),
  );
  if (settled.ok) {
    letGo?.();
    return Object.freeze(new Succeeded(Object.freeze(settled.output), meta));
  }
  const { error, failedStep } = settled;
  const rollback = journal?.report() ?? NOTHING_UNDONE;
  return Object.freeze(new Failed(error, failedStep, rollback, meta, journal?.committed));
}

/** Releases the run's resources once, the latest first, when no attempt can land any longer. */
function release(run: Run, watch: Watch | undefined): Promise<readonly RollbackFailure[]> {
  return run.released ??= releaseAll(run, watch);
}

async function releaseAll(
  run: Run,
  watch: Watch | undefined,
): Promise<readonly RollbackFailure[]> {
  const { releases } = run;
  if (!releases) return NONE;
  const unwind = async () => {
    const failures = [];
    for (const free of releases.reverse()) failures.push(...await free(watch));
    return failures;
  };
  if (!run.isWatching) return await unwind();
  const later = run.drain().then(unwind).then((failures) => tellNotReleased(run, failures));
  callBack(() => run.options.waitUntil?.(later));
  return NONE;
}

const NONE: readonly RollbackFailure[] = Object.freeze([]);

function tellNotReleased(run: Run, failures: readonly RollbackFailure[]): void {
  for (const { step, error } of failures) {
    run.tellLate({ step, attempt: 1, outcome: "failed", error, undo: true });
  }
}

function labelsOf(children: readonly Node[]): readonly string[] {
  return labels(children.map(({ name }) => name));
}

/** Stands in for a run that never started because its options were invalid. */
const NO_RUN = {
  get id(): string {
    return crypto.randomUUID();
  },
};

const NOTHING_UNDONE: RollbackReport = Object.freeze({
  completed: Object.freeze([]),
  failed: NONE,
});

async function undo(
  journal: Journal,
  run: Run,
  error: Error,
  place: Place,
  id: string,
  letGo?: () => void,
): Promise<readonly RollbackFailure[]> {
  // After a pivot, an undo that a standing success defers from now on does not run.
  if (!journal.committed) run.failedBy = error;
  try {
    return await journal.unwind(error, place, 0, id);
  } finally {
    letGo?.();
  }
}

/** The error of a run inside a step that is unaware of it, and so could not undo it. */
function lostUndo(name: string, path: string): ConfigError {
  return new ConfigError(
    `Cannot run '${name}' in '${path}' as its undo must not be lost: pass the info of '${path}' to ` +
      "run(args, info), or 'apart: true'",
  );
}

/** Defers, in the step around the run, an undo that reports what could not be undone. */
function tellOuter(name: string, journal: Journal, run: Run, place: Place): void {
  const { defer }: OwnOptions = run.options;
  try {
    defer?.(undoLater(name, journal, run, place));
  } catch {
    // A durable host refuses functions. The run's own result still reports the failures.
  }
}

/** Undoes a run that has ended, on behalf of the step that it ran in. */
function undoLater(name: string, journal: Journal, run: Run, place: Place): Undo {
  return async ({ error }) => {
    const failed = await undo(journal, run, error, place, rollbackId(place.path));
    await release(run, place.watch);
    const causes = failed.map(({ error }) => error);
    if (causes.length === 0) return;
    const text = message`Cannot undo the run of '${name}' as all of it must be undone: ${
      list(causes, shown)
    }`;
    throw errorWith(RollbackError, text, causes, { cause: error });
  };
}

function copyArgs(name: string, input: unknown): Context | Error {
  if (input === undefined) return EMPTY;
  try {
    return Object.freeze(copyObject(input));
  } catch (cause) {
    const problem = `Cannot run '${name}' as its args`;
    return refusalError(ArgsValidationError, problem, refusedByReading(cause));
  }
}
