import type { Middleware } from "../api/middleware.ts";
import { join } from "../run/paths.ts";
import { ChildScope, type Scope } from "../run/scope.ts";
import { type Ending, failure, settle, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { andThen, type MaybePromise } from "../values/maybe_promise.ts";
import { runInMiddleware } from "./middleware.ts";
import type { Node } from "./node.ts";

/** Runs a child of a node inside the middleware of its pipeline. */
export function runChild(
  child: Node,
  label: string,
  ctx: Context,
  scope: Scope,
  middleware: readonly Middleware[] = [],
): Ending {
  const { run, cancellation } = scope;
  const path = join(scope.path, label);
  if (cancellation?.error) return failure(cancellation.error, path, false);
  const watch = scope.watch?.beginStep(child, path, scope.path);
  const own = new ChildScope(scope, path, watch);
  // Fewer frames make an error of the user's function cheaper.
  const ending = watch
    ? watch.endStep(watch.within(() => execute(child, ctx, own, middleware)))
    : middleware.length > 0
    ? runInMiddleware(child, ctx, own, middleware)
    : child.execute(ctx, own);
  return run.executed && isRoot(scope.path) ? noteRan(settle(ending), label, run.executed) : ending;
}

function execute(
  child: Node,
  ctx: Context,
  scope: Scope,
  middleware: readonly Middleware[],
): Ending {
  return middleware.length === 0
    ? child.execute(ctx, scope)
    : runInMiddleware(child, ctx, scope, middleware);
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
  return andThen(settling, (settled) => {
    if (settled.ran) executed.add(label);
    return settled;
  });
}
