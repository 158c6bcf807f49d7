import { attempt, pushUndo } from "./attempt.ts";
import { untilGivenUp } from "./cancel.ts";
import {
  checkFunction,
  checkName,
  checkOptions,
  checkPatience,
  checkRetry,
  checkSchema,
  checkTimeout,
  checkUndo,
  type Patience,
  type UndoWith,
} from "./config.ts";
import { type Context, copyObject, seal } from "./context.ts";
import { expose, failure, type Settled } from "./engine.ts";
import { ProvidesValidationError, RequiresValidationError, toError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import { compensateLate } from "./late.ts";
import { declaredKeys, validate, validateDeclared } from "./schema.ts";
import type { Scope } from "./scope.ts";
import type { Schema, SchemaIssue } from "./standard_schema.ts";
import type { RetryPolicy, RollbackInfo, RunInfo, Step } from "./types.ts";
import type { Needed, Provided, StepDefinition, Unset } from "./types_step.ts";

type Handler = (ctx: Context, output: unknown, info: RollbackInfo) => unknown;

/** A step's definition without its types. */
interface Definition extends Patience {
  readonly name: string;
  readonly requires?: Schema;
  readonly provides?: Schema;
  readonly run: (ctx: Context, info: RunInfo) => unknown;
  readonly rollback?: UndoWith<Handler> | undefined;
  readonly retry?: RetryPolicy;
  readonly timeout?: number;
}

/**
 * Makes a step: a piece of work that declares what it needs of the context and what it adds to it, and how it is
 * undone.
 *
 * Without `retry` a failed step is not tried again; without `timeout` it may take for ever. Validation failures are
 * never retried. A sync `run` is as good as an async one.
 *
 * @param definition The step's name, its work, and what the engine may rely on.
 * @returns A frozen step, to be put in a pipeline or run alone.
 * @throws {ConfigError} If the definition is wrong: no name, an unknown option, a number out of range.
 *
 * @example Work that can be undone
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 * import { type } from "arktype";
 *
 * const charges = new Set<string>();
 * const charge = step({
 *   name: "charge",
 *   requires: type({ orderId: "string", amount: "number > 0" }),
 *   provides: type({ chargeId: "string" }),
 *   retry: { count: 3, delay: 200, backoff: "exponential" },
 *   timeout: 5_000,
 *   run: (ctx) => {
 *     charges.add(`charge for ${ctx.orderId}`);
 *     return { chargeId: `charge for ${ctx.orderId}` };
 *   },
 *   rollback: (_ctx, output) => charges.delete(output.chargeId),
 * });
 * const result = await charge.run({ orderId: "o1", amount: 50 });
 * assertEquals(result.success && result.data, { chargeId: "charge for o1" });
 * ```
 *
 * @example Without schemas
 * ```ts
 * import { step } from "@runsheet/runsheet";
 *
 * step({ name: "inferred", run: (ctx: { a: string }) => ({ b: ctx.a.length }) });
 * step<{ a: string }, { b: number }>({ name: "given", run: (ctx) => ({ b: ctx.a.length }) });
 * ```
 */
export function step<
  R = Unset,
  P = Unset,
  const N extends string = string,
  RS = undefined,
  PS = undefined,
>(
  definition: StepDefinition<R, P, N, RS, PS>,
): Step<N, Needed<R, RS>, Provided<P, PS>> {
  const checked = check(definition);
  const { name, requires, provides } = checked;
  const needs = requires
    ? declaredKeys(requires)?.filter((key) => key.required).map(({ key }) => key)
    : [];
  const adds = provides &&
    declaredKeys(provides)?.map(({ key }) => [key, name] as const);
  return expose({
    name,
    requires,
    provides,
    keys: { needs, adds },
    isPipeline: false,
    policy: { retry: checked.retry, timeout: checked.timeout },
    execute: (ctx, scope) => execute(checked, ctx, scope),
  });
}

function check(definition: unknown): Definition {
  checkOptions("create a step", definition, [
    "name",
    "requires",
    "provides",
    "run",
    "rollback",
    "retry",
    "timeout",
    "graceMs",
    "overlap",
  ]);
  const { name, requires, provides, run, rollback, retry, timeout } = definition as Definition;
  checkName("step", name);
  const action = `create step '${name}'`;
  checkFunction(action, "run", run);
  checkSchema(action, "requires", requires);
  checkSchema(action, "provides", provides);
  checkRetry(`retry '${name}'`, retry);
  checkTimeout(`time '${name}'`, timeout);
  checkPatience(`time '${name}'`, definition as Definition);
  const undo = rollback === undefined ? undefined : checkUndo(action, "'rollback'", name, rollback);
  return { ...definition as Definition, rollback: undo };
}

async function execute(
  definition: Definition,
  ctx: Context,
  scope: Scope,
): Promise<Settled> {
  const { run, requires, retry, timeout, graceMs, overlap } = definition;
  const { path, journal, cancellation, deep } = scope;
  let seen = ctx;
  if (requires) {
    const checked = await untilGivenUp(
      validateDeclared(requires, ctx),
      cancellation,
    );
    if (!checked) return failure(cancellation!.error!, path, false);
    if (!checked.ok) {
      const message =
        `Cannot run '${path}' as the context must be what it requires: ${checked.summary}`;
      return failure(
        new RequiresValidationError(message, checked.issues, checked),
        path,
        false,
      );
    }
    seen = seal({ ...ctx, ...checked.value }, deep);
  }
  const outcome = await attempt({
    kind: "attempt",
    id: path,
    path,
    ctx: seen,
    retry,
    timeout,
    graceMs,
    overlap,
    call: (info) => run(seen, info),
    onLate: (late) =>
      compensateLate(late, seen, scope, async (raw, journal, id) => {
        const { output } = await checkOutput(definition, raw, {
          ...scope,
          cancellation: undefined,
        });
        pushRollback(definition, seen, output, scope, journal, id);
      }),
  }, scope);
  if (!outcome.ok) return failure(outcome.error, path, outcome.attempts > 0);
  // The effect has happened: its undo is due also when its output is not what it must be.
  const { output, error } = await checkOutput(definition, outcome.value, scope);
  pushRollback(definition, seen, output, scope, journal, `${path}!undo`);
  return error ? failure(error, path, true) : { ok: true, output, ran: true };
}

/** What an output adds to the context; with an error, the output as it was returned. */
type Checked = { readonly output: Context; readonly error?: never } | {
  readonly output: unknown;
  readonly error: Error;
};

async function checkOutput(
  { provides }: Definition,
  raw: unknown,
  scope: Scope,
): Promise<Checked> {
  const { path, cancellation, deep } = scope;
  const wrong = (
    problem: string,
    issues: readonly SchemaIssue[],
    options: ErrorOptions,
  ) => ({
    output: raw,
    error: new ProvidesValidationError(
      `Cannot use the output of '${path}' as it ${problem}`,
      issues,
      options,
    ),
  });
  try {
    const copy = raw === undefined || raw === null ? {} : copyObject(raw);
    if (!provides) return { output: seal(copy, deep) };
    const checked = await untilGivenUp(
      validate(provides, copy),
      cancellation,
    );
    if (!checked) return { output: raw, error: cancellation!.error! };
    if (checked.ok) return { output: seal(checked.value, deep) };
    return wrong(
      `must be what it provides: ${checked.summary}`,
      checked.issues,
      checked,
    );
  } catch (thrown) {
    const cause = toError(thrown);
    return wrong(cause.message, [], { cause });
  }
}

function pushRollback(
  { rollback }: Definition,
  ctx: Context,
  output: unknown,
  scope: Scope,
  journal: Journal,
  id: string,
): void {
  if (!rollback) return;
  const { run, retry, timeout } = rollback;
  pushUndo(
    { id, path: scope.path, ctx, output, retry, timeout },
    scope,
    journal,
    (info) => run(ctx, output, info),
  );
}
