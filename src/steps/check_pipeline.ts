import type { Middleware } from "../api/middleware.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { Schema } from "../api/schema.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkOptions,
  checkRetry,
  checkSchema,
  checkText,
  checkTimeout,
  checkValid,
} from "../report/checks.ts";

/** An untyped pipeline definition. */
export interface Definition {
  readonly name: string;
  readonly steps?: readonly unknown[] | undefined;
  readonly argsSchema?: Schema | undefined;
  readonly output?: Schema | undefined;
  readonly deps?: Schema | undefined;
  readonly middleware?: readonly Middleware[] | undefined;
  readonly strict?: boolean | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly timeout?: number | undefined;
  readonly immutable?: "deep" | undefined;
}

const OPTIONS = [
  "name",
  "steps",
  "argsSchema",
  "output",
  "deps",
  "middleware",
  "strict",
  "retry",
  "timeout",
  "immutable",
];

/**
 * Validates the options of a pipeline and returns a copy, which the caller can no longer change.
 */
export function checkPipeline(definition: Definition): Definition {
  const own = checkOptions("create a pipeline", definition, OPTIONS);
  const { name, steps, argsSchema, output, deps, middleware, strict, retry, timeout, immutable } =
    own;
  checkText("create a pipeline", "'name'", name);
  const action = `create pipeline '${name}'`;
  checkSchema(action, "argsSchema", argsSchema);
  checkSchema(action, "output", output);
  checkSchema(action, "deps", deps);
  checkArray(action, "middleware", middleware);
  middleware?.forEach((layer, n) => checkFunction(action, `middleware[${n}]`, layer));
  checkBoolean(action, "strict", strict);
  checkValid(action, "immutable", immutable, [undefined, "deep"].includes(immutable), "'deep'");
  checkTimeout(`time pipeline '${name}'`, timeout);
  return {
    ...own,
    retry: checkRetry(`retry pipeline '${name}'`, retry),
    ...(Array.isArray(steps) && { steps: [...steps] }),
    ...(middleware && { middleware: [...middleware] }),
  };
}
