import type { Collection } from "../api/collection.ts";
import type { CollectionInfo } from "../api/info.ts";
import { errorWith } from "../report/error_with.ts";
import { RequiresValidationError } from "../report/errors.ts";
import { recordId } from "../run/paths.ts";
import { recordedValue } from "../run/recorded_value.ts";
import type { Scope } from "../run/scope.ts";
import type { Context } from "../values/context.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { withValue } from "../values/show.ts";

/** A user's function that returns a collection. */
export type CollectionFunction = (ctx: Context, info: CollectionInfo | undefined) => unknown;

/** Calls the user's function that returns a collection. */
export function callCollection(
  collection: CollectionFunction,
  ctx: Context,
  path: string,
  info: CollectionInfo | undefined,
): MaybePromise<Collection<unknown>> {
  const given = collection(ctx, info);
  return isThenable(given)
    ? Promise.resolve(given).then((given) => checkCollection(given, path))
    : checkCollection(given, path);
}

/** Calls the function through a durable host, which records all items, as they may change. */
export function recordedCollection(
  collection: CollectionFunction,
  ctx: Context,
  { path, run }: Scope,
  info: CollectionInfo | undefined,
): Promise<Collection<unknown>> {
  const call = { id: recordId(path, "items"), kind: "collection", path, ctx } as const;
  return recordedValue(run, call, async () => {
    const items: unknown[] = [];
    for await (const item of await callCollection(collection, ctx, path, info)) {
      items.push(item);
    }
    return items;
  });
}

function checkCollection(given: unknown, path: string): Collection<unknown> {
  if (isCollection(given)) return given;
  const constraint = "its collection must be an array or something else that can be iterated";
  const text = withValue(`Cannot run '${path}' as ${constraint}`, given);
  throw errorWith(RequiresValidationError, text, []);
}

/**
 * Whether a value is an iterable object. A string is a single value, not a collection of letters.
 */
function isCollection(value: unknown): value is Collection<unknown> {
  return typeof value === "object" && value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}
