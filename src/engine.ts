import { Cancellation, followSignal, untilGivenUp } from "./cancel.ts";
import { checkFunction, checkOptions, refuse } from "./config.ts";
import { type Context, copyObject, EMPTY, seal } from "./context.ts";
import {
  abortedError,
  ArgsValidationError,
  ConfigError,
  ProvidesValidationError,
  RollbackError,
  toError,
} from "./errors.ts";
import { Seam } from "./host.ts";
import { Journal } from "./journal.ts";
import { throughMiddleware } from "./middleware.ts";
import { Failed, Meta, type Result, Succeeded } from "./result.ts";
import { join, Run, type Scope } from "./scope.ts";
import { show } from "./show.ts";
import type { Schema } from "./standard_schema.ts";
import {
  type AnyStep,
  engine,
  type MaybePromise,
  type Middleware,
  type Next,
  type RetryPolicy,
  type RunOptions,
  type StepResult,
} from "./types.ts";

/** What the engine runs: behind every step, combinator and pipeline there is one. */
export interface Node {
  /** Its name. */
  readonly name: string;
  /** What it requires of the context. */
  readonly requires: Schema | undefined;
  /** What it adds to the context. */
  readonly provides: Schema | undefined;
  /** The keys it needs and those it provides with the name of who does, as far as they are known when it is built. */
  readonly keys: NodeKeys;
  /** Whether its children stand at the root of the run's paths when it is run by itself. */
  readonly isPipeline: boolean;
  /** What it is made of; a step is made of no others. */
  readonly parts?: Parts | undefined;
  /** How a step is tried again and timed. */
  readonly policy?: Policy | undefined;
  /** Runs it; never throws, but for the host's own signal. Completed effects are in the journal by then. */
  readonly execute: (ctx: Context, scope: Scope) => MaybePromise<Settled>;
}

/** The children of a node, for tools that look into a tree or make another one of it. */
export interface Parts {
  /** The children, in order. */
  readonly children: readonly Node[];
  /** Makes the same step of other children, as many. */
  readonly rebuild: (steps: readonly AnyStep[]) => AnyStep;
}

/** How a step is tried again and timed. */
export interface Policy {
  /** When to try it again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** What is known of a node's keys before it runs; `undefined` is unknown. */
export interface NodeKeys {
  /** The keys that must be in the context. */
  readonly needs: readonly string[] | undefined;
  /** Each key that it may add, with the path of the step that does. */
  readonly adds: readonly (readonly [key: string, by: string])[] | undefined;
}

/** What a node came to. `ran` tells whether the user's code was called; `executed` names the children that ran. */
export type Settled =
  & { readonly ran: boolean; readonly executed?: readonly string[] }
  & (
    | { readonly ok: true; readonly output: Context }
    | { readonly ok: false; readonly error: Error; readonly failedStep: string }
  );

/** A node that did not succeed. */
export function failure(
  error: Error,
  failedStep: string,
  ran: boolean,
): Settled {
  return { ok: false, error, failedStep, ran };
}

/** Runs a child of a node, inside the middleware of the pipeline that it stands in. */
export function runChild(
  child: Node,
  label: string,
  ctx: Context,
  scope: Scope,
  middleware: readonly Middleware[] = [],
): MaybePromise<Settled> {
  const { run, journal, cancellation, deep } = scope;
  const path = join(scope.path, label);
  if (cancellation?.error) return failure(cancellation.error, path, false);
  const own = { run, path, journal, cancellation, deep };
  return middleware.length === 0
    ? child.execute(ctx, own)
    : runInMiddleware(child, ctx, own, middleware);
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
  const runStep: Next = async (given) => {
    if (returned) throw cancellation?.error ?? calledLate(path);
    running = child.execute(given === ctx ? ctx : copyContext(given, own), own);
    const settled = await running;
    return settled.ok ? { success: true, data: settled.output } : {
      success: false,
      error: settled.error,
      failedStep: settled.failedStep,
    };
  };
  const wrapped = throughMiddleware(middleware, child, ctx, runStep);
  // A middleware that does not come back is not waited for past a cancellation, and its step not started any more.
  const result = await untilGivenUp(wrapped, cancellation);
  returned = true;
  const inner = await running;
  return await conclude(
    result ?? { success: false, error: cancellation!.error!, failedStep: failedAt(inner) },
    inner,
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
    throw new ConfigError(
      `Cannot run '${path}' as the context that its middleware gives ${toError(cause).message}`,
      { cause },
    );
  }
}

function calledLate(path: string): ConfigError {
  return new ConfigError(
    `Cannot run '${path}' as 'next' must be called before its middleware returns`,
  );
}

/** What a child came to once its middleware has had its say on what the step itself came to. */
async function conclude(
  result: StepResult,
  inner: Settled | undefined,
  { path, journal, deep }: Scope,
  mark: number,
): Promise<Settled> {
  const ran = inner?.ran ?? false;
  if (!result.success) {
    return failure(toError(result.error), result.failedStep ?? path, ran);
  }
  if (inner && !inner.ok) {
    // The middleware goes on as if the step had not failed: what had been done by then is undone at once.
    const notUndone = await journal.unwind(inner.error, mark);
    if (notUndone.length > 0) {
      const causes = notUndone.map(({ error }) => error);
      const message = `Cannot recover '${path}' as what it did must be undone first: ${
        causes.map(show).join("; ")
      }`;
      return failure(
        new RollbackError(message, causes, { cause: inner.error }),
        path,
        ran,
      );
    }
  }
  if (inner?.ok && inner.output === result.data) return inner;
  try {
    return { ok: true, output: seal(copyObject(result.data), deep), ran };
  } catch (cause) {
    const message = `Cannot use the result of a middleware at '${path}' as its data ${
      toError(cause).message
    }`;
    return failure(
      new ProvidesValidationError(message, [], { cause }),
      path,
      ran,
    );
  }
}

// To check no options and to make a seam without a host took 7 % of the time of a sync run.
const NO_OPTIONS: RunOptions = {};
const DIRECT = new Seam(undefined);

/** Runs a node for a caller: makes the scope, and compensates when it fails. */
export async function startRun(
  node: Node,
  input: unknown,
  options: RunOptions = NO_OPTIONS,
): Promise<Result<Context>> {
  const { name } = node;
  const journal = new Journal();
  let args = EMPTY;
  let run: Run | undefined;
  let boundary = "<options>";
  let stopFollowing: (() => void) | undefined;
  let settled: Settled;
  try {
    if (options !== NO_OPTIONS) checkRunOptions(name, options);
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
    return new ArgsValidationError(
      `Cannot run '${name}' as its args ${toError(cause).message}`,
      [],
      { cause },
    );
  }
}

function checkRunOptions(name: string, options: RunOptions): void {
  const action = `run '${name}'`;
  checkOptions(action, options, [
    "signal",
    "runId",
    "host",
    "onLate",
    "waitUntil",
  ]);
  const { signal, runId, host, onLate, waitUntil } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    refuse(action, "'signal' must be an AbortSignal", signal);
  }
  if (runId !== undefined && (typeof runId !== "string" || runId === "")) {
    refuse(action, "'runId' must be a string that is not empty", runId);
  }
  if (host !== undefined) {
    checkFunction(action, "host.perform", host?.perform);
    checkFunction(action, "host.sleep", host?.sleep);
  }
  if (onLate !== undefined) checkFunction(action, "onLate", onLate);
  if (waitUntil !== undefined) checkFunction(action, "waitUntil", waitUntil);
}

/** The step that the user holds. */
export function expose<S>(node: Node): S {
  return cast(Object.freeze({
    name: node.name,
    requires: node.requires,
    provides: node.provides,
    [engine]: node,
    run: (args: unknown, options?: RunOptions) => startRun(node, args, options),
  }));
}

/** The one place where what the engine erased gets its types back: whoever calls has inferred them. */
export function cast<T>(erased: unknown): T {
  return erased as T;
}

/** The node behind a step; `undefined` when the value is none. */
export function nodeOf(step: unknown): Node | undefined {
  return typeof step === "object" && step !== null && engine in step
    ? cast(step[engine])
    : undefined;
}
