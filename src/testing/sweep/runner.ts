import type { EventSource } from "../../api/run.ts";
import type { DepsPipeline } from "../../api/step.ts";
import { expose } from "../../engine/expose.ts";
import type { Node } from "../../engine/node.ts";
import { refuse } from "../../report/checks.ts";
import { failure, settle as settleNode } from "../../run/settled.ts";
import { type Case, idOf } from "./cases.ts";
import { FaultHost, type Shared } from "./fault_host.ts";
import type { Fault } from "./faults.ts";
import type { Judge } from "./judge.ts";
import { type Observed, standing } from "./observed.ts";
import type { SweepRow } from "./report.ts";
import { replaceWire } from "./wire.ts";

/** The failed step of a run that the sweep makes fail at its end. */
export const END = "<end>";

/** What a run is given. */
export interface Given {
  readonly args: unknown;
  readonly deps: unknown;
  readonly events: EventSource | undefined;
}

/** Executes the runs of a sweep, each with clean fakes. */
export class Runner {
  /** The number of runs so far. */
  runs = 0;
  readonly #node: Node;
  readonly #shared: Shared;
  readonly #prepare: () => Promise<Given>;

  /** `prepare` resets the fakes and returns what a run is given. */
  constructor(node: Node, shared: Shared, prepare: () => Promise<Given>) {
    this.#node = node;
    this.#shared = shared;
    this.#prepare = prepare;
  }

  /** Runs a case. If the run survives the fault, runs it again with a failure at its end. */
  async try(
    one: Case,
    judge: Judge,
  ): Promise<{ readonly row: SweepRow; readonly seen: Observed }> {
    const isUndo = one.call.kind === "undo";
    const seen = await this.#runCase(one, isUndo);
    if (isUndo || !seen.result?.success) return { row: judge.judge(one, seen, false), seen };
    const differs = judge.judgeSuccess(one, seen);
    if (differs) return { row: differs, seen };
    const again = await this.#runCase(one, true);
    return { row: judge.judge(one, again, true), seen: again };
  }

  /** Runs once with the planned faults, by the ids of calls. */
  async run(plan: ReadonlyMap<string, Fault>, isDoomed: boolean): Promise<Observed> {
    this.runs++;
    const { books } = this.#shared;
    books.clear();
    const { args, deps, events } = await this.#prepare();
    const host = new FaultHost(this.#shared, plan);
    const restoreWire = replaceWire(books, (request) => host.wire.send(request));
    const target = expose<DepsPipeline<string, unknown, object, object, unknown>>(
      isDoomed ? doom(this.#node) : this.#node,
    );
    const running = target.run(args, {
      deps,
      events,
      host,
      // The same in all runs, so that fakes may derive ids from it.
      runId: "sweep",
      signal: host.controller.signal,
      onLate: (report) => host.onLate(report),
      waitUntil: host.waitUntil,
    });
    try {
      const ended = await Promise.race([
        running.then((result) => ({ result, hung: [] })),
        host.hung.then((hung) => ({ result: undefined, hung })),
      ]);
      if (ended.result) await host.untilIdle(host.atRest());
      return { ...ended, host, late: host.late, ...standing(books) };
    } finally {
      host.dispose();
      restoreWire();
    }
  }

  async #runCase(one: Case, isDoomed: boolean): Promise<Observed> {
    const seen = await this.run(one.plan, isDoomed);
    const { calls, wire } = seen.host;
    if (seen.result && ![...calls, ...wire.effects].some(({ id }) => id === idOf(one))) {
      const constraint = "its runs must be alike: a call was made in one run, and not in another";
      refuse(`sweep '${this.#node.name}'`, constraint, idOf(one));
    }
    return seen;
  }
}

/** Copies a node so that it fails at its end. */
function doom(node: Node): Node {
  return {
    ...node,
    async execute(ctx, scope) {
      const settled = await settleNode(node.execute(ctx, scope));
      const error = new Error("the sweep makes the run fail at its end");
      return settled.ok ? { ...settled, ...failure(error, END, true) } : settled;
    },
  };
}
