import type { Predicate } from "../api/collection.ts";
import type { AnyStep } from "../api/step.ts";
import { startEffect } from "../effect/start_effect.ts";
import { predicateEffect } from "../effect/predicate.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { runChild } from "../engine/run_child.ts";
import { checkFunction, refuse } from "../report/checks.ts";
import { ChoiceNoMatchError } from "../report/errors.ts";
import { labels, predicateId } from "../run/paths.ts";
import { failure, settle, type Settled } from "../run/settled.ts";
import type { Chosen, Ctx, If, Need, RealSteps } from "../types/combinators.ts";
import type { Flat } from "../types/objects.ts";
import { cast } from "../values/cast.ts";
import { after, type MaybePromise } from "../values/maybe_promise.ts";

/**
 * Runs the first branch whose predicate holds; a bare step at the end is the default. Without a
 * match or a default, the run fails with a `ChoiceNoMatchError`. A key is certain to be in the
 * context if every branch provides it and there is a default; otherwise it is optional.
 *
 * @param branches Pairs of a predicate and a step, at least one; the last may be a bare step.
 * Predicates are called in order and may be asynchronous. If one throws, the run fails with a
 * `PredicateError`.
 * @returns A step named `choice(<the steps' names>)`.
 * @throws {ConfigError} If there is no branch, or a bare step is not the last one.
 *
 * @example By payment method
 * ```ts
 * import { choice, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const card = step({ name: "card", run: (_: { method: string }) => ({ paidBy: "card" }) });
 * const bank = step({ name: "bank", run: () => ({ paidBy: "bank" }) });
 * const p = pipeline({ name: "p", steps: [choice([(ctx) => ctx.method === "card", card], bank)] });
 *
 * const result = await p.run({ method: "cash" });
 * assertEquals(result.success && result.data.paidBy, "bank");
 * ```
 */
export function choice<
  S1 extends AnyStep,
  S2 extends AnyStep = never,
  S3 extends AnyStep = never,
  S4 extends AnyStep = never,
  S5 extends AnyStep = never,
  S6 extends AnyStep = never,
  S7 extends AnyStep = never,
  S8 extends AnyStep = never,
  D extends AnyStep = never,
  C1 = Ctx<S1>,
  C2 = Ctx<S2>,
  C3 = Ctx<S3>,
  C4 = Ctx<S4>,
  C5 = Ctx<S5>,
  C6 = Ctx<S6>,
  C7 = Ctx<S7>,
  C8 = Ctx<S8>,
>(
  ...branches: [
    b1: If<S1, C1>,
    b2?: If<S2, C2> | D,
    b3?: If<S3, C3> | D,
    b4?: If<S4, C4> | D,
    b5?: If<S5, C5> | D,
    b6?: If<S6, C6> | D,
    b7?: If<S7, C7> | D,
    b8?: If<S8, C8> | D,
    b9?: D,
  ]
): Chosen<
  RealSteps<[S1, S2, S3, S4, S5, S6, S7, S8, D]>,
  D,
  Flat<
    & Need<S1, C1>
    & Need<S2, C2>
    & Need<S3, C3>
    & Need<S4, C4>
    & Need<S5, C5>
    & Need<S6, C6>
    & Need<S7, C7>
    & Need<S8, C8>
    & Need<D, unknown>
  >
> {
  const given: readonly unknown[] = branches;
  if (given.length === 0) refuse("create choice()", "it must have at least one branch", 0);
  const options = given.map((branch, n) => checkBranch(branch, n, n === given.length - 1));
  const names = options.map(({ node }) => node.name);
  const unique = labels(names);
  return expose({
    name: `choice(${names.join(", ")})`,
    requires: undefined,
    provides: undefined,
    keys: {
      needs: [],
      // Only one branch runs, so several may provide the same key.
      adds: options.some(({ node }) => !node.keys.adds)
        ? undefined
        : [...new Map(options.flatMap(({ node }) => node.keys.adds ?? []))],
    },
    kind: "choice",
    traits: { conditions: options.map(({ predicate }) => predicate?.name) },
    parts: {
      children: options.map(({ node }) => node),
      rebuild: (steps) => {
        const others = options.map(({ predicate }, n) =>
          predicate ? [predicate, steps[n]] : steps[n]
        );
        return choice(...cast<Parameters<typeof choice>>(others));
      },
    },
    execute(ctx, scope) {
      return chooseFrom(0);

      function chooseFrom(n: number): MaybePromise<Settled> {
        const option = options[n];
        if (!option) {
          const message =
            `Cannot choose in '${scope.path}' as one of its ${options.length} predicates must hold: none does`;
          return failure(new ChoiceNoMatchError(message), scope.path, false);
        }
        const { effect, node } = option;
        const label = unique[n]!;
        const run = () => settle(runChild(node, label, ctx, scope));
        if (!effect) return run();
        const deciding = startEffect(effect, ctx, scope, { id: predicateId(scope.path, label) });
        return after<Settled<boolean>, Settled>(settle(deciding), (decision) => {
          if (!decision.ok) return decision;
          return decision.output ? run() : chooseFrom(n + 1);
        });
      }
    },
  });
}

function checkBranch(branch: unknown, n: number, isLast: boolean) {
  const action = "create choice()";
  const place = `branches[${n}]`;
  if (!Array.isArray(branch)) {
    const node = checkStep(action, place, branch);
    if (!isLast) {
      const constraint =
        "must be a pair of a predicate and a step, as only the last may be a default";
      refuse(action, `'${place}' ${constraint}`, node.name);
    }
    return { node, predicate: undefined, effect: undefined };
  }
  if (branch.length !== 2) {
    refuse(action, `'${place}' must be a pair of a predicate and a step`, branch);
  }
  const [predicate, step] = branch;
  checkFunction(action, `${place}[0]`, predicate);
  return {
    predicate: predicate as Predicate<unknown>,
    effect: predicateEffect((ctx) => predicate(ctx)),
    node: checkStep(action, `${place}[1]`, step),
  };
}
