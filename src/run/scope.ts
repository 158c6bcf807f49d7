import type { LateReport } from "../api/late_report.ts";
import type { RollbackFailure } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { withToJSON } from "../report/printable.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { callBack } from "./call_back.ts";
import type { Cancellation } from "./cancellation.ts";
import { HeldValues } from "./held.ts";
import type { Journal } from "./journal.ts";
import { join, keyOf } from "./paths.ts";
import type { Around } from "./around.ts";
import type { Seam } from "./seam.ts";
import type { Place, Watch } from "./watch.ts";

/** Releases resources, inside a span if the run is observed; returns the failures. */
export type Release = (
  watch: Watch | undefined,
) => Promise<readonly RollbackFailure[]>;

/** State shared by everything in one `run()`. */
export class Run {
  declare seam: Seam;
  declare options: RunOptions;
  /** Why the run failed. Once it is set, anything deferred is undone at once. */
  declare failedBy: Error | undefined;
  /** The executed children of a combinator that is run on its own; otherwise `undefined`. */
  declare executed: Set<string> | undefined;
  /** The deps of the pipeline that runs. */
  deps: Context | undefined;
  /** The values that are in contexts only. */
  held: HeldValues | undefined;
  private readonly root: string;
  /** The run that makes acquisitions, and the journal that releases them. */
  resources: { readonly aside: Run; readonly journal: Journal; readonly free: Release } | undefined;
  /** Release its resources, and those of runs inside it that may still be undone. */
  releases: Release[] | undefined;
  /** The releases that failed; set once the run has ended. */
  released: MaybePromise<readonly RollbackFailure[]> | undefined;
  /** The attempt of a step that it is inside. */
  declare around: Around | undefined;
  /** The run that may still undo this one, and then releases them. */
  declare holder: Run | undefined;
  private watched: Map<Promise<unknown>, (() => void) | undefined> | undefined;
  protected knownId: string | undefined;

  /**
   * `root` is the pipeline's name. For a step it is `""`, as the step's paths start with its name.
   */
  constructor(
    seam: Seam,
    options: RunOptions,
    root: string,
    id: string | undefined = options.runId,
  ) {
    this.seam = seam;
    this.options = options;
    this.failedBy = undefined;
    this.executed = undefined;
    this.around = undefined;
    this.root = root;
    this.knownId = id;
  }

  /** The run's id, generated when first needed. */
  get id(): string {
    return this.knownId ??= crypto.randomUUID();
  }

  /** Keeps a value in contexts only, out of data and records. */
  hold(key: string, value: unknown): void {
    (this.held ??= new HeldValues()).add(key, value);
  }

  /** A context without the held values, for data and records. */
  without(ctx: Context): Context {
    return this.held?.without(ctx) ?? ctx;
  }

  /** The key by which other systems know an effect. */
  keyOf(path: string): string {
    return keyOf(this.id, this.root, path);
  }

  /** Reports the outcome of an abandoned attempt. */
  tellLate(report: LateReport): void {
    const { around, options: { onLate } } = this;
    if (onLate) callBack(() => onLate(withToJSON(report)));
    else if (around) {
      around.scope.run.tellLate({ ...report, step: join(around.path, report.step) });
    } // A failed undo must surface somewhere.
    else if (report.outcome === "failed") Promise.reject(report.error);
  }

  /**
   * Hands work that the run does not wait for to the caller's `waitUntil`; `limit` limits the time
   * for which a release waits for it.
   */
  trackLate(late: Promise<unknown>, limit?: () => void): void {
    const watch = late.catch((thrown) => {
      // After an interruption by the host, `run()` has already rejected with its reason.
      if (!this.seam.interruption) throw thrown;
    });
    const watched = this.watched ??= new Map();
    const forget = () => watched.delete(watch);
    watched.set(watch, limit);
    watch.then(forget, forget);
    callBack(() => this.options.waitUntil?.(watch));
    // What the run around it holds is held for this, too.
    this.around?.scope.run.trackLate(late, limit);
  }

  /** Limits the time for which `drain` waits for attempts that may never land. */
  limitWatching(): void {
    for (const limit of this.watched?.values() ?? []) limit?.();
  }

  /** Whether an attempt may still land, whose undo may need a resource. */
  get isWatching(): boolean {
    return (this.watched?.size ?? 0) > 0;
  }

  /** Waits for late work, because a durable host must not be called after the run. */
  async drain(): Promise<void> {
    while (this.isWatching) await Promise.allSettled(this.watched!.keys());
  }

  /** The same run, with another seam to user code. */
  besides(seam: Seam): Run {
    const options = {
      ...this.options,
      onLate: (report: LateReport) => this.tellLate(report),
      waitUntil: (late: Promise<unknown>) => this.trackLate(late),
    };
    return new Run(seam, options, this.root, this.id);
  }
}

/** The state passed down from a run to each of its nodes. */
export interface Scope extends Place {
  readonly run: Run;
  readonly journal: Journal;
  /** The cancellation of the node; `undefined` if nothing can cancel it. */
  readonly cancellation: Cancellation | undefined;
  /** Whether contexts are frozen deeply. */
  readonly deep: boolean;
  /**
   * Called with an abandoned call that must not overlap with others: it keeps its place in a group.
   */
  readonly hold?: ((call: Promise<unknown>) => void) | undefined;
}

/** The scope of a node below another one. */
export class ChildScope implements Scope {
  declare readonly run: Run;
  declare readonly path: string;
  declare readonly watch: Watch | undefined;
  declare readonly journal: Journal;
  declare readonly cancellation: Cancellation | undefined;
  declare readonly deep: boolean;
  declare readonly hold: Scope["hold"];

  constructor(
    { run, journal, cancellation, deep, hold }: Omit<Scope, "path" | "watch">,
    path: string,
    watch: Watch | undefined,
  ) {
    this.run = run;
    this.path = path;
    this.watch = watch;
    this.journal = journal;
    this.cancellation = cancellation;
    this.deep = deep;
    this.hold = hold;
  }
}
