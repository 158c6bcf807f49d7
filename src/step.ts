import { after } from "./after.ts";
import { attempt, attemptUndo, type Effect } from "./attempt.ts";
import { unlessGivenUp } from "./cancel.ts";
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
import { contextValidator, declaredKeys, type Validate, validator } from "./schema.ts";
import type { Scope } from "./scope.ts";
import type { Schema, SchemaIssue } from "./standard_schema.ts";
import type { MaybePromise, RetryPolicy, RollbackInfo, RunInfo, Step } from "./types.ts";
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
  const checks = {
    requires: requires && contextValidator(requires),
    provides: provides && validator(provides),
  };
  return expose({
    name,
    requires,
    provides,
    keys: { needs, adds },
    isPipeline: false,
    policy: { retry: checked.retry, timeout: checked.timeout },
    execute: (ctx, scope) => execute(checked, checks, ctx, scope),
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

/** How a step's contexts and outputs are validated; made when it is built. */
interface Checks {
  readonly requires: Validate | undefined;
  readonly provides: Validate | undefined;
}

function execute(
  definition: Definition,
  checks: Checks,
  ctx: Context,
  scope: Scope,
): MaybePromise<Settled> {
  const { path, cancellation, deep } = scope;
  if (!checks.requires) return perform(definition, checks, ctx, scope);
  return after(unlessGivenUp(checks.requires(ctx), cancellation), (checked) => {
    if (!checked) return failure(cancellation!.error!, path, false);
    if (!checked.ok) {
      const message =
        `Cannot run '${path}' as the context must be what it requires: ${checked.summary}`;
      const error = new RequiresValidationError(message, checked.issues, checked);
      return failure(error, path, false);
    }
    const { value } = checked;
    const seen = value === ctx ? ctx : seal({ ...ctx, ...value }, deep);
    return perform(definition, checks, seen, scope);
  });
}

function perform(
  definition: Definition,
  { provides }: Checks,
  ctx: Context,
  scope: Scope,
): MaybePromise<Settled> {
  const { run, retry, timeout, graceMs, overlap } = definition;
  const { path, journal } = scope;
  const effect: Effect = {
    kind: "attempt",
    id: path,
    path,
    ctx,
    retry,
    timeout,
    graceMs,
    overlap,
    call: (info) => run(ctx, info),
    onLate: (late) =>
      compensateLate(late, ctx, scope, async (raw, journal, id) => {
        const uncancelled = { ...scope, cancellation: undefined };
        const { output } = await checkOutput(provides, raw, uncancelled);
        pushRollback(definition, ctx, output, scope, journal, id);
      }),
  };
  return attempt(effect, scope, (outcome) => {
    if (!outcome.ok) return failure(outcome.error, path, outcome.ran);
    return after(checkOutput(provides, outcome.value, scope), ({ output, error }) => {
      // The effect has happened: its undo is due also when its output is not what it must be.
      pushRollback(definition, ctx, output, scope, journal, `${path}!undo`);
      return error ? failure(error, path, true) : { ok: true, output, ran: true };
    });
  });
}

/** What an output adds to the context; with an error, the output as it was returned. */
type Checked = { readonly output: Context; readonly error?: never } | {
  readonly output: unknown;
  readonly error: Error;
};

function checkOutput(
  provides: Validate | undefined,
  raw: unknown,
  scope: Scope,
): MaybePromise<Checked> {
  let copy: Record<string, unknown>;
  try {
    copy = raw === undefined || raw === null ? {} : copyObject(raw);
  } catch (thrown) {
    return unusableOutput(thrown, raw, scope);
  }
  if (!provides) return sealOutput(copy, raw, scope);
  return after(unlessGivenUp(provides(copy), scope.cancellation), (checked) => {
    if (!checked) return { output: raw, error: scope.cancellation!.error! };
    if (checked.ok) return sealOutput(checked.value, raw, scope);
    const problem = `must be what it provides: ${checked.summary}`;
    return wrongOutput(problem, checked.issues, checked, raw, scope);
  });
}

function sealOutput(output: Record<string, unknown>, raw: unknown, scope: Scope): Checked {
  try {
    return { output: seal(output, scope.deep) };
  } catch (thrown) {
    return unusableOutput(thrown, raw, scope);
  }
}

function unusableOutput(thrown: unknown, raw: unknown, scope: Scope): Checked {
  const cause = toError(thrown);
  return wrongOutput(cause.message, [], { cause }, raw, scope);
}

function wrongOutput(
  problem: string,
  issues: readonly SchemaIssue[],
  options: ErrorOptions,
  raw: unknown,
  { path }: Scope,
): Checked {
  const message = `Cannot use the output of '${path}' as it ${problem}`;
  return { output: raw, error: new ProvidesValidationError(message, issues, options) };
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
  const { path } = scope;
  journal.push({
    step: path,
    undo: (error) =>
      attemptUndo(
        { id, path, ctx, output, retry, timeout },
        scope,
        (info) => run(ctx, output, info),
        error,
      ),
  });
}
