import { seal } from "./context.ts";
import type { Settled } from "./engine.ts";
import { type Branch, fanOut } from "./fan_out.ts";
import type { Scope } from "./scope.ts";
import type { Collection, ItemOptions, MaybePromise } from "./types.ts";

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
