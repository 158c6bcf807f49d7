import type { NodeKind } from "../api/observer.ts";
import type { ItemOptions } from "../api/policy.ts";
import { takesInfo } from "../effect/takes_info.ts";
import type { Node, Parts } from "../engine/node.ts";
import { checkFunction, checkGroup, checkKey } from "../report/checks.ts";
import type { Scope } from "../run/scope.ts";
import type { Ending } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { Branch } from "./branch.ts";
import { callCollection, type CollectionFunction, recordedCollection } from "./call_collection.ts";
import { collectItems } from "./collect_items.ts";

/** The differences between `map`, `filter` and `flatMap`. */
export interface CollectionCombinator {
  readonly combinator: NodeKind;
  /** The key under which the results appear. */
  readonly key: string;
  /** The user's function that returns the collection. */
  readonly items: unknown;
  /**
   * The user's function called for each item, with its parameter's name; absent if a step runs
   * instead.
   */
  readonly callback: readonly [name: string, value: unknown] | undefined;
  readonly options: ItemOptions;
  /** The allowed values of `onFailure`. */
  readonly policies: readonly string[];
  /** Options that only this combinator has. */
  readonly moreOptions?: readonly string[];
  /** The step that runs for each item, if there is one. */
  readonly parts?: Parts | undefined;
  /** Runs one item. */
  readonly run: (branch: Branch<unknown>, ctx: Context) => Ending<unknown>;
  /** Turns the items' results into the final list; without it, the results are the list. */
  readonly gather?: (results: readonly unknown[], scope: Scope) => unknown[];
}

/** Makes the node of a combinator whose items come from a user function. */
export function collectionNode(definition: CollectionCombinator): Node {
  const { combinator, key, items, callback, options, policies, moreOptions, parts, run, gather } =
    definition;
  checkKey(`create a ${combinator}()`, "name", key);
  const name = `${combinator}(${key})`;
  checkFunction(`create ${name}`, "items", items);
  if (callback) checkFunction(`create ${name}`, ...callback);
  const own = checkGroup(`create ${name}`, options, policies, moreOptions);
  const collection = items as CollectionFunction;
  const seesInfo = takesInfo(collection, 1);
  const isBlind = callback !== undefined && !takesInfo(callback[1], 2);
  return {
    name,
    keys: { needs: [], adds: [[key, name]] },
    kind: combinator,
    traits: own,
    parts,
    execute: (ctx, scope) =>
      collectItems(key, scope, {
        source(cancellation) {
          const info = seesInfo ? Object.freeze({ signal: cancellation.signal }) : undefined;
          return scope.run.seam.durable
            ? recordedCollection(collection, ctx, scope, info)
            : callCollection(collection, ctx, scope.path, info);
        },
        options: own,
        hasRun: true,
        isBlind,
        run: (branch) => run(branch, ctx),
      }, gather),
  };
}
