import type { AnyStep } from "../api/step.ts";
import { itemEffect } from "../effect/item.ts";
import { startEffect } from "../effect/start_effect.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { allKnown } from "../engine/keys.ts";
import { nodeOf } from "../engine/node.ts";
import { runChild } from "../engine/run_child.ts";
import { checkFunction } from "../report/checks.ts";
import { aggregateError } from "../report/error_with.ts";
import { ProvidesValidationError } from "../report/errors.ts";
import { readObject } from "../report/read_object.ts";
import { join, labels } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { failure, settle, type Settled, type SettledFailure, success } from "../run/settled.ts";
import type { Ctx } from "../types/combinators.ts";
import type { Alternative, Fallen } from "../types/fallback.ts";
import type { NotAStep, StepIn, StepShape } from "../types/step_in.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import { andThen } from "../values/maybe_promise.ts";
import { list, message } from "../values/message.ts";
import { shown } from "../values/show.ts";

/**
 * Runs a step and, if it fails, an alternative: another step, or a function that returns the data.
 * The effects of the failed step are undone first, and a late success of it is undone as well. If
 * the alternative fails too, the run fails with both errors. An abort or the timeout of a pipeline
 * does not lead to the alternative.
 *
 * @param step A step, a combinator or a pipeline.
 * @param alternative A step, a combinator or a pipeline; or a function, called with the error and
 * the context.
 * @returns A step named `fallback(<the steps' names>)`. Keys that only one of the two provides are
 * optional.
 * @throws {ConfigError} If an argument is neither a step nor, as the alternative, a function.
 *
 * @example A second provider, and a default
 * ```ts
 * import { fallback, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const exact = step({
 *   name: "exact",
 *   run: (): { rate: number } => {
 *     throw new Error("rates are down");
 *   },
 * });
 * const cached = step({ name: "cached", run: () => ({ rate: 1.1 }) });
 * const greeting = step({
 *   name: "greeting",
 *   run: (): { text: string } => {
 *     throw new Error("no translation");
 *   },
 * });
 * const page = pipeline({
 *   name: "page",
 *   steps: [fallback(exact, cached), fallback(greeting, ({ message }) => ({ text: message }))],
 * });
 * const result = await page.run();
 * assertEquals(result.success && result.data, { rate: 1.1, text: "no translation" });
 * ```
 */
export function fallback<S extends StepShape | NotAStep, A = never, O = never, C = Ctx<S>>(
  step: S,
  alternative: Alternative<A, C, O>,
): Fallen<StepIn<S>, A, O, C> {
  const action = "create fallback()";
  const first = checkStep(action, "step", step);
  const second = nodeOf(alternative);
  if (!second) checkFunction(action, "alternative", alternative);
  const children = second ? [first, second] : [first];
  const names = children.map(({ name }) => name);
  const [label = "", otherLabel = ""] = labels(names);
  const adds = allKnown([first.keys.adds, second?.keys.adds]);
  const effect = itemEffect((error, ctx) =>
    cast<(error: unknown, ctx: Context) => unknown>(alternative)(error, ctx)
  );

  async function recover(failed: SettledFailure, mark: number, ctx: Context, scope: Scope) {
    const { journal, cancellation, path } = scope;
    // Committed effects cannot be undone, and the alternative would repeat them.
    if (journal.isCommitted(mark)) return failed;
    // Its own id, as a step around it may unwind at the same path once the alternative has failed.
    const id = join(path, label);
    const action = `fall back in '${path}'`;
    const notUndone = await journal.undoBefore(action, failed.error, scope, mark, id);
    if (notUndone) return failure(notUndone, failed.failedStep, failed.ran);
    if (cancellation?.error) return { ...failed, error: cancellation.error };
    const settled = second
      ? await settle(runChild(second, otherLabel, ctx, scope))
      : giveData(await settle(startEffect(effect, ctx, scope, { item: failed.error })), scope);
    const ran = failed.ran || settled.ran;
    if (settled.ok || cancellation?.error) return { ...settled, ran };
    const errors = [failed.error, settled.error];
    const text = message`Cannot finish '${path}' as its alternative must not fail as well: ${
      list(errors, shown)
    }`;
    return { ...settled, ran, error: aggregateError(errors, text) };
  }

  return expose({
    name: `fallback(${names.join(", ")})`,
    keys: {
      needs: allKnown(children.map(({ keys }) => keys.needs)),
      // Only one of them remains, so both may provide the same key.
      adds: adds && [...new Map(adds)],
    },
    kind: "fallback",
    parts: {
      children,
      rebuild: ([step, other]) => fallback<AnyStep, AnyStep>(step!, other ?? cast(alternative)),
    },
    execute(ctx, scope) {
      const { mark } = scope.journal;
      return andThen<Settled, Settled>(
        settle(runChild(first, label, ctx, scope)),
        (settled) =>
          settled.ok || scope.cancellation?.error ? settled : recover(settled, mark, ctx, scope),
      );
    },
  });
}

function giveData(settled: Settled<unknown>, { path, deep }: Scope): Settled {
  if (!settled.ok) return settled;
  const problem = `Cannot use the data of the alternative in '${path}' as it`;
  const data = readObject(settled.output ?? {}, deep, ProvidesValidationError, problem);
  return data instanceof Error ? failure(data, path, true) : success(data);
}
