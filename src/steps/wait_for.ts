// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Schema } from "../api/schema.ts";
import type { Step } from "../api/step.ts";
import { expose } from "../engine/expose.ts";
import { checkOptions, checkSchema, checkText, checkTimeout } from "../report/checks.ts";
import { toError } from "../report/errors.ts";
import type { Cancellation } from "../run/cancellation.ts";
import { recordId } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled } from "../run/settled.ts";
import { withTimeout } from "../run/with_timeout.ts";
import type { ObjectSchema, Provided } from "../types/step.ts";
import { checkOutput, type OutputSchema, outputSchema } from "./output.ts";

/** The options of `waitFor`. */
export interface WaitForOptions<PS> {
  /** The schema of the event's data, which the step adds to the context. */
  readonly provides?: ObjectSchema<PS>;
  /** How long to wait, in milliseconds; by default, there is no limit. */
  readonly timeout?: number | undefined;
}

/**
 * Makes a step that waits for an event from outside, such as an approval. Within one process, the
 * run's `events` deliver it; to a durable run, `send` delivers it, even days later and from any
 * process.
 *
 * @param name The name of the step and of the event.
 * @param options The schema of the event's data, and a timeout.
 * @returns A step that adds the event's data.
 * @throws {ConfigError} If an option is invalid.
 *
 * @example An approval
 * ```ts
 * import { pipeline, waitFor } from "@runsheet/runsheet";
 * import { assert } from "@std/assert";
 * import { type } from "arktype";
 *
 * const approval = waitFor("approval", { provides: type({ approvedBy: "string" }) });
 * const order = pipeline({ name: "order", steps: [approval] });
 * const events = { wait: () => Promise.resolve({ approvedBy: "ann" }) };
 * const result = await order.run({}, { events });
 * assert(result.success && result.data.approvedBy === "ann");
 * ```
 */
export function waitFor<const N extends string, PS = undefined>(
  name: N,
  options: WaitForOptions<PS> = {},
): Step<N, {}, Provided<{}, PS>> {
  checkText("create a waitFor()", "'name'", name);
  const action = `create waitFor '${name}'`;
  const own = checkOptions(action, options, ["provides", "timeout"]);
  const provides = own.provides as Schema | undefined;
  checkSchema(action, "provides", provides);
  const { timeout } = own;
  checkTimeout(action, timeout);
  const schema = provides && outputSchema(provides);
  return expose({
    name,
    provides,
    keys: {
      needs: [],
      adds: schema ? schema.keys?.map((key) => [key, name]) : [],
    },
    kind: "step",
    // Without a timeout, it only waits, as `sleep` does.
    policy: timeout === undefined ? undefined : { timeout },
    execute: (_ctx, scope) =>
      withTimeout(
        `'${scope.path}'`,
        timeout,
        scope,
        (cancellation) => wait(name, schema, scope, cancellation),
      ),
  });
}

async function wait(
  name: string,
  schema: OutputSchema | undefined,
  scope: Scope,
  cancellation: Cancellation,
): Promise<Settled> {
  const { path, run, watch } = scope;
  try {
    const data = await run.seam.event(recordId(path, "event"), name, run, cancellation);
    if (run.seam.durable?.isReplaying) watch?.replay();
    if (cancellation.error) return failure(cancellation.error, path, true);
    return await checkOutput(schema, data, scope);
  } catch (thrown) {
    if (run.seam.interruption) throw thrown;
    return failure(toError(thrown), path, true);
  }
}
