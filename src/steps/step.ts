import type { KeyUndo, RunInfo, UndoPolicy } from "../api/info.ts";
import type { Patience, RetryPolicy } from "../api/policy.ts";
import type { Schema } from "../api/schema.ts";
import type { Attempt, Effect } from "../effect/attempt.ts";
import type { Rollback, UndoByKey, UndoByName } from "../effect/handlers.ts";
import { makeEffect } from "../effect/make_effect.ts";
import { startEffect } from "../effect/start_effect.ts";
import { takesInfo } from "../effect/takes_info.ts";
import { expose } from "../engine/expose.ts";
import {
  checkBoolean,
  checkFunction,
  checkOptions,
  checkPatience,
  checkRetry,
  checkSchema,
  checkText,
  checkTimeout,
  checkUndo,
  checkUndos,
} from "../report/checks.ts";
import { RequiresValidationError } from "../report/errors.ts";
import { type Refusal, refusalError } from "../report/refusal.ts";
import type { Scope } from "../run/scope.ts";
import { type Ending, failure, type Settled } from "../run/settled.ts";
import { isAccepted, whenValidated } from "../run/when_validated.ts";
import { declaredKeys } from "../schema/declared_keys.ts";
import { contextValidator, type Validated } from "../schema/validate.ts";
import type { MadeStep, Noted } from "../types/pivot.ts";
import type { Needed, Provided, StepDefinition, Unset } from "../types/step.ts";
import { type Context, seal } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { checkOutput, outputSchema } from "./output.ts";

/** An untyped step definition. */
interface Definition extends Patience {
  readonly name: string;
  readonly requires?: Schema;
  readonly provides?: Schema;
  readonly run: (ctx: Context, info: RunInfo) => unknown;
  readonly rollback?: UndoPolicy<Rollback> | undefined;
  readonly undoByKey?: KeyUndo<UndoByKey> | undefined;
  readonly undos?: Readonly<Record<string, UndoPolicy<UndoByName>>> | undefined;
  readonly idempotent?: boolean;
  readonly pivot?: boolean;
  readonly retry?: RetryPolicy | undefined;
  readonly timeout?: number;
}

/**
 * Makes a step: a piece of work that declares the keys it needs from the context, the keys it adds,
 * and how to undo it.
 *
 * Without `retry`, a failed step is not retried; without `timeout`, it may take any amount of time.
 * Validation failures are never retried. `run` may be synchronous or asynchronous.
 *
 * @param definition The step's name, work, schemas, undo and policies.
 * @returns A frozen step, to be used in a pipeline or run on its own.
 * @throws {ConfigError} If the definition is invalid: no name, an unknown option, a number out of
 * range.
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
  K extends PropertyKey = PropertyKey,
  const L extends string = never,
  const V = undefined,
>(
  definition: StepDefinition<R, P, N, RS, PS> & Noted<K, L, V>,
): MadeStep<N, Needed<R, RS>, Provided<P, PS>, K, L, V> {
  const checked = check(definition);
  const {
    name,
    requires,
    provides,
    run: _run,
    rollback: _,
    undoByKey: _2,
    undos: byName,
    ...policy
  } = checked;
  const needs = requires
    ? declaredKeys(requires)?.filter((key) => key.required).map(({ key }) => key)
    : [];
  const adds = provides &&
    declaredKeys(provides)?.map(({ key }) => [key, name] as const);
  const validate = requires && contextValidator(requires);
  const effect = effectOf(checked);
  return expose({
    name,
    requires,
    provides,
    keys: { needs, adds },
    kind: "step",
    policy,
    undos: Object.freeze((["rollback", "undoByKey"] as const).filter((kind) => checked[kind])),
    undoNames: byName && Object.keys(byName),
    execute(ctx, scope) {
      if (!validate) return startEffect(effect, ctx, scope);
      const checking = validate(ctx);
      return isAccepted(checking, scope)
        ? startEffect(effect, ctx, scope)
        : startValidated(checking, effect, ctx, scope);
    },
  });
}

function check(definition: unknown): Definition {
  const own = checkOptions("create a step", definition as Definition, [
    "name",
    "requires",
    "provides",
    "run",
    "rollback",
    "undoByKey",
    "undos",
    "idempotent",
    "pivot",
    "retry",
    "timeout",
    "graceMs",
    "lateMs",
    "overlap",
  ]);
  const { name, requires, provides, run, rollback, undoByKey, undos, idempotent, retry, timeout } =
    own;
  checkText("create a step", "'name'", name);
  const action = `create step '${name}'`;
  checkFunction(action, "run", run);
  checkSchema(action, "requires", requires);
  checkSchema(action, "provides", provides);
  checkTimeout(`time '${name}'`, timeout);
  checkPatience(`time '${name}'`, own);
  checkBoolean(action, "idempotent", idempotent);
  checkBoolean(action, "pivot", own.pivot);
  return {
    ...own,
    retry: checkRetry(`retry '${name}'`, retry),
    rollback: rollback === undefined ? undefined : checkUndo(action, "'rollback'", name, rollback),
    undoByKey: undoByKey === undefined
      ? undefined
      : checkUndo(action, "'undoByKey'", name, undoByKey, ["afterMs"]),
    undos: undos === undefined ? undefined : checkUndos(action, name, undos),
  };
}

/** Makes the effect of a step. */
function effectOf(definition: Definition): Effect {
  const { name: _, requires: _2, provides, run, ...policy } = definition;
  const schema = provides && outputSchema(provides);
  const check = (raw: unknown, scope: Scope) => checkOutput(schema, raw, scope);
  return makeEffect({
    ...policy,
    kind: "attempt",
    seesInfo: takesInfo(run, 1),
    check,
    call: (attempt) => run(attempt.ctx, attempt.shown()),
    succeed(attempt, raw) {
      const checking = check(raw, attempt.scope);
      return isPromise(checking)
        ? checking.then((checked) => stand(attempt, raw, checked))
        : stand(attempt, raw, checking);
    },
  });
}

function stand(attempt: Attempt, raw: unknown, checked: Settled): Settled {
  // The effect has happened, so it must be undoable even if its output is invalid.
  attempt.stand(raw, checked.ok ? checked.output : raw, checked.ok);
  if (checked.ok && attempt.effect.pivot) attempt.scope.journal.commit(attempt.path);
  return checked;
}

function startValidated(
  validating: MaybePromise<Validated>,
  effect: Effect,
  ctx: Context,
  scope: Scope,
): Ending {
  const { path, deep } = scope;
  const refused = (refusal: Refusal) => {
    const problem = `Cannot run '${path}' as the context must be what it requires:`;
    return refusalError(RequiresValidationError, problem, refusal);
  };
  return whenValidated(validating, ctx, scope, refused, (value): Ending => {
    if (value instanceof Error) return failure(value, path, false);
    const own = value === ctx ? ctx : seal({ ...ctx, ...value }, deep);
    return startEffect(effect, own, scope);
  });
}
