import type { Result, RollbackFailure } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { callerOf } from "../effect/caller.ts";
import { performUndo } from "../effect/undo.ts";
import { ArgsValidationError, toError } from "../report/errors.ts";
import { readObject } from "../report/read_object.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { untilGivenUp } from "../run/cancellation.ts";
import { Journal } from "../run/journal.ts";
import { labelOf, labels } from "../run/paths.ts";
import { ChildScope, Run } from "../run/scope.ts";
import { Seam } from "../run/seam.ts";
import { failure, settle, type Settled } from "../run/settled.ts";
import type { Watch } from "../run/watch.ts";
import { type Context, EMPTY } from "../values/context.ts";
import { isPromise } from "../values/maybe_promise.ts";
import { beginRun } from "./begin_run.ts";
import { checkDeps } from "./check_deps.ts";
import type { Node } from "./node.ts";
import { release } from "./release.ts";
import { checkRunOptions, type Inside, insideOf, type OwnOptions } from "./run_options.ts";
import { followSignals, type Signals } from "./follow_signals.ts";
import { handOverUndo, refusalInside, tellNotUndone, undoRun } from "./undo_run.ts";

// Shared, so that a run without options checks none and creates no seam.
const NO_OPTIONS: OwnOptions = {};
const OUTSIDE: Inside = {};
const DIRECT = new Seam(undefined);

/** Runs a node for the user, inside a span if it is observed. */
export function startRun(
  node: Node,
  input: unknown,
  given?: RunOptions,
): Promise<Result<Context>> {
  const path = node.kind === "pipeline" ? "" : labelOf(node.name);
  const inside = given ? insideOf(given) : undefined;
  const watch = beginRun(node, path, given, inside?.runId);
  const running = watch
    ? watch.run(() => carryOut(node, path, input, watch, inside, given))
    : carryOut(node, path, input, undefined, inside, given);
  inside?.around?.inside?.add(running, inside.isFollowing === true);
  return running;
}

/** Carries out a run from its options to its result. */
async function carryOut(
  node: Node,
  path: string,
  input: unknown,
  watch: Watch | undefined,
  { around, runId }: Inside = OUTSIDE,
  given: OwnOptions = NO_OPTIONS,
): Promise<Result<Context>> {
  const { name } = node;
  let run: Run | undefined;
  let journal: Journal | undefined;
  let signals: Signals | undefined;
  let args = EMPTY;
  let boundary = "<options>";
  let settled: Settled;
  try {
    try {
      const options = given === NO_OPTIONS ? given : checkRunOptions(name, given);
      const caller = options.apart ? undefined : callerOf(options.signal);
      run = newRun(node, options, watch?.span.runId ?? runId);
      run.around = around;
      journal = newJournal(run);
      signals = followSignals(name, options);
      const cancellation = signals?.cancellation;
      if (node.deps || options.deps !== undefined) {
        const checking = untilGivenUp(checkDeps(node, options.deps), cancellation);
        run.deps = await run.seam.outside(checking);
      }
      boundary = "<args>";
      if (input !== undefined) args = readArgs(name, input);
      if (cancellation?.error) {
        settled = failure(cancellation.error, boundary, false);
      } else {
        const scope = new ChildScope({ run, journal, cancellation, deep: false }, path, watch);
        const settling = settle(node.execute(args, scope));
        settled = isPromise(settling) ? await settling : settling;
      }
      if (settled.ok && cancellation?.error) {
        const failedStep = node.kind === "pipeline" ? "<output>" : path;
        settled = failure(cancellation.error, failedStep, settled.ran, settled.executed);
      }
      if (settled.ok && journal.mark > 0 && !journal.committed) {
        const { defer } = options;
        const refusal = journal.hasEffects &&
          refusalInside(name, around, defer ? undefined : caller);
        if (refusal) settled = failure(refusal, boundary, settled.ran, settled.executed);
        else if (defer) handOverUndo(name, run, journal, { path, watch }, defer);
      }
    } catch (thrown) {
      if (run?.seam.interruption) throw run.seam.interruption.reason;
      settled = failure(toError(thrown), boundary, false);
    } finally {
      signals?.stopFollowing();
    }
    run ??= newRun(node, NO_OPTIONS, watch?.span.runId);
    journal ??= newJournal(run);
    const place = { path, watch };
    const left = settled.ok ? 0 : (await undoRun(run, journal, settled.error, place)).length;
    if (left > 0 || journal.committed) tellNotUndone(name, run, journal, place);
    if (run.seam.durable) await run.drain();
    const releasing = run.holder && run.releases ? undefined : release(run, watch);
    const notReleased = isPromise(releasing) ? await releasing : releasing;
    return resultOf(node, args, run, journal, settled, notReleased);
  } catch (interruption) {
    // The host's own signal, maybe while the run was undone.
    if (run) await release(run, watch);
    throw interruption;
  } finally {
    signals?.letGo();
  }
}

function newRun(node: Node, options: OwnOptions, runId: string | undefined): Run {
  const { name, kind, parts } = node;
  const isPipeline = kind === "pipeline";
  const seam = options.host ? new Seam(options.host) : DIRECT;
  const run = new Run(seam, options, isPipeline ? name : "", runId);
  if (parts && !isPipeline) run.executed = new Set();
  return run;
}

function newJournal(run: Run): Journal {
  return new Journal((due, watch) => performUndo(run, due, watch));
}

function resultOf(
  node: Node,
  args: Context,
  run: Run,
  journal: Journal,
  settled: Settled,
  notReleased: readonly RollbackFailure[] | undefined,
): Result<Context> {
  const stepsExecuted = settled.executed ?? Object.freeze(executedOf(node, run, settled.ran));
  const meta = Object.freeze(new Meta(node.name, args, stepsExecuted, run, notReleased));
  if (settled.ok) return Object.freeze(new Succeeded(Object.freeze(settled.output), meta));
  const { error, failedStep } = settled;
  return Object.freeze(new Failed(error, failedStep, journal.report(), meta, journal.committed));
}

/** The executed children of a combinator that was run on its own, or the step itself. */
function executedOf({ name, parts }: Node, { executed }: Run, ran: boolean): readonly string[] {
  if (executed && parts) {
    return labels(parts.children.map(({ name }) => name)).filter((label) => executed.has(label));
  }
  return ran ? [name] : [];
}

function readArgs(name: string, input: unknown): Context {
  const args = readObject(input, false, ArgsValidationError, `Cannot run '${name}' as its args`);
  if (args instanceof Error) throw args;
  return args;
}
