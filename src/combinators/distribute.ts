import type { ItemOptions } from "../api/policy.ts";
import type { AnyStep } from "../api/step.ts";
import { checkStep, refusePivot } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import type { Node } from "../engine/node.ts";
import { collectItems, freezeEach } from "../groups/collect_items.ts";
import { runForItem } from "../groups/run_for_item.ts";
import { checkGroup, checkKey, refuse } from "../report/checks.ts";
import { errorWith } from "../report/error_with.ts";
import { RequiresValidationError } from "../report/errors.ts";
import { failure } from "../run/settled.ts";
import { declaredKeys } from "../schema/declared_keys.ts";
import type { Distributed, KeyOfNeeds, ListsFit } from "../types/items.ts";
import type { NotAStep, StepIn, StepShape } from "../types/step_in.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import { withValue } from "../values/show.ts";

/**
 * Runs a step for every item of a list in the context, passed under the key that the step expects;
 * with several lists, for every combination of their items. The outputs are collected in order
 * under a key. The step sees the context's other keys, but not the lists.
 *
 * @param key The key of the results.
 * @param mapping Maps the key of each list in the context to the key that the step requires. With
 * several lists, the first one varies slowest.
 * @param step A step, a combinator or a pipeline; its validation, retry, timeout and rollback apply
 * to each item.
 * @param options `concurrency` and `onFailure`. Combinations are generated lazily, as there is room
 * for them.
 * @returns A step named `distribute(<key>)`.
 * @throws {ConfigError} If an argument is invalid, or the step is known not to require a mapped
 * key.
 *
 * @example Every account in every region
 * ```ts
 * import { distribute, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const report = step({
 *   name: "report",
 *   run: ({ account, region }: { account: string; region: string }) => ({
 *     report: `${account} in ${region}`,
 *   }),
 * });
 * const reports = distribute("reports", { accounts: "account", regions: "region" }, report);
 * const result = await pipeline({ name: "p", steps: [reports] })
 *   .run({ accounts: ["a1", "a2"], regions: ["eu"] });
 * assertEquals(result.success && result.data.reports.map(({ report }) => report), [
 *   "a1 in eu",
 *   "a2 in eu",
 * ]);
 * ```
 */
export function distribute<
  const K extends string,
  S extends StepShape | NotAStep,
  const M extends { readonly [list: string]: KeyOfNeeds<S> },
  const F extends ItemOptions["onFailure"] = undefined,
>(
  key: K,
  mapping: M,
  step: ListsFit<S, StepIn<S>, M>,
  options: ItemOptions & { readonly onFailure?: F } = {},
): Distributed<K, StepIn<S>, M, F> {
  checkKey("create a distribute()", "name", key);
  const name = `distribute(${key})`;
  const action = `create ${name}`;
  const node = checkStep(action, "step", step);
  refusePivot(action, [node]);
  const pairs = checkMapping(action, mapping, node);
  const how = checkGroup(action, options, ["abort", "settle", "collect"]);
  return expose({
    name,
    keys: { needs: neededBy(node, pairs), adds: [[key, name]] },
    kind: "distribute",
    traits: how,
    parts: {
      children: [node],
      rebuild: ([other]) =>
        distribute<string, AnyStep, never>(
          key,
          cast(Object.fromEntries(pairs)),
          other!,
          cast(how),
        ),
    },
    async execute(ctx, scope) {
      const rest: Record<string, unknown> = { ...ctx };
      for (const [list] of pairs) {
        if (!Array.isArray(ctx[list])) {
          const problem = `Cannot run '${scope.path}' as '${list}' must be an array`;
          const text = withValue(problem, ctx[list]);
          return failure(errorWith(RequiresValidationError, text, []), scope.path, false);
        }
        delete rest[list];
      }
      const settled = await collectItems(key, scope, {
        source: combinations(pairs, ctx),
        options: how,
        total: scope.watch && countCombinations(pairs, ctx),
        run: (branch) => runForItem(node, branch.item, rest, branch),
      }, freezeEach);
      // Processing an empty collection counts as having run.
      return settled.ok ? { ...settled, ran: true } : settled;
    },
  });
}

function countCombinations(pairs: readonly Pair[], ctx: Context): number {
  return pairs.reduce((count, [list]) => count * (ctx[list] as readonly unknown[]).length, 1);
}

type Pair = readonly [list: string, item: string];

function checkMapping(action: string, mapping: unknown, node: Node): readonly Pair[] {
  if (typeof mapping !== "object" || mapping === null || Array.isArray(mapping)) {
    refuse(action, "'mapping' must be an object of keys", mapping);
  }
  const pairs: Pair[] = Object.entries(mapping);
  if (pairs.length === 0) refuse(action, "'mapping' must have at least one key", mapping);
  const required = node.requires && declaredKeys(node.requires)?.map((declared) => declared.key);
  const taken = new Set<string>();
  for (const [list, item] of pairs) {
    const place = `'mapping.${list}'`;
    if (typeof item !== "string" || item === "") {
      refuse(action, `${place} must be a key of '${node.name}'`, item);
    }
    if (required && !required.includes(item)) {
      refuse(
        action,
        `${place} must be among the keys [${required.join(", ")}] that '${node.name}' requires`,
        item,
      );
    }
    if (taken.has(item)) {
      refuse(action, `${place} must be a key that no other list is mapped to`, item);
    }
    taken.add(item);
  }
  return pairs;
}

function neededBy(
  { keys: { needs } }: Node,
  pairs: readonly Pair[],
): readonly string[] | undefined {
  const items = pairs.map(([, item]) => item);
  return needs &&
    [...needs.filter((need) => !items.includes(need)), ...pairs.map(([list]) => list)];
}

/**
 * Yields every combination of the lists' items lazily: there may be far too many to keep in memory.
 */
function* combinations(pairs: readonly Pair[], ctx: Context): Iterable<Record<string, unknown>> {
  const [first, ...others] = pairs;
  if (!first) return yield {};
  const [list, key] = first;
  for (const item of ctx[list] as readonly unknown[]) {
    for (const rest of combinations(others, ctx)) yield { [key]: item, ...rest };
  }
}
