import type { Result } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { abortedError, ArgsValidationError, toError } from "../report/errors.ts";
import { refusalError, refusedByReading } from "../report/refusal.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { Cancellation, followSignal } from "../run/cancellation.ts";
import { Journal } from "../run/journal.ts";
import { Run } from "../run/scope.ts";
import { Seam } from "../run/seam.ts";
import { failure, type Settled } from "../run/settled.ts";
import { type Context, copyObject, EMPTY } from "../values/context.ts";
import type { Node } from "./node.ts";
import { checkRunOptions } from "./run_options.ts";

// To check no options and to make a seam without a host took 7 % of the time of a sync run.
const NO_OPTIONS: RunOptions = {};

const DIRECT = new Seam(undefined);

/** Runs a node for a caller: makes the scope, and compensates when it fails. */
export async function startRun(
  node: Node,
  input: unknown,
  given: RunOptions = NO_OPTIONS,
): Promise<Result<Context>> {
  const { name } = node;
  const journal = new Journal();
  let args = EMPTY;
  let run: Run | undefined;
  let boundary = "<options>";
  let stopFollowing: (() => void) | undefined;
  let settled: Settled;
  try {
    const options = given === NO_OPTIONS ? given : checkRunOptions(name, given);
    run = new Run(options.host ? new Seam(options.host) : DIRECT, options);
    let cancellation: Cancellation | undefined;
    if (options.signal) {
      cancellation = new Cancellation();
      stopFollowing = followSignal(
        options.signal,
        cancellation,
        (reason) => abortedError(name, reason),
      );
    }
    boundary = "<args>";
    const copied = copyArgs(name, input);
    if (copied instanceof Error) settled = failure(copied, boundary, false);
    else {
      args = copied;
      const scope = {
        run,
        path: node.isPipeline ? "" : name,
        journal,
        cancellation,
        deep: false,
      };
      const settling = cancellation?.error
        ? failure(cancellation.error, boundary, false)
        : node.execute(args, scope);
      settled = settling instanceof Promise ? await settling : settling;
      if (settled.ok && cancellation?.error) {
        const failedStep = node.isPipeline ? "<output>" : name;
        settled = { ...settled, ok: false, error: cancellation.error, failedStep };
      }
    }
  } catch (thrown) {
    if (run?.seam.interruption) throw run.seam.interruption.reason;
    settled = failure(toError(thrown), boundary, false);
  } finally {
    stopFollowing?.();
  }
  const stepsExecuted = Object.freeze(
    settled.executed ?? (settled.ran ? [name] : []),
  );
  const meta = Object.freeze(new Meta(name, args, stepsExecuted));
  if (settled.ok) {
    return Object.freeze(new Succeeded(settled.output, meta));
  }
  await journal.unwind(settled.error);
  const { error, failedStep } = settled;
  return Object.freeze(new Failed(error, failedStep, journal.report(), meta));
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
