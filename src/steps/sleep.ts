// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Step } from "../api/step.ts";
import { expose } from "../engine/expose.ts";
import { checkText, checkValid } from "../report/checks.ts";
import { recordId } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled, success } from "../run/settled.ts";
import { EMPTY } from "../values/context.ts";

/**
 * Makes a step that waits. Under a durable host the run may wait for days and continue in another
 * process. A cancellation ends the wait.
 *
 * @param name The step's name.
 * @param ms How long to wait, in milliseconds.
 * @returns A step that adds nothing.
 * @throws {ConfigError} If the name is empty, or `ms` is negative or not finite.
 *
 * @example Wait before a reminder
 * ```ts
 * import { pipeline, sleep, step } from "@runsheet/runsheet";
 * import { assert } from "@std/assert";
 *
 * const remind = step({ name: "remind", run: () => {} });
 * const pause = sleep("three days", 3 * 86_400_000);
 * const reminder = pipeline({ name: "reminder", steps: [pause, remind] });
 * const result = await reminder.run({}, { signal: AbortSignal.abort() });
 * assert(!result.success);
 * ```
 */
export function sleep<const N extends string>(name: N, ms: number): Step<N, {}, {}> {
  checkText("create a sleep()", "'name'", name);
  const isValid = Number.isFinite(ms) && ms >= 0;
  checkValid(`create sleep '${name}'`, "ms", ms, isValid, "a number of milliseconds from 0");
  return expose({
    name,
    keys: { needs: [], adds: [] },
    kind: "step",
    execute: (_ctx, scope) => wait(ms, scope),
  });
}

async function wait(ms: number, { path, run, cancellation, watch }: Scope): Promise<Settled> {
  await run.seam.sleep(recordId(path, "sleep"), ms, cancellation);
  if (run.seam.durable?.isReplaying) watch?.replay();
  return cancellation?.error ? failure(cancellation.error, path, true) : success(EMPTY);
}
