// A group without limits, sources other than arrays, and items that end one by one: for a copy of
// the library's sources, where it takes the place of `fanOut`.
import { Branch, type Group } from "../src/groups/branch.ts";
import type { Work } from "../src/groups/fan_out.ts";
import { groupFailure, siblingFailed } from "../src/groups/group_failure.ts";
import { toError } from "../src/report/errors.ts";
import { Cancellation } from "../src/run/cancellation.ts";
import type { Scope } from "../src/run/scope.ts";
import {
  isSettled,
  settle,
  type Settled,
  type SettledFailure,
  success,
} from "../src/run/settled.ts";
import { seal } from "../src/values/context.ts";

export async function runAllAtOnce<Item>(work: Work<Item>, scope: Scope): Promise<Settled> {
  const { source, run, gather, pathOf = () => scope.path } = work;
  const cancellation = new Cancellation(scope.cancellation);
  const group: Group = { scope, cancellation, pathOf, hold: scope.hold };
  const items = await (typeof source === "function" ? source(cancellation) : source);
  const branches: Branch<Item>[] = [];
  for (const item of items as readonly Item[]) {
    const branch = new Branch(group, item, branches.length);
    branch.ending = run(branch);
    branches.push(branch);
  }
  let values: unknown[] | undefined;
  try {
    values = await Promise.all(branches.map(({ promise }) => promise));
  } catch (thrown) {
    cancellation.cancel(siblingFailed(scope.path, toError(thrown)), undefined, false);
  }
  const outputs: unknown[] = [];
  const failures: SettledFailure[] = [];
  for (const branch of branches) {
    const ending = values ? branch.land(values[branch.index]) : branch.ending!;
    const settled = isSettled(ending) ? ending : await settle(ending);
    if (settled.ok) outputs.push(settled.output);
    else failures.push(settled);
    if (branch.forked) scope.journal.join(branch.forked);
  }
  return failures.length > 0
    ? groupFailure(failures, cancellation, scope, true)
    : success(seal(gather(outputs), scope.deep), true);
}
