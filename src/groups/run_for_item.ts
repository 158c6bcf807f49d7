import type { Node } from "../engine/node.ts";
import { runChild } from "../engine/run_child.ts";
import { itemHeld } from "../report/held.ts";
import { labelOf } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import { type Ending, failure } from "../run/settled.ts";
import { type Context, seal } from "../values/context.ts";

/** Runs a step for an item, whose keys it finds in the context, unless the run holds one of them. */
export function runForItem(
  node: Node,
  item: Context,
  ctx: Context,
  scope: Scope,
): Ending<unknown> {
  const { path, run, deep } = scope;
  const held = run.held?.find(item, ctx);
  if (held !== undefined) return failure(itemHeld(held, path), path, false);
  return runChild(node, labelOf(node.name), seal({ ...ctx, ...item }, deep), scope);
}
