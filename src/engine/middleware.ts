import type { Middleware, Next, StepInfo, StepResult } from "../api/middleware.ts";
import { refuse } from "../report/checks.ts";
import { toError } from "../report/errors.ts";
import type { Seam } from "../run/seam.ts";
import type { Context } from "../values/context.ts";
import type { Node } from "./node.ts";

const infos = new WeakMap<Node, StepInfo>();

/** What middleware is given of a step: the same in every run, and nothing of the engine's. */
function infoOf(node: Node): StepInfo {
  const known = infos.get(node);
  if (known) return known;
  const { name, requires, provides } = node;
  const info = Object.freeze({ name, requires, provides });
  infos.set(node, info);
  return info;
}

/**
 * Runs a step inside its middleware, the first outermost; never throws. `onFailure` is called with each failure that a
 * layer gives to the one outside of it.
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
  // Composed for every run of the step: `runStep` belongs to one run, and so does the guard against a second call.
  const run = middleware.reduceRight<Next>(
    (next, layer) => wrap(layer, step, next, seam, onFailure),
    runStep,
  );
  try {
    // A copy: the result is the user's, and reading it again might throw.
    return { ...await run(ctx) };
  } catch (thrown) {
    return { success: false, error: toError(thrown) };
  }
}

/** A layer that gives a failed result where the middleware throws, so that those outside of it hear of that. */
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
    // A middleware that does not wait for it must not end the process: the engine waits for the step itself.
    result.catch(() => {});
    return result;
  }
  function calledAgain(): never {
    refuse(`run '${step.name}' again`, "a middleware must call 'next' at most once", calls);
  }
  function failed(thrown: unknown): StepResult {
    // The host's own signal is no failure, and passes through all layers.
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
