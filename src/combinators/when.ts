import { after } from "../after.ts";
import { checkStep } from "../children.ts";
import { checkFunction } from "../config.ts";
import { EMPTY } from "../context.ts";
import { expose, runChild, type Settled } from "../engine.ts";
import { labelOf } from "../label.ts";
import { type Decision, holds } from "../predicate.ts";
import type { AnyStep, Predicate } from "../types.ts";
import type { Ctx, When } from "../types_combinators.ts";

/**
 * Runs a step only if a predicate holds. A skipped step adds nothing, has no rollback, and is not in
 * `meta.stepsExecuted`; so what it provides is optional in the context.
 *
 * @param predicate Told the context; may be asynchronous. One that throws fails the run with a `PredicateError`.
 * @param step A step, a combinator or a pipeline.
 * @returns A step of the name `when(<the step's name>)`.
 * @throws {ConfigError} If the predicate is no function, or the step none.
 *
 * @example Only for large orders
 * ```ts
 * import { pipeline, step, when } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const notifyManager = step({ name: "notifyManager", run: (_: { amount: number }) => ({ notified: true }) });
 * const p = pipeline({ name: "p", steps: [when((ctx) => ctx.amount > 10_000, notifyManager)] });
 *
 * const small = await p.run({ amount: 5 });
 * assertEquals(small.meta.stepsExecuted, []);
 * const large = await p.run({ amount: 50_000 });
 * assertEquals(large.success && large.data.notified, true);
 * ```
 */
export function when<S extends AnyStep, C = Ctx<S>>(
  predicate: Predicate<C>,
  step: S,
): When<S, C> {
  checkFunction("create when()", "predicate", predicate);
  const child = checkStep("create when()", "step", step);
  const label = labelOf(child.name);
  return expose({
    name: `when(${child.name})`,
    requires: undefined,
    provides: undefined,
    keys: { needs: [], adds: child.keys.adds },
    isPipeline: false,
    parts: { children: [child], rebuild: ([step]) => when(predicate as Predicate<unknown>, step!) },
    execute(ctx, scope) {
      const decision = holds(`${scope.path}?`, ctx, scope, () => predicate(ctx as C));
      return after<Decision, Settled>(decision, (decision) => {
        if (!decision.ok) return decision;
        if (!decision.value) return { ok: true, output: EMPTY, ran: false };
        return runChild(child, label, ctx, scope);
      });
    },
  });
}
