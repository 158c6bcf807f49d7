import { settle } from "../run/settled.ts";
import type { Result, RollbackReport } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import type { AnyStep, Step } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { checkObject } from "../report/checks.ts";
import type { Journal } from "../run/journal.ts";
import type { ProvidesOf, RequiresOf } from "../types/of.ts";
import { messageOf } from "../values/message.ts";
import { type RecordedCall, recorder } from "./recorder.ts";

/** The outcome of a step that ran on its own. */
export interface StepRun<Output> {
  /** The result of `step.run()`. */
  readonly result: Result<Output>;
  /**
   * The output of the step.
   *
   * @throws {Error} If the step failed; `cause` is the step's error.
   */
  readonly output: Readonly<Output>;
  /**
   * All attempts, including failed ones, in the order in which they settled; for a combinator or
   * pipeline, those of all its steps.
   */
  readonly attempts: readonly RecordedCall[];
  /** The lengths of the waits, such as those before retries, in milliseconds. They take no time. */
  readonly waits: readonly number[];
  /**
   * Undoes the step as if a later step had failed: it calls the rollback handler with the context
   * and output, and the deferred undos. It does nothing when called again, or if the step failed,
   * as a failed step is already undone.
   *
   * @param error The reason passed to the undos. @default {new Error("undone by a test")}
   * @returns The undos that ran.
   */
  rollback(error?: Error): Promise<RollbackReport>;
}

/**
 * Runs one step on its own, with its validation, retry, timeout and rollback, but without delays
 * before retries.
 *
 * @param step A step, a combinator or a pipeline.
 * @param ctx The step's context.
 * @param options The options of `run()`, except `host`.
 * @returns The result, the attempts, and a function that undoes the step.
 * @throws {ConfigError} If the first argument is not a step.
 *
 * @example A step, its retry, and its rollback
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { runStep } from "@runsheet/runsheet/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const charges = new Set<string>();
 * const charge = step({
 *   name: "charge",
 *   retry: { count: 1, delay: 200 },
 *   run: (ctx: { orderId: string }, { attempt }) => {
 *     if (attempt === 1) throw new Error("busy");
 *     charges.add(ctx.orderId);
 *     return { chargeId: ctx.orderId };
 *   },
 *   rollback: (_ctx, { chargeId }) => charges.delete(chargeId),
 * });
 *
 * const ran = await runStep(charge, { orderId: "o1" });
 * assertEquals(ran.output, { chargeId: "o1" });
 * assertEquals(ran.attempts.map(({ outcome }) => outcome.ok), [false, true]);
 * assertEquals(ran.waits, [200]);
 *
 * assertEquals(await ran.rollback(), { completed: ["charge"], failed: [] });
 * assertEquals(charges.size, 0);
 * ```
 */
export async function runStep<S extends AnyStep>(
  step: S,
  ctx: RequiresOf<S>,
  options: Omit<RunOptions, "host"> = {},
): Promise<StepRun<ProvidesOf<S>>> {
  const node = checkStep("run a step", "step", step);
  checkObject(`run '${node.name}'`, options);
  let done: Journal | undefined;
  const kept = expose<Step<string, RequiresOf<S>, ProvidesOf<S>>>({
    ...node,
    // They are already in the step's context.
    deps: undefined,
    async execute(ctx, scope) {
      const journal = scope.journal.fork();
      const settled = await settle(node.execute(ctx, { ...scope, journal }));
      if (settled.ok && !scope.cancellation?.error) done = journal;
      else scope.journal.join(journal);
      return settled;
    },
  });
  const host = recorder();
  const result = await kept.run(ctx, { ...options, host });
  const attempts = host.calls.filter(({ kind }) => kind === "attempt");
  return Object.freeze({
    result,
    get output() {
      if (result.success) return result.data;
      const { error: cause, failedStep } = result;
      const problem = `as it must succeed: it failed in '${failedStep}': ${messageOf(cause).full}`;
      throw new Error(`Cannot give the output of '${node.name}' ${problem}`, { cause });
    },
    attempts,
    waits: host.waits.map(({ ms }) => ms),
    async rollback(error = new Error("undone by a test")) {
      if (!result.success) return result.rollback;
      await done!.unwind(error);
      return done!.report();
    },
  });
}
