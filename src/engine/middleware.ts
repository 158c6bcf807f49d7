import type { Middleware, Next, StepInfo, StepResult } from "../api/middleware.ts";
import { refuse } from "../report/checks.ts";
import { toError } from "../report/errors.ts";
import type { Seam } from "../run/seam.ts";
import type { Context } from "../values/context.ts";
import type { Node } from "./node.ts";

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

/**
 * Runs a step inside its middleware, the first one outermost; never throws. `onFailure` is called
 * with each failure that a layer returns to the layer around it.
 */
export async function throughMiddleware(
  middleware: readonly Middleware[],
  node: Node,
  ctx: Context,
  runStep: Next,
  seam: Seam,
  onFailure: (error: Error) => void,
): Promise<StepResult> {
  const step = infoOf(node);
  // Composed anew each time: `runStep` and the guard against a second call belong to one run.
  const run = middleware.reduceRight<Next>(
    (next, layer) => wrap(layer, step, next, seam, onFailure),
    runStep,
  );
  try {
    // Copied, because a getter of the user's result might throw when read again.
    return { ...await run(ctx) };
  } catch (thrown) {
    return { success: false, error: toError(thrown) };
  }
}

/** Wraps a middleware: if it throws, the layers around it receive a failed result. */
function wrap(
  layer: Middleware,
  step: StepInfo,
  next: Next,
  seam: Seam,
  onFailure: (error: Error) => void,
): Next {
  let calls = 0;
  function nextOnce(ctx: Context): Promise<StepResult> {
    calls++;
    const result = calls === 1 ? next(ctx) : Promise.resolve().then(calledAgain);
    // If the middleware ignores this promise, a rejection must not end the process.
    result.catch(() => {});
    return result;
  }
  function calledAgain(): never {
    refuse(`run '${step.name}' again`, "a middleware must call 'next' at most once", calls);
  }
  function failed(thrown: unknown): StepResult {
    // The host's own signal is not a failure and passes through all layers.
    if (seam.interruption) throw thrown;
    const error = toError(thrown);
    onFailure(error);
    return { success: false, error };
  }
  let run: ReturnType<Middleware>;
  try {
    run = layer(step, nextOnce);
    if (typeof run !== "function") {
      refuse(`run '${step.name}'`, "its middleware must return a function", run);
    }
  } catch (thrown) {
    return () => new Promise((resolve) => resolve(failed(thrown)));
  }
  return async function runLayer(ctx) {
    try {
      const result = await run(ctx);
      if (typeof result !== "object" || typeof result?.success !== "boolean") {
        refuse(`run '${step.name}'`, "its middleware must give a step result", result);
      }
      if (!result.success) onFailure(toError(result.error));
      return result;
    } catch (thrown) {
      return failed(thrown);
    }
  };
}
