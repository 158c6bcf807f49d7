import type { LateReport, RunOptions } from "../api/run.ts";
import { printed } from "../report/printable.ts";
import type { Cancellation } from "./cancellation.ts";
import type { Entry, Journal } from "./journal.ts";
import { keyOf } from "./paths.ts";
import type { Seam } from "./seam.ts";

/** What the whole of one `run()` shares. */
export class Run {
  /** The way to the user's code. */
  readonly seam: Seam;
  /** What the caller asked for. */
  readonly options: RunOptions;
  /** What was deferred when there was no place for it on the journal any more. */
  readonly strays: Entry[] = [];
  /** Why it failed, once it has: what is deferred from then on is undone at once. */
  failedBy: Error | undefined;
  /** The children that ran of a combinator that is run by itself; `undefined` where nobody asks. */
  executed: Set<string> | undefined;
  readonly #root: string;
  #id: string | undefined;

  /** `root` is the name of the pipeline that runs, `""` for a step, whose paths begin with its name. */
  constructor(seam: Seam, options: RunOptions, root: string) {
    this.seam = seam;
    this.options = options;
    this.#root = root;
    this.#id = options.runId;
  }

  /** The run's id; made up when it is first needed, as not every run needs one. */
  get id(): string {
    return this.#id ??= crypto.randomUUID();
  }

  /** The key of an effect, for other systems. */
  keyOf(path: string): string {
    return keyOf(this.id, this.#root, path);
  }

  /** Reports what became of an attempt that had been given up. */
  tellLate(report: LateReport): void {
    const { onLate } = this.options;
    if (onLate) callBack(() => onLate(printed(report)));
    // What could not be undone must not go unseen.
    else if (report.outcome === "failed") Promise.reject(report.error);
  }

  /** Hands what the run does not wait for to the caller's platform. */
  watch(late: Promise<unknown>): void {
    const watch = late.catch((thrown) => {
      // A host that has interrupted the run calls nothing any more; `run()` has rejected with its reason.
      if (!this.seam.interruption) throw thrown;
    });
    callBack(() => this.options.waitUntil?.(watch));
  }
}

/** Calls the caller of the run: what that throws is no failure of the run, but an error that nobody handles. */
function callBack(call: () => void): void {
  try {
    call();
  } catch (thrown) {
    Promise.reject(thrown);
  }
}

/** What is passed down from a run to each of its nodes. */
export interface Scope {
  /** The run it belongs to. */
  readonly run: Run;
  /** Where the node stands, for ids, reports and errors; `""` for the root pipeline. */
  readonly path: string;
  /** Where completed effects are written. */
  readonly journal: Journal;
  /** What can cancel the node; `undefined` when nothing can. */
  readonly cancellation: Cancellation | undefined;
  /** Whether contexts are frozen all the way down. */
  readonly deep: boolean;
  /** Told of a call that was abandoned and must not overlap with others: it keeps its place in a group. */
  readonly hold?: ((call: Promise<unknown>) => void) | undefined;
}
