import type { Schema } from "../api/schema.ts";
import { ProvidesValidationError } from "../report/errors.ts";
import { outputHeld } from "../report/held.ts";
import {
  type Refusal,
  refusalError,
  Refused,
  refused,
  refusedByReading,
} from "../report/refusal.ts";
import { isResult } from "../report/result.ts";
import { unlessGivenUp } from "../run/cancellation.ts";
import { stepPath } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled, success } from "../run/settled.ts";
import { declaredKeys } from "../schema/declared_keys.ts";
import { UNCHANGED, type Validate, type Validated, validator } from "../schema/validate.ts";
import { type Context, copyObject, seal } from "../values/context.ts";
import { isError } from "../values/is_error.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { withValue } from "../values/show.ts";

/** Reads and validates an output. */
export interface OutputSchema {
  readonly validate: Validate;
  /** The declared keys, if known. */
  readonly keys: readonly string[] | undefined;
}

/** Prepares the schema of a step's output. */
export function outputSchema(provides: Schema): OutputSchema {
  const keys = declaredKeys(provides)?.map(({ key }) => key);
  return { validate: validator(provides), keys };
}

/** Validates a step's returned value and seals its output; never throws. */
export function checkOutput(
  provides: OutputSchema | undefined,
  raw: unknown,
  scope: Scope,
): MaybePromise<Settled> {
  let copy: Record<string, unknown>;
  try {
    const refusal = misusedOutput(raw);
    if (refusal) return refuseOutput(refusal, scope);
    copy = raw === undefined || raw === null ? {} : copyObject(raw, provides?.keys);
  } catch (thrown) {
    return refuseOutput(refusedByReading(thrown), scope);
  }
  if (!provides) return sealOutput(copy, scope);
  const checking = unlessGivenUp(provides.validate(copy), scope.cancellation);
  return isPromise(checking)
    ? checking.then((checked) => readOutput(checked, copy, scope))
    : readOutput(checking, copy, scope);
}

/** Refuses objects that a step must not return: results and errors. */
function misusedOutput(raw: unknown): Refusal | undefined {
  if (isResult(raw)) {
    const text = message`must be the data of a run, which 'unwrap' gives, and not its result: it ${
      raw.success ? "succeeded" : `failed in '${raw.failedStep}'`
    }`;
    return refused(text, raw.success ? undefined : raw.error);
  }
  // Most outputs are plain, and testing for an error of another realm is slow.
  if (typeof raw !== "object" || raw === null || Object.getPrototypeOf(raw) === Object.prototype) {
    return undefined;
  }
  if (!isError(raw)) return undefined;
  return refused(
    withValue("must not be an error, which is to be thrown", raw),
    raw,
  );
}

function readOutput(checked: Validated | undefined, copy: Context, scope: Scope): Settled {
  if (!checked) return failed(scope.cancellation!.error!, scope);
  if (checked === UNCHANGED) return sealOutput(copy, scope);
  if (!(checked instanceof Refused)) return sealOutput(checked.value, scope);
  const summary = message`must be what it provides: ${checked.refusal.summary}`;
  return refuseOutput({ ...checked.refusal, summary }, scope);
}

function sealOutput(output: Context, scope: Scope): Settled {
  const held = scope.run.held?.find(output, output);
  if (held !== undefined) return failed(outputHeld(held, scope.path), scope);
  try {
    // Frozen only once it is exposed: most outputs are merged into the context and forgotten.
    return success(scope.deep ? seal(output, true) : output);
  } catch (thrown) {
    return refuseOutput(refusedByReading(thrown), scope);
  }
}

function refuseOutput(refusal: Refusal, scope: Scope): Settled {
  const problem = `Cannot use the output of '${scope.path}' as it`;
  return failed(refusalError(ProvidesValidationError, problem, refusal), scope);
}

function failed(error: Error, { path }: Scope): Settled {
  return failure(error, stepPath(path), true);
}
