import type { Predicate } from "../api/collection.ts";
import { startEffect } from "../effect/start_effect.ts";
import { predicateEffect } from "../effect/predicate.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { allKnown } from "../engine/keys.ts";
import { runChild } from "../engine/run_child.ts";
import { checkFunction, refuse } from "../report/checks.ts";
import { ChoiceNoMatchError } from "../report/errors.ts";
import { labels, predicateId } from "../run/paths.ts";
import { failure, settle, type Settled } from "../run/settled.ts";
import type { BranchAt, Chosen, Guarded, Present } from "../types/branches.ts";
import type { Ctx } from "../types/combinators.ts";
import { cast } from "../values/cast.ts";
import { andThen, type MaybePromise } from "../values/maybe_promise.ts";

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
  B1 = never,
  B2 = never,
  B3 = never,
  B4 = never,
  B5 = never,
  B6 = never,
  B7 = never,
  B8 = never,
  B9 = never,
  S1 = never,
  S2 = never,
  S3 = never,
  S4 = never,
  S5 = never,
  S6 = never,
  S7 = never,
  S8 = never,
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
    b1: BranchAt<B1, S1, C1, B2>,
    b2?: BranchAt<B2, S2, C2, B3>,
    b3?: BranchAt<B3, S3, C3, B4>,
    b4?: BranchAt<B4, S4, C4, B5>,
    b5?: BranchAt<B5, S5, C5, B6>,
    b6?: BranchAt<B6, S6, C6, B7>,
    b7?: BranchAt<B7, S7, C7, B8>,
    b8?: BranchAt<B8, S8, C8, B9>,
    b9?: BranchAt<B9, never, unknown, never>,
  ]
): Chosen<
  Present<[B1, B2, B3, B4, B5, B6, B7, B8, B9]>,
  Guarded<Present<[B1, B2, B3, B4, B5, B6, B7, B8, B9]>, unknown>
> {
  const given: readonly unknown[] = branches;
  if (given.length === 0) refuse("create choice()", "it must have at least one branch", 0);
  const options = given.map((branch, n) => checkBranch(branch, n, n === given.length - 1));
  const names = options.map(({ node }) => node.name);
  const unique = labels(names);
  const adds = allKnown(options.map(({ node }) => node.keys.adds));
  return expose({
    name: `choice(${names.join(", ")})`,
    keys: {
      needs: [],
      // Only one branch runs, so several may provide the same key.
      adds: adds && [...new Map(adds)],
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
        return andThen<Settled<boolean>, Settled>(settle(deciding), (decision) => {
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
    effect: predicateEffect(predicate),
    node: checkStep(action, `${place}[1]`, step),
  };
}
