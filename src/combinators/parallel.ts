import type { ItemOptions } from "../api/policy.ts";
import { checkSteps, type Child, refusePivot } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { allKnown } from "../engine/keys.ts";
import { runChild } from "../engine/run_child.ts";
import { fanOut } from "../groups/fan_out.ts";
import { checkGroup, checkKey, refuse } from "../report/checks.ts";
import type { Gathered, ParallelMode, ParallelOptions, Together } from "../types/combinators.ts";
import type { NotAStep, StepShape } from "../types/step_in.ts";
import { cast } from "../values/cast.ts";

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
   * @param options `concurrency`, `onFailure` and, to collect failures, their key.
   * @throws {ConfigError} If an option is invalid.
   */
  with<const Mode extends ParallelMode = undefined, const K extends string = never>(
    options: ParallelOptions<Mode, K>,
  ): <const S extends readonly (StepShape | NotAStep)[]>(
    ...steps: S
  ) => Gathered<S, K>;
}

/**
 * Runs steps concurrently. All see the same snapshot of the context; their outputs are merged in
 * the order in which the steps are listed. When one fails, the signals of the others abort and no
 * more start. Once all in flight have settled, those that succeeded are undone in reverse order. A
 * step that ignores its signal is waited for, so give it a `timeout`.
 *
 * `parallel.with({ concurrency, onFailure })(…)` limits how many run at a time. With `onFailure:
 * "settle"`, the others finish before the group fails: use it if an aborted call would leave you in
 * doubt whether it went through. With `onFailure: "collect"` and a key as `failures`, a branch that
 * fails is undone and listed under that key, and the pipeline continues.
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
 *
 * @example A branch that may fail
 * ```ts
 * import { parallel, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const price = step({ name: "price", run: () => ({ price: 5 }) });
 * const ratings = step({
 *   name: "ratings",
 *   run: (): { stars: number } => {
 *     throw new Error("ratings are down");
 *   },
 * });
 * const page = parallel.with({ onFailure: "collect", failures: "missing" })(price, ratings);
 * const result = await pipeline({ name: "p", steps: [page] }).run();
 * assertEquals(result.success && [result.data.price, result.data.stars], [5, undefined]);
 * assertEquals(result.success && result.data.missing.map(({ step }) => step), ["ratings"]);
 * ```
 */
export const parallel: Parallel = Object.freeze(
  Object.assign(group<undefined, never>({}), { with: group }),
);

function group<const Mode extends ParallelMode = undefined, const K extends string = never>(
  options: ParallelOptions<Mode, K>,
) {
  const action = "create parallel()";
  const own = checkParallel(action, cast(options));
  const { failures } = own;
  return <const S extends readonly (StepShape | NotAStep)[]>(
    ...steps: S
  ): Gathered<S, K> => {
    if (steps.length === 0) refuse(action, "it must have at least one step", 0);
    const children = checkSteps(action, steps);
    const nodes = children.map(({ node }) => node);
    refusePivot(action, nodes);
    const name = `parallel(${nodes.map(({ name }) => name).join(", ")})`;
    return expose({
      name,
      keys: {
        needs: allKnown(nodes.map(({ keys }) => keys.needs)),
        adds: allKnown([
          ...nodes.map(({ keys }) => keys.adds),
          failures === undefined ? [] : [[failures, name] as const],
        ]),
      },
      kind: "parallel",
      traits: own,
      parts: { children: nodes, rebuild: (others) => group<Mode, K>(cast(own))(...others) },
      execute: (ctx, scope) =>
        fanOut({
          source: children,
          options: own,
          run: (branch) => runChild(branch.item.node, branch.item.label, ctx, branch),
          gather: (outputs) => merge(outputs as Record<string, unknown>[], children, failures),
        }, scope),
    });
  };
}

interface Options extends Omit<ItemOptions, "onFailure"> {
  readonly onFailure?: ParallelMode;
  readonly failures?: string;
}

function checkParallel(action: string, options: Options): Options {
  const own = checkGroup(action, options, ["abort", "settle", "collect"], ["failures"]);
  const { onFailure, failures } = own;
  if (failures === undefined) {
    if (onFailure !== "collect") return own;
    refuse(action, "'failures' must be the key of what 'collect' collects", failures);
  }
  checkKey(action, "failures", failures);
  if (onFailure !== "collect") {
    refuse(action, "'failures' must stand beside an 'onFailure' of 'collect'", failures);
  }
  return own;
}

/** Merges the outputs; with a key, the failures are under it. */
function merge(
  outputs: readonly Record<string, unknown>[],
  children: readonly Child[],
  key: string | undefined,
): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  const failures: unknown[] = [];
  outputs.forEach((output, n) => {
    const child = children[n]!;
    // Only a collected failure holds the child itself.
    if (output.item === child) {
      failures.push(Object.freeze({ step: child.label, error: output.error }));
    } else Object.assign(merged, output);
  });
  return key === undefined ? merged : { ...merged, [key]: failures };
}
