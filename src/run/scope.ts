import type { LateReport, RunOptions } from "../api/run.ts";
import { printed } from "../report/printable.ts";
import type { Cancellation } from "./cancellation.ts";
import type { Journal } from "./journal.ts";
import type { Seam } from "./seam.ts";

/** What the whole of one `run()` shares. */
export class Run {
  /** The way to the user's code. */
  readonly seam: Seam;
  /** What the caller asked for. */
  readonly options: RunOptions;
  #id: string | undefined;

  constructor(seam: Seam, options: RunOptions) {
    this.seam = seam;
    this.options = options;
    this.#id = options.runId;
  }

  /** The run's id; made up when it is first needed, as not every run needs one. */
  get id(): string {
    return this.#id ??= crypto.randomUUID();
  }

  /** Tells the caller what came of an attempt that had been given up. */
  tellLate(report: LateReport): void {
    callBack(() => this.options.onLate?.(printed(report)));
  }

  /** Hands a watch to the caller's platform. */
  waitUntil(watch: Promise<unknown>): void {
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
