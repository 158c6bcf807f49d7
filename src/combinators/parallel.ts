import type { GroupOptions } from "../api/policy.ts";
import { checkSteps } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { runChild } from "../engine/run_child.ts";
import { fanOut } from "../groups/fan_out.ts";
import { checkGroup, refuse } from "../report/checks.ts";
import type { Together } from "../types/combinators.ts";
import type { NotAStep, StepShape } from "../types/step_in.ts";

/** Combines steps into one that runs them concurrently. */
export interface Parallel {
  /**
   * Combines steps into one that runs all of them concurrently.
   *
   * @param steps Steps, combinators or pipelines; at least one.
   * @returns A step named `parallel(<the steps' names>)`.
   * @throws {ConfigError} If there are no steps, or an argument is not a step.
   */
  <const S extends readonly (StepShape | NotAStep)[]>(
    ...steps: S
  ): Together<S>;
  /**
   * Returns a `parallel` with options.
   *
   * @param options `concurrency` and `onFailure`.
   * @throws {ConfigError} If an option is invalid.
   */
  with(options: GroupOptions): <const S extends readonly (StepShape | NotAStep)[]>(
    ...steps: S
  ) => Together<S>;
}

/**
 * Runs steps concurrently. All see the same snapshot of the context; their outputs are merged in
 * the order in which the steps are listed. When one fails, the signals of the others abort and no
 * more start. Once all in flight have settled, those that succeeded are undone in reverse order. A
 * step that ignores its signal is waited for, so give it a `timeout`.
 *
 * `parallel.with({ concurrency, onFailure })(…)` limits how many run at a time. With `onFailure:
 * "settle"`, the others finish before the group fails: use it if an aborted call would leave you in
 * doubt whether it went through.
 *
 * @example Two steps
 * ```ts
 * import { parallel, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const reserve = step({ name: "reserve", run: () => ({ reservation: "r1" }) });
 * const charge = step({ name: "charge", run: () => ({ charge: "c1" }) });
 * const p = pipeline({ name: "p", steps: [parallel(reserve, charge)] });
 *
 * const result = await p.run();
 * assertEquals(result.success && result.data, { reservation: "r1", charge: "c1" });
 * ```
 */
export const parallel: Parallel = Object.freeze(Object.assign(group({}), { with: group }));

function group(options: GroupOptions) {
  const action = "create parallel()";
  const own = checkGroup(action, options, ["abort", "settle"]);
  return <const S extends readonly (StepShape | NotAStep)[]>(
    ...steps: S
  ): Together<S> => {
    if (steps.length === 0) refuse(action, "it must have at least one step", 0);
    const children = checkSteps(action, steps);
    const nodes = children.map(({ node }) => node);
    return expose({
      name: `parallel(${nodes.map(({ name }) => name).join(", ")})`,
      requires: undefined,
      provides: undefined,
      keys: {
        needs: nodes.some(({ keys }) => !keys.needs)
          ? undefined
          : nodes.flatMap(({ keys }) => keys.needs ?? []),
        adds: nodes.some(({ keys }) => !keys.adds)
          ? undefined
          : nodes.flatMap(({ keys }) => keys.adds ?? []),
      },
      kind: "parallel",
      traits: own,
      parts: { children: nodes, rebuild: (others) => group(own)(...others) },
      execute: (ctx, scope) =>
        fanOut({
          source: children,
          options: own,
          run: (branch) => runChild(branch.item.node, branch.item.label, ctx, branch),
          gather: (outputs) => Object.assign({}, ...outputs),
        }, scope),
    });
  };
}
