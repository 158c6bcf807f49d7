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
import type { Entry, Journal } from "./journal.ts";
import { compensateLate } from "./late.ts";
import {
  contextValidator,
  declaredKeys,
  type Validate,
  type Validated,
  validator,
} from "./schema.ts";
import type { Scope } from "./scope.ts";
import type { Schema, SchemaIssue } from "./standard_schema.ts";
import type { MaybePromise, RetryPolicy, RollbackInfo, RunInfo, Step } from "./types.ts";
import type { Outcome } from "./types_host.ts";
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
  const plan = planOf(checked);
  return expose({
    name,
    requires,
    provides,
    keys: { needs, adds },
    isPipeline: false,
    policy: { retry: checked.retry, timeout: checked.timeout },
    execute: (ctx, scope) => execute(plan, ctx, scope),
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

/** What a step does, made when it is built. */
interface Plan {
  readonly requires: Validate | undefined;
  readonly provides: Validate | undefined;
  readonly effect: Effect;
  readonly rollback: UndoWith<Handler> | undefined;
}

function planOf(definition: Definition): Plan {
  const { run, requires, provides, rollback, retry, timeout, graceMs, overlap } = definition;
  const plan: Plan = {
    requires: requires && contextValidator(requires),
    provides: provides && validator(provides),
    effect: {
      kind: "attempt",
      retry,
      timeout,
      graceMs,
      overlap,
      call: ({ ctx }, info) => run(ctx, info),
      onLate: (late, ctx, scope) =>
        compensateLate(late, ctx, scope, async (raw, journal, id) => {
          const uncancelled = { ...scope, cancellation: undefined };
          const { output } = await checkOutput(plan, raw, uncancelled);
          pushRollback(plan, ctx, output, scope, journal, id);
        }),
    },
    rollback,
  };
  return plan;
}

function execute(plan: Plan, ctx: Context, scope: Scope): MaybePromise<Settled> {
  if (!plan.requires) return perform(plan, ctx, scope);
  const checking = unlessGivenUp(plan.requires(ctx), scope.cancellation);
  return checking instanceof Promise
    ? checking.then((checked) => performChecked(plan, ctx, checked, scope))
    : performChecked(plan, ctx, checking, scope);
}

function performChecked(
  plan: Plan,
  ctx: Context,
  checked: Validated | undefined,
  scope: Scope,
): MaybePromise<Settled> {
  const { path, cancellation, deep } = scope;
  if (!checked) return failure(cancellation!.error!, path, false);
  if (!checked.ok) {
    const message =
      `Cannot run '${path}' as the context must be what it requires: ${checked.summary}`;
    const error = new RequiresValidationError(message, checked.issues, checked);
    return failure(error, path, false);
  }
  const { value } = checked;
  return perform(plan, value === ctx ? ctx : seal({ ...ctx, ...value }, deep), scope);
}

function perform(plan: Plan, ctx: Context, scope: Scope): MaybePromise<Settled> {
  const { path } = scope;
  return attempt(plan.effect, { id: path, path, ctx }, scope, (outcome) => {
    if (!outcome.ok) return failure(outcome.error, path, outcome.ran);
    const checking = checkOutput(plan, outcome.value, scope);
    return checking instanceof Promise
      ? checking.then((checked) => finish(plan, ctx, checked, scope))
      : finish(plan, ctx, checking, scope);
  });
}

function finish(plan: Plan, ctx: Context, { output, error }: Checked, scope: Scope): Settled {
  const { path, journal } = scope;
  // The effect has happened: its undo is due also when its output is not what it must be.
  pushRollback(plan, ctx, output, scope, journal);
  return error ? failure(error, path, true) : { ok: true, output, ran: true };
}

/** What an output adds to the context; with an error, the output as it was returned. */
type Checked = { readonly output: Context; readonly error?: never } | {
  readonly output: unknown;
  readonly error: Error;
};

function checkOutput({ provides }: Plan, raw: unknown, scope: Scope): MaybePromise<Checked> {
  let copy: Record<string, unknown>;
  try {
    copy = raw === undefined || raw === null ? {} : copyObject(raw);
  } catch (thrown) {
    return unusableOutput(thrown, raw, scope);
  }
  if (!provides) return sealOutput(copy, raw, scope);
  const checking = unlessGivenUp(provides(copy), scope.cancellation);
  return checking instanceof Promise
    ? checking.then((checked) => readOutput(checked, raw, scope))
    : readOutput(checking, raw, scope);
}

function readOutput(checked: Validated | undefined, raw: unknown, scope: Scope): Checked {
  if (!checked) return { output: raw, error: scope.cancellation!.error! };
  if (checked.ok) return sealOutput(checked.value, raw, scope);
  const problem = `must be what it provides: ${checked.summary}`;
  return wrongOutput(problem, checked.issues, checked, raw, scope);
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
  { rollback }: Plan,
  ctx: Context,
  output: unknown,
  scope: Scope,
  journal: Journal,
  id?: string,
): void {
  if (rollback) journal.push(new HandlerEntry(rollback, ctx, output, scope, id));
}

/** A rollback handler that is due when the run fails; a closure for each took a tenth of the time of a run. */
class HandlerEntry implements Entry {
  readonly step: string;
  readonly #rollback: UndoWith<Handler>;
  readonly #ctx: Context;
  readonly #output: unknown;
  readonly #scope: Scope;
  readonly #id: string | undefined;

  constructor(
    rollback: UndoWith<Handler>,
    ctx: Context,
    output: unknown,
    scope: Scope,
    id: string | undefined,
  ) {
    this.step = scope.path;
    this.#rollback = rollback;
    this.#ctx = ctx;
    this.#output = output;
    this.#scope = scope;
    this.#id = id;
  }

  undo(error: Error): MaybePromise<Outcome> {
    const { run } = this.#rollback;
    const ctx = this.#ctx;
    const output = this.#output;
    const path = this.step;
    const site = { id: this.#id ?? `${path}!undo`, path, ctx, output };
    return attemptUndo(
      this.#rollback,
      site,
      this.#scope,
      (info) => run(ctx, output, info),
      error,
    );
  }
}
