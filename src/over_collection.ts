import { collectItems } from "./collect_items.ts";
import { checkFunction, checkGroup, checkName } from "./config.ts";
import type { Context } from "./context.ts";
import type { Node, Parts } from "./engine.ts";
import type { Branch } from "./fan_out.ts";
import { itemsOf } from "./items.ts";
import type { Scope } from "./scope.ts";
import type { ItemOptions, MaybePromise } from "./types.ts";

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
