import { settle } from "../run/settled.ts";
import type { Result, RollbackReport } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import type { AnyStep, Step } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import type { Journal } from "../run/journal.ts";
import type { ProvidesOf, RequiresOf } from "../types/of.ts";
import { messageOf } from "../values/message.ts";
import { type RecordedCall, recorder } from "./recorder.ts";

/** What a step came to when it ran alone. */
export interface StepRun<Output> {
  /** The result, as `step.run` gives it. */
  readonly result: Result<Output>;
  /**
   * What the step provides.
   *
   * @throws {Error} If the step failed; `cause` is its error.
   */
  readonly output: Readonly<Output>;
  /** Every attempt, failed ones too, in the order in which they came out; of all steps in it when it has several. */
  readonly attempts: readonly RecordedCall[];
  /** The waits before the retries, in milliseconds. No time passed in them. */
  readonly waits: readonly number[];
  /**
   * Undoes what the step did, as when a later step fails: its rollback handler with what `run` saw and returned, and
   * what it deferred. Does nothing the second time, nor when the step failed, as it has been undone then.
   *
   * @param error What the handlers are told as the reason. @default {new Error("undone by a test")}
   * @returns Every handler that ran.
   */
  rollback(error?: Error): Promise<RollbackReport>;
}

/**
 * Runs one step alone: with its validation, retry, timeout and rollback, but with no wait before a retry.
 *
 * @param step A step; a combinator or a pipeline will do too.
 * @param ctx The context that it finds.
 * @param options How to run it, as for `run`.
 * @returns The result, its attempts, and a way to undo it.
 * @throws {ConfigError} If it is no step.
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
  let done: Journal | undefined;
  const kept = expose<Step<string, RequiresOf<S>, ProvidesOf<S>>>({
    ...node,
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
