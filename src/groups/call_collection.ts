import type { Collection } from "../api/collection.ts";
import { errorWith } from "../report/error_with.ts";
import { RequiresValidationError, toError } from "../report/errors.ts";
import { untilGivenUp } from "../run/cancellation.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";

/** Calls the user's function that gives a collection; of a Map, its values. */
export async function callCollection(
  collection: (ctx: Context) => unknown,
  ctx: Context,
  { path, cancellation }: Scope,
): Promise<Settled<Collection<unknown>>> {
  try {
    const given = await untilGivenUp(Promise.resolve(collection(ctx)), cancellation);
    if (cancellation?.error) return failure(cancellation.error, path, true);
    const items = given instanceof Map ? given.values() : given;
    if (isCollection(items)) return { ok: true, output: items, ran: true };
    const constraint = "its collection must be an array or something else that can be iterated";
    const text = message`Cannot run '${path}' as ${constraint}: current value is ${shown(given)}`;
    return failure(errorWith(RequiresValidationError, text, []), path, true);
  } catch (thrown) {
    return failure(toError(thrown), path, true);
  }
}

/** Whether a value can be iterated as a collection; a string is one value, not a collection of letters. */
function isCollection(value: unknown): value is Collection<unknown> {
  return typeof value === "object" && value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}
