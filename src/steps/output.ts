import { ProvidesValidationError } from "../report/errors.ts";
import { type Refusal, refusalError, refusedByReading } from "../report/refusal.ts";
import { unlessGivenUp } from "../run/cancellation.ts";
import type { Scope } from "../run/scope.ts";
import type { Validate, Validated } from "../schema/validate.ts";
import { type Context, copyObject, seal } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";

/** What an output adds to the context; with an error, the output as it was returned. */
export type Checked = { readonly output: Context; readonly error?: never } | {
  readonly output: unknown;
  readonly error: Error;
};

/** Validates what a step returned, and seals what it adds to the context. */
export function checkOutput(
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
  const checking = unlessGivenUp(provides(copy), scope.cancellation);
  return checking instanceof Promise
    ? checking.then((checked) => readOutput(checked, raw, scope))
    : readOutput(checking, raw, scope);
}

function readOutput(checked: Validated | undefined, raw: unknown, scope: Scope): Checked {
  if (!checked) return { output: raw, error: scope.cancellation!.error! };
  if (checked.ok) return sealOutput(checked.value, raw, scope);
  return refuseOutput(" must be what it provides:", checked.refusal, raw, scope);
}

function sealOutput(output: Record<string, unknown>, raw: unknown, scope: Scope): Checked {
  try {
    return { output: seal(output, scope.deep) };
  } catch (thrown) {
    return unusableOutput(thrown, raw, scope);
  }
}

function unusableOutput(thrown: unknown, raw: unknown, scope: Scope): Checked {
  return refuseOutput("", refusedByReading(thrown), raw, scope);
}

function refuseOutput(must: string, refusal: Refusal, raw: unknown, { path }: Scope): Checked {
  const problem = `Cannot use the output of '${path}' as it${must}`;
  return { output: raw, error: refusalError(ProvidesValidationError, problem, refusal) };
}
