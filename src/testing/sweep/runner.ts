import type { LateReport } from "../../api/run.ts";
import type { Step } from "../../api/step.ts";
import { expose } from "../../engine/expose.ts";
import type { Node } from "../../engine/node.ts";
import { refuse } from "../../report/checks.ts";
import { baseOf } from "../../run/paths.ts";
import { failure } from "../../run/settled.ts";
import type { Case } from "./cases.ts";
import { FaultHost, type Shared } from "./fault_host.ts";
import type { Fault } from "./faults.ts";
import { judge, judgeRetried, type Observed, standing } from "./judge.ts";
import type { SweepRow } from "./report.ts";

/** Where a run fails that the sweep makes fail at its end. */
export const END = "<end>";

/** Makes the runs of a sweep, each with clean fakes. */
export class Runner {
  /** How many there were. */
  runs = 0;
  readonly #node: Node;
  readonly #shared: Shared;
  readonly #prepare: () => Promise<unknown>;

  /** `prepare` makes the fakes clean, and gives the args. */
  constructor(node: Node, shared: Shared, prepare: () => Promise<unknown>) {
    this.#node = node;
    this.#shared = shared;
    this.#prepare = prepare;
  }

  /** Runs a case, and once more where the run goes on in spite of the fault: it fails at its end then. */
  async try(
    one: Case,
    doomed: Observed,
    clean: Observed,
  ): Promise<{ readonly row: SweepRow; readonly seen: Observed }> {
    if (one.call.kind === "undo") {
      const seen = await this.#runCase(one, true);
      return { row: judge(one, seen, false, doomed.host.undone.get(baseOf(one.call))), seen };
    }
    const seen = await this.#runCase(one, false);
    if (!seen.result?.success) return { row: judge(one, seen, false), seen };
    const differs = judgeRetried(one, seen, clean.totals);
    if (differs) return { row: differs, seen };
    const again = await this.#runCase(one, true);
    return { row: judge(one, again, true), seen: again };
  }

  /** Runs once, with what goes wrong by the ids of calls. */
  async run(plan: ReadonlyMap<string, Fault>, isDoomed: boolean): Promise<Observed> {
    this.runs++;
    const { books } = this.#shared;
    books.clear();
    const args = await this.#prepare();
    const host = new FaultHost(this.#shared, plan);
    const late: LateReport[] = [];
    const watches: Promise<unknown>[] = [];
    const target = expose<Step<string, unknown, object>>(isDoomed ? doom(this.#node) : this.#node);
    const running = target.run(args, {
      host,
      // The same in all runs, so that a fake may make ids of it.
      runId: "sweep",
      signal: host.controller.signal,
      onLate: (report) => {
        late.push(report);
        host.onLate(report);
      },
      waitUntil: (watch) => watches.push(watch),
    });
    try {
      const ended = await Promise.race([
        running.then((result) => ({ result, hung: [] })),
        host.hung.then((hung) => ({ result: undefined, hung })),
      ]);
      if (ended.result) await host.untilIdle(settle(watches));
      return { ...ended, host, late, ...standing(books) };
    } finally {
      host.dispose();
    }
  }

  async #runCase({ call: { id }, plan }: Case, isDoomed: boolean): Promise<Observed> {
    const seen = await this.run(plan, isDoomed);
    if (seen.result && !seen.host.calls.some((call) => call.id === id)) {
      const constraint = "its runs must be alike: a call was made in one run, and not in another";
      refuse(`sweep '${this.#node.name}'`, constraint, id);
    }
    return seen;
  }
}

/** The same node, but it fails when all is done. */
function doom(node: Node): Node {
  return {
    ...node,
    async execute(ctx, scope) {
      const settled = await node.execute(ctx, scope);
      const error = new Error("the sweep makes the run fail at its end");
      return settled.ok ? { ...settled, ...failure(error, END, true) } : settled;
    },
  };
}

/** Waits for all of them, and for those that come meanwhile. */
async function settle(watches: Promise<unknown>[]): Promise<void> {
  while (watches.length > 0) await Promise.allSettled(watches.splice(0));
}
