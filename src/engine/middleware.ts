import type { Middleware, Next, StepInfo, StepResult } from "../api/middleware.ts";
import { refuse } from "../report/checks.ts";
import { errorWith } from "../report/error_with.ts";
import { ConfigError, ProvidesValidationError, toError } from "../report/errors.ts";
import { readObject } from "../report/read_object.ts";
import { untilGivenUp } from "../run/cancellation.ts";
import { stepPath } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled, settleThen, success } from "../run/settled.ts";
import { type Context, copyObject, seal } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { message, messageOf } from "../values/message.ts";
import type { Node } from "./node.ts";
import { Outside } from "./outside.ts";

const infos = new WeakMap<Node, StepInfo>();

/**
 * The description of a step that middleware receives: one object for all runs, without internals.
 */
function infoOf(node: Node): StepInfo {
  const known = infos.get(node);
  if (known) return known;
  const { name, requires, provides } = node;
  const info = Object.freeze({ name, requires, provides });
  infos.set(node, info);
  return info;
}

/** Runs a step inside its middleware, the first one outermost. */
export async function runInMiddleware(
  node: Node,
  ctx: Context,
  scope: Scope,
  middleware: readonly Middleware[],
): Promise<Settled> {
  const { cancellation, journal, path, deep } = scope;
  const { mark } = journal;
  const layers = new Layers(node, ctx, scope);
  let result: StepResult | undefined;
  try {
    // A cancellation ends the wait for a middleware that never returns, and keeps its step from
    // starting.
    const given = await untilGivenUp(layers.compose(middleware)(ctx), cancellation);
    // Copied, because a getter of the user's result might throw when read again.
    result = given && { ...given };
  } catch (thrown) {
    result = { success: false, error: toError(thrown) };
  }
  const ending = layers.end();
  const inner = isPromise(ending) ? await ending : ending;
  const innerFailure = inner?.ok === false ? inner : undefined;
  const ran = inner?.ran ?? false;
  if (!result) return failure(cancellation!.error!, innerFailure?.failedStep ?? path, ran);
  if (!result.success) {
    const { error, failedStep } = result;
    return failure(toError(error), typeof failedStep === "string" ? failedStep : path, ran);
  }
  const failedBelow = innerFailure?.error ?? layers.failed;
  if (failedBelow) {
    // The middleware recovered from a failure: the effects up to that failure are undone at once.
    const notUndone = await journal.undoBefore(`recover '${path}'`, failedBelow, scope, mark);
    if (notUndone) return failure(notUndone, path, ran);
  } else if (inner?.ok && inner.output === result.data) return inner;
  const problem = `Cannot use the result of a middleware at '${path}' as its data`;
  const data = readObject(result.data, deep, ProvidesValidationError, problem);
  return data instanceof Error ? failure(data, path, ran) : success(data, ran);
}

/** The layers around one run of a step. */
class Layers {
  readonly #step: StepInfo;
  readonly #node: Node;
  readonly #ctx: Context;
  readonly #scope: Scope;
  #hasReturned = false;
  #running: Promise<StepResult> | undefined = undefined;
  #settled: Settled | undefined = undefined;
  /** The latest failure that a layer returned to the layer around it. */
  failed: Error | undefined = undefined;

  constructor(node: Node, ctx: Context, scope: Scope) {
    this.#step = infoOf(node);
    this.#node = node;
    this.#ctx = ctx;
    this.#scope = scope;
  }

  /** Composes the layers for one run, each with its own guard against a second call. */
  compose(middleware: readonly Middleware[]): Next {
    let next = this.#once((given) => this.#runStep(given));
    for (let n = middleware.length - 1; n >= 0; n--) next = this.#wrap(middleware[n]!, next);
    return next;
  }

  /** Keeps the step from starting, and waits for it if it has started. */
  end(): MaybePromise<Settled | undefined> {
    this.#hasReturned = true;
    return this.#settled ?? this.#running?.then(() => this.#settled);
  }

  /** Wraps a middleware: if it throws, the layers around it receive a failed result. */
  #wrap(layer: Middleware, next: Next): Next {
    const step = this.#step;
    const { seam } = this.#scope.run;
    const outside = seam.isDirect ? undefined : new Outside(seam);
    let run: ReturnType<Middleware>;
    try {
      run = layer(step, outside ? (ctx) => outside.waitFor(next(ctx)) : next);
      if (typeof run !== "function") {
        refuse(`run '${step.name}'`, "its middleware must return a function", run);
      }
    } catch (thrown) {
      run = () => {
        throw thrown;
      };
    }
    const running: Next = (ctx) => this.#runLayer(run, ctx);
    return this.#once(outside ? (ctx) => outside.during(() => running(ctx)) : running);
  }

  #once(next: Next): Next {
    let calls = 0;
    return (ctx) => ++calls > 1 ? rejected(calledAgain(this.#step.name, calls)) : next(ctx);
  }

  #runLayer(run: ReturnType<Middleware>, ctx: Context): Promise<StepResult> {
    let running: Promise<StepResult>;
    try {
      running = Promise.resolve(run(ctx));
    } catch (thrown) {
      running = Promise.reject(thrown);
    }
    return running.then(this.#check, this.#fail);
  }

  readonly #check = (result: StepResult): StepResult => {
    try {
      if (typeof result !== "object" || typeof result?.success !== "boolean") {
        refuse(`run '${this.#step.name}'`, "its middleware must give a step result", result);
      }
      if (!result.success) this.failed = toError(result.error);
      return result;
    } catch (thrown) {
      return this.#fail(thrown);
    }
  };

  readonly #fail = (thrown: unknown): StepResult => {
    // The host's own signal is not a failure and passes through all layers.
    if (this.#scope.run.seam.interruption) throw thrown;
    const error = this.failed = toError(thrown);
    return { success: false, error };
  };

  #runStep(given: Context): Promise<StepResult> {
    const { cancellation, path } = this.#scope;
    if (this.#hasReturned) return rejected(cancellation?.error ?? calledLate(path));
    let ctx = this.#ctx;
    try {
      if (given !== ctx) ctx = copyContext(given, this.#scope);
    } catch (thrown) {
      return rejected(thrown);
    }
    const running = settleThen(
      this.#node.execute(ctx, this.#scope),
      (settled) => this.#take(settled),
    );
    return this.#running = running;
  }

  #take(settled: Settled): StepResult {
    this.#settled = settled;
    if (settled.ok) return { success: true, data: Object.freeze(settled.output) };
    return { success: false, error: settled.error, failedStep: stepPath(settled.failedStep) };
  }
}

/** A rejection that must not end the process if the middleware ignores it. */
function rejected(error: unknown): Promise<never> {
  const rejection = Promise.reject(error);
  rejection.catch(() => {});
  return rejection;
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

function calledAgain(step: string, calls: number): ConfigError {
  const constraint = "a middleware must call 'next' at most once";
  return new ConfigError(`Cannot run '${step}' again as ${constraint}: current value is ${calls}`);
}

function calledLate(path: string): ConfigError {
  return new ConfigError(
    `Cannot run '${path}' as 'next' must be called before its middleware returns`,
  );
}
