import type { ItemOptions } from "../api/policy.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Scope } from "../run/scope.ts";
import type { Settled } from "../run/settled.ts";
import { groupFailure } from "./group_failure.ts";
import { Lanes, type RunBranch } from "./lanes.ts";
import type { Source } from "./source.ts";

/**
 * Runs branches or items concurrently, at most `concurrency` at a time, and takes each from its
 * source when there is room for it. When it returns, every branch that started has settled or been
 * given up, and their undos are on the journal in source order, whichever finished first. The
 * outputs come in the same order.
 */
export async function fanOut<Item>(
  source: Source<Item>,
  scope: Scope,
  options: ItemOptions,
  run: RunBranch<Item>,
  pathOf: (index: number) => string = () => scope.path,
): Promise<Settled<unknown[]>> {
  const { cancellation, journal } = scope;
  // A failing sibling cancels branches without giving them up; only the scope above can do that.
  const [group, release] = cancellation?.child(cancellation.canGiveUp) ??
    [new Cancellation(false), undefined];
  const lanes = new Lanes(run, pathOf, scope, group, options);
  await lanes.run(source);
  release?.();
  const { failures, sourceFailure, outputs, ran } = lanes;
  lanes.journals.forEach((branch) => journal.join(branch));
  if (sourceFailure) failures.push(sourceFailure);
  if (failures.length > 0 || group.error) return { ...groupFailure(failures, group, scope), ran };
  return { ok: true, output: outputs, ran };
}
