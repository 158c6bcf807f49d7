import type { Collection } from "../api/collection.ts";
import type { ItemOptions } from "../api/policy.ts";
import type { Node, Parts } from "../engine/node.ts";
import { checkFunction, checkGroup, checkName } from "../report/checks.ts";
import { RequiresValidationError, toError } from "../report/errors.ts";
import { untilGivenUp } from "../run/cancellation.ts";
import type { Scope } from "../run/scope.ts";
import type { Branch, FailedBranch, Settled } from "../run/settled.ts";
import { type Context, seal } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { show } from "../values/show.ts";
import { fanOut } from "./fan_out.ts";

/** Runs every item of a collection, and gives what they came to under a key. */
export async function collectItems<Item>(
  key: string,
  items: Collection<Item>,
  scope: Scope,
  options: ItemOptions,
  run: (item: Item, index: number, scope: Scope) => MaybePromise<Branch>,
  gather: (values: unknown[]) => unknown[] = (values) => values,
): Promise<Settled> {
  const outcome = await fanOut(
    items,
    scope,
    options,
    run,
    (index) => `${scope.path}[${index}]`,
  );
  if (!outcome.ok) return outcome;
  // An empty collection is a collection that was run through.
  return { ok: true, output: seal({ [key]: gather(outcome.values) }, scope.deep), ran: true };
}

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

/** What `map`, `filter` and `flatMap` differ in. */
export interface OverCollection {
  /** The combinator's name. */
  readonly combinator: string;
  /** The key of the results. */
  readonly key: string;
  /** The user's function that gives the collection. */
  readonly items: unknown;
  /** The user's function that is called for an item, under the name of its parameter; a step has none. */
  readonly callback: readonly [name: string, value: unknown] | undefined;
  /** How the items run. */
  readonly options: ItemOptions;
  /** What `onFailure` may be. */
  readonly policies: readonly string[];
  /** Options of its own. */
  readonly moreOptions?: readonly string[];
  /** The step that runs for each item, if one does. */
  readonly parts?: Parts | undefined;
  /** Runs one item. */
  readonly run: (item: unknown, index: number, ctx: Context, scope: Scope) => MaybePromise<Branch>;
  /** Makes the results of what the items came to; without it they are as they are. */
  readonly gather?: (values: readonly unknown[]) => unknown[];
}

/** The node that runs the items of a collection which a function of the user's gives. */
export function overCollection(definition: OverCollection): Node {
  const { combinator, key, items, callback, options, policies, moreOptions, parts, run, gather } =
    definition;
  checkName(`${combinator}()`, key);
  const name = `${combinator}(${key})`;
  checkFunction(`create ${name}`, "items", items);
  if (callback) checkFunction(`create ${name}`, ...callback);
  checkGroup(`create ${name}`, options, policies, moreOptions);
  const collection = items as (ctx: Context) => unknown;
  // A copy: what the caller goes on to do with the options must not change the step.
  const own = { ...options };
  return {
    name,
    requires: undefined,
    provides: undefined,
    keys: { needs: [], adds: [[key, name]] },
    isPipeline: false,
    parts,
    async execute(ctx, scope) {
      const given = await itemsOf(collection, ctx, scope);
      if (!given.ok) return given;
      return await collectItems(
        key,
        given.items,
        scope,
        own,
        (item, index, branch) => run(item, index, ctx, branch),
        gather,
      );
    },
  };
}
