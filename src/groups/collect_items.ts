import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import { itemPath } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import type { Settled } from "../run/settled.ts";
import { fanOut, type Work } from "./fan_out.ts";

/** Runs every item of a source and collects the results under a key. */
export function collectItems<Item>(
  key: string,
  scope: Scope,
  work: Omit<Work<Item>, "pathOf" | "gather">,
  gather: (results: unknown[], scope: Scope) => unknown[] = (results) => results,
): Promise<Settled> {
  const pathOf = (index: number) => itemPath(scope.path, index);
  return fanOut(
    { ...work, pathOf, gather: (results) => ({ [key]: gather(results, scope) }) },
    scope,
  );
}

/** Freezes the outputs of steps, without held values, for use as results. */
export function freezeEach(outputs: readonly unknown[], { run }: Scope): unknown[] {
  return outputs.map((output) =>
    Object.freeze(run.held && output ? run.without(cast<Context>(output)) : output)
  );
}
