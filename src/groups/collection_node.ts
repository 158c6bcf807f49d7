import type { CollectionInfo } from "../api/info.ts";
import type { ItemOptions } from "../api/policy.ts";
import type { Node, Parts } from "../engine/node.ts";
import { checkFunction, checkGroup, checkName } from "../report/checks.ts";
import type { Scope } from "../run/scope.ts";
import type { Ending } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { callCollection } from "./call_collection.ts";
import { collectItems } from "./collect_items.ts";

/** What `map`, `filter` and `flatMap` differ in. */
export interface CollectionCombinator {
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
  readonly run: (
    item: unknown,
    index: number,
    ctx: Context,
    scope: Scope,
  ) => Ending<unknown>;
  /** Makes the list that stands under the key of the items' results; without it they are the list. */
  readonly gather?: (results: readonly unknown[]) => unknown[];
}

/** Makes the node of a combinator whose items come from a function of the user's. */
export function collectionNode(definition: CollectionCombinator): Node {
  const { combinator, key, items, callback, options, policies, moreOptions, parts, run, gather } =
    definition;
  checkName(`${combinator}()`, key);
  const name = `${combinator}(${key})`;
  checkFunction(`create ${name}`, "items", items);
  if (callback) checkFunction(`create ${name}`, ...callback);
  const own = checkGroup(`create ${name}`, options, policies, moreOptions);
  const collection = items as (ctx: Context, info: CollectionInfo) => unknown;
  return {
    name,
    requires: undefined,
    provides: undefined,
    keys: { needs: [], adds: [[key, name]] },
    isPipeline: false,
    parts,
    async execute(ctx, scope) {
      const settled = await collectItems(
        key,
        (cancellation) => callCollection(collection, ctx, scope.path, cancellation),
        scope,
        own,
        (item, index, branch) => run(item, index, ctx, branch),
        gather,
      );
      return settled.ran ? settled : { ...settled, ran: true };
    },
  };
}
