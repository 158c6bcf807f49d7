import { cast } from "../values/cast.ts";
import type { Predicate } from "../api/collection.ts";
import { startEffect } from "../effect/start_effect.ts";
import { predicateEffect } from "../effect/predicate.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { runChild } from "../engine/run_child.ts";
import { checkFunction } from "../report/checks.ts";
import { labelOf, predicateId } from "../run/paths.ts";
import { settle, type Settled, success } from "../run/settled.ts";
import type { PredicateOf, When } from "../types/branches.ts";
import type { Ctx } from "../types/combinators.ts";
import type { NotAStep, StepIn, StepShape } from "../types/step_in.ts";
import { EMPTY } from "../values/context.ts";
import { andThen } from "../values/maybe_promise.ts";

/**
 * Runs a step only if a predicate holds. A skipped step adds nothing, is not rolled back, and is
 * absent from `meta.stepsExecuted`. Its keys are optional in the context.
 *
 * @param predicate Called with the context; may be asynchronous. If it throws, the run fails with a
 * `PredicateError`.
 * @param step A step, a combinator or a pipeline.
 * @returns A step named `when(<the step's name>)`.
 * @throws {ConfigError} If the predicate is not a function, or the step is not a step.
 *
 * @example Only for large orders
 * ```ts
 * import { pipeline, step, when } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const notifyManager = step({
 *   name: "notifyManager",
 *   run: (_: { amount: number }) => ({ notified: true }),
 * });
 * const p = pipeline({ name: "p", steps: [when((ctx) => ctx.amount > 10_000, notifyManager)] });
 *
 * const small = await p.run({ amount: 5 });
 * assertEquals(small.meta.stepsExecuted, []);
 * const large = await p.run({ amount: 50_000 });
 * assertEquals(large.success && large.data.notified, true);
 * ```
 */
export function when<S extends StepShape | NotAStep, C = Ctx<S>, D extends C = never>(
  predicate: PredicateOf<C, D>,
  step: S,
): When<StepIn<S>, C, D> {
  checkFunction("create when()", "predicate", predicate);
  const child = checkStep("create when()", "step", step);
  const label = labelOf(child.name);
  const effect = predicateEffect(cast(predicate));
  return expose({
    name: `when(${child.name})`,
    keys: { needs: [], adds: child.keys.adds },
    kind: "when",
    traits: { conditions: [predicate.name] },
    parts: { children: [child], rebuild: ([step]) => when(predicate as Predicate<unknown>, step!) },
    execute(ctx, scope) {
      const deciding = startEffect(effect, ctx, scope, { id: predicateId(scope.path) });
      return andThen<Settled<boolean>, Settled>(settle(deciding), (decision) => {
        if (!decision.ok) return decision;
        if (!decision.output) return success(EMPTY, false);
        return settle(runChild(child, label, ctx, scope));
      });
    },
  });
}
