import type { Middleware, Next, StepResult } from "../api/middleware.ts";
import { errorWith } from "../report/error_with.ts";
import { ConfigError, ProvidesValidationError, toError } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import { refusalError, refusedByReading } from "../report/refusal.ts";
import { untilGivenUp } from "../run/cancellation.ts";
import { join } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { type Ending, failure, settle, type Settled } from "../run/settled.ts";
import { type Context, copyObject, seal } from "../values/context.ts";
import { message, messageOf } from "../values/message.ts";
import { after, type MaybePromise } from "../values/maybe_promise.ts";
import { throughMiddleware } from "./middleware.ts";
import type { Node } from "./node.ts";

/** Runs a child of a node inside the middleware of its pipeline. */
export function runChild(
  child: Node,
  label: string,
  ctx: Context,
  scope: Scope,
  middleware: readonly Middleware[] = [],
): Ending {
  const { run, journal, cancellation, deep, hold } = scope;
  const path = join(scope.path, label);
  if (cancellation?.error) return failure(cancellation.error, path, false);
  const own = { run, path, journal, cancellation, deep, hold };
  const ending = middleware.length === 0
    ? child.execute(ctx, own)
    : runInMiddleware(child, ctx, own, middleware);
  return run.executed && isRoot(scope.path) ? noteRan(settle(ending), label, run.executed) : ending;
}

/** Whether a path belongs to a combinator that is run on its own, or to one of its items. */
function isRoot(path: string): boolean {
  return !path.includes("/");
}

function noteRan(
  settling: MaybePromise<Settled>,
  label: string,
  executed: Set<string>,
): MaybePromise<Settled> {
  return after(settling, (settled) => {
    if (settled.ran) executed.add(label);
    return settled;
  });
}

async function runInMiddleware(
  child: Node,
  ctx: Context,
  own: Scope,
  middleware: readonly Middleware[],
): Promise<Settled> {
  const { cancellation, journal, path } = own;
  const mark = journal.mark;
  let running: MaybePromise<Settled> | undefined;
  let returned = false;
  let failedBelow: Error | undefined;
  const runStep: Next = async (given) => {
    if (returned) throw cancellation?.error ?? calledLate(path);
    running = settle(child.execute(given === ctx ? ctx : copyContext(given, own), own));
    const settled = await running;
    return settled.ok ? { success: true, data: settled.output } : {
      success: false,
      error: settled.error,
      failedStep: settled.failedStep,
    };
  };
  const { seam } = own.run;
  const wrapped = throughMiddleware(middleware, child, ctx, runStep, seam, (error) => {
    failedBelow = error;
  });
  // A cancellation ends the wait for a middleware that never returns, and keeps its step from
  // starting.
  const result = await untilGivenUp(wrapped, cancellation);
  returned = true;
  const inner = await running;
  return await conclude(
    result ?? { success: false, error: cancellation!.error!, failedStep: failedAt(inner) },
    inner,
    inner?.ok === false ? inner.error : failedBelow,
    own,
    mark,
  );
}

function failedAt(inner: Settled | undefined): string | undefined {
  return inner?.ok === false ? inner.failedStep : undefined;
}

function copyContext(given: unknown, { path, deep }: Scope): Context {
  try {
    return seal(copyObject(given), deep);
  } catch (cause) {
    const problem = messageOf(toError(cause));
    const text = message`Cannot run '${path}' as the context that its middleware gives ${problem}`;
    throw errorWith(ConfigError, text, { cause });
  }
}

function calledLate(path: string): ConfigError {
  return new ConfigError(
    `Cannot run '${path}' as 'next' must be called before its middleware returns`,
  );
}

/** Combines the result of the middleware with that of the step itself into the child's result. */
async function conclude(
  result: StepResult,
  inner: Settled | undefined,
  failedBelow: Error | undefined,
  { path, journal, deep }: Scope,
  mark: number,
): Promise<Settled> {
  const ran = inner?.ran ?? false;
  if (!result.success) {
    return failure(toError(result.error), result.failedStep ?? path, ran);
  }
  if (failedBelow) {
    // The middleware recovered from a failure: the effects up to that failure are undone at once.
    const notUndone = await journal.unwind(failedBelow, mark);
    if (notUndone.length > 0) {
      return failure(notUndoneError(`recover '${path}'`, notUndone, failedBelow), path, ran);
    }
  } else if (inner?.ok && inner.output === result.data) return inner;
  try {
    return { ok: true, output: seal(copyObject(result.data), deep), ran };
  } catch (cause) {
    const problem = `Cannot use the result of a middleware at '${path}' as its data`;
    const error = refusalError(ProvidesValidationError, problem, refusedByReading(cause));
    return failure(error, path, ran);
  }
}
