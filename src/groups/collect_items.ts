import type { ItemOptions } from "../api/policy.ts";
import { itemPath } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import type { Settled } from "../run/settled.ts";
import { seal } from "../values/context.ts";
import { fanOut } from "./fan_out.ts";
import type { RunBranch } from "./lanes.ts";
import type { Source } from "./source.ts";

/** Runs every item of a source and collects the results under a key. */
export async function collectItems<Item>(
  key: string,
  source: Source<Item>,
  scope: Scope,
  options: ItemOptions,
  run: RunBranch<Item>,
  gather: (results: unknown[]) => unknown[] = (results) => results,
): Promise<Settled> {
  const pathOf = (index: number) => itemPath(scope.path, index);
  const settled = await fanOut(source, scope, options, run, pathOf);
  if (!settled.ok) return settled;
  // Processing an empty collection counts as having run.
  return { ok: true, output: seal({ [key]: gather(settled.output) }, scope.deep), ran: true };
}
