import { type Refusal, Refused } from "../report/refusal.ts";
import { UNCHANGED, type Validated } from "../schema/validate.ts";
import type { Context } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { unlessGivenUp } from "./cancellation.ts";
import type { Scope } from "./scope.ts";
import { type Ending, settle, type Settled } from "./settled.ts";

/**
 * Whether the context stands as it is, so that what follows needs no `whenValidated`: it is called
 * for each step, and costs a closure or two.
 */
export function isAccepted(
  validated: MaybePromise<Validated>,
  { cancellation }: Scope,
): validated is typeof UNCHANGED {
  return validated === UNCHANGED && !cancellation;
}

/**
 * Continues with the validated object, which is the `given` one if the schema changed nothing, or
 * with the error of a refusal or of an earlier cancellation.
 */
export function whenValidated<E extends Ending>(
  validating: MaybePromise<Validated>,
  given: Context,
  { cancellation, run: { seam } }: Scope,
  refused: (refusal: Refusal) => Error,
  next: (value: Context | Error) => E,
): E | Promise<Settled> {
  const read = (checked: Validated | undefined) => {
    if (!checked) return next(cancellation!.error!);
    if (checked instanceof Refused) return next(refused(checked.refusal));
    return next(checked === UNCHANGED ? given : checked.value);
  };
  const checking = unlessGivenUp(validating, cancellation);
  return isPromise(checking)
    ? seam.outside(checking).then((checked) => settle(read(checked)))
    : read(checking);
}
