import { attempt, type Effect } from "./attempt.ts";
import { IndexedInfo } from "./attempt_info.ts";
import { untilGivenUp } from "./cancel.ts";
import type { Context } from "./context.ts";
import { RequiresValidationError, toError } from "./errors.ts";
import type { Branch, FailedBranch } from "./fan_out.ts";
import { compensateLate } from "./late.ts";
import type { Scope } from "./scope.ts";
import { show } from "./show.ts";
import type { Collection, ItemInfo, MaybePromise } from "./types.ts";

/** Whether a value can be iterated as a collection; a string is one value, not a collection of letters. */
export function isCollection(value: unknown): value is Collection<unknown> {
  return typeof value === "object" && value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** The collection that a function of the user's gives; of a Map, its values. */
export async function itemsOf(
  collection: (ctx: Context) => unknown,
  ctx: Context,
  { path, cancellation }: Scope,
): Promise<{ readonly ok: true; readonly items: Collection<unknown> } | FailedBranch> {
  const failed = (error: Error): FailedBranch => {
    return { ok: false, error, failedStep: path, ran: true };
  };
  try {
    const given = await untilGivenUp(Promise.resolve(collection(ctx)), cancellation);
    if (cancellation?.error) return failed(cancellation.error);
    const items = given instanceof Map ? given.values() : given;
    if (isCollection(items)) return { ok: true, items };
    const constraint = "its collection must be an array or something else that can be iterated";
    const message = `Cannot run '${path}' as ${constraint}: current value is ${show(given)}`;
    return failed(new RequiresValidationError(message, []));
  } catch (thrown) {
    return failed(toError(thrown));
  }
}

/** A function of the user's that is called for each item. */
export function itemEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo, path: string) => unknown,
): Effect {
  return {
    kind: "item",
    call: ({ item, ctx, index, path }, info) =>
      call(item, ctx, new IndexedInfo(info, index!), path),
    onLate: compensateLate,
  };
}

/** Calls a function of the user's for an item. */
export function callForItem(
  effect: Effect,
  item: unknown,
  index: number,
  ctx: Context,
  scope: Scope,
): MaybePromise<Branch> {
  const { path } = scope;
  return attempt<Branch>(
    effect,
    { id: path, path, ctx, item, index },
    scope,
    (outcome) =>
      outcome.ok
        ? { ok: true, output: outcome.value, ran: true }
        : { ok: false, error: outcome.error, failedStep: path, ran: outcome.ran },
  );
}
