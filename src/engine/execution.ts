import type { Outcome } from "../api/host.ts";
import type { Result, RollbackFailure } from "../api/result.ts";
import { type Caller, callerOf } from "../effect/caller.ts";
import { performUndo } from "../effect/undo.ts";
import { ArgsValidationError, toError } from "../report/errors.ts";
import { readObject } from "../report/read_object.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { untilGivenUp } from "../run/cancellation.ts";
import { type Due, Journal, type Undoer } from "../run/journal.ts";
import { labels } from "../run/paths.ts";
import { ChildScope, Run } from "../run/scope.ts";
import { Seam } from "../run/seam.ts";
import {
  crash,
  type Ending,
  failure,
  settle,
  type Settled,
  type Unsettled,
} from "../run/settled.ts";
import type { Watch } from "../run/watch.ts";
import { type Context, EMPTY } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { checkDeps } from "./check_deps.ts";
import { followSignals, type Signals } from "./follow_signals.ts";
import type { Node } from "./node.ts";
import { release } from "./release.ts";
import { checkRunOptions, type Inside, type OwnOptions } from "./run_options.ts";
import { handOverUndo, refusalInside, tellNotUndone, type Undoable, undoRun } from "./undo_run.ts";

// Shared, so that a run without options checks none and creates no seam.
const NO_OPTIONS: OwnOptions = {};
const DIRECT = new Seam(undefined);
const NONE: readonly never[] = Object.freeze([]);

/** The run of a node for the user, from its options to its result. */
export class Execution extends Run implements Undoable, Undoer {
  declare readonly path: string;
  declare readonly watch: Watch | undefined;
  declare readonly node: Node;
  declare readonly journal: Journal;
  declare private args: Context;
  /** Where it fails if nothing else is known. */
  declare private boundary: string;
  /** The user code that has begun it. */
  declare private caller: Caller | undefined;
  declare private signals: Signals | undefined;

  constructor(node: Node, path: string, watch: Watch | undefined) {
    const isPipeline = node.kind === "pipeline";
    super(DIRECT, NO_OPTIONS, isPipeline ? node.name : "", watch?.span.runId);
    if (node.parts && !isPipeline) this.executed = new Set();
    this.node = node;
    this.path = path;
    this.watch = watch;
    this.journal = new Journal(this);
    this.args = EMPTY;
    this.boundary = "<options>";
    this.caller = undefined;
    this.signals = undefined;
  }

  /** Reads the options and the args, and starts the node. */
  start(input: unknown, given: OwnOptions | undefined, inside: Inside | undefined): Ending {
    const { node } = this;
    try {
      if (given !== undefined) this.read(checkRunOptions(node.name, given), inside!);
      const { signal, apart, deps }: OwnOptions = this.options;
      if (!apart) this.caller = callerOf(signal);
      this.signals = followSignals(node.name, this.options);
      if (node.deps || deps !== undefined) return this.startWithDeps(input, deps);
      return this.startNode(input);
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  private read(options: OwnOptions, { runId, around }: Inside): void {
    this.options = options;
    if (options.host) this.seam = new Seam(options.host);
    this.knownId ??= runId ?? options.runId;
    this.around = around;
  }

  private async startWithDeps(input: unknown, deps: unknown): Promise<Settled> {
    const checking = untilGivenUp(checkDeps(this.node, deps), this.signals?.cancellation);
    this.deps = await this.seam.outside(checking);
    return settle(this.startNode(input));
  }

  private startNode(input: unknown): Ending {
    const { node, path, watch, journal, signals } = this;
    this.boundary = "<args>";
    if (input !== undefined) this.args = readArgs(node.name, input);
    const cancellation = signals?.cancellation;
    if (cancellation?.error) return failure(cancellation.error, this.boundary, false);
    const scope = new ChildScope({ run: this, journal, cancellation, deep: false }, path, watch);
    return node.execute(this.args, scope);
  }

  /** Continues with a rejection of what it waits for. */
  crash(waiting: Unsettled, thrown: unknown): Ending {
    try {
      return crash(waiting, thrown);
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  /** The failure for what no node has caught; throws the host's own signal. */
  private fail(thrown: unknown): Settled {
    const { interruption } = this.seam;
    if (interruption) throw interruption.reason;
    return failure(toError(thrown), this.boundary, false);
  }

  /** Decides whether a success stands. */
  conclude(settled: Settled): Settled {
    this.signals?.stopFollowing();
    try {
      return settled.ok ? this.confirm(settled) : settled;
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  private confirm(settled: Settled): Settled {
    const { node, path, journal, around } = this;
    const { ran, executed } = settled;
    const cancelled = this.signals?.cancellation.error;
    if (cancelled) {
      const failedStep = node.kind === "pipeline" ? "<output>" : path;
      return failure(cancelled, failedStep, ran, executed);
    }
    if (journal.mark === 0 || journal.committed) return settled;
    const { defer }: OwnOptions = this.options;
    const refusal = journal.hasEffects &&
      refusalInside(node.name, around, defer ? undefined : this.caller);
    if (refusal) return failure(refusal, this.boundary, ran, executed);
    if (defer) handOverUndo(this, defer);
    return settled;
  }

  performUndo(due: Due, watch: Watch | undefined): MaybePromise<Outcome> {
    return performUndo(this, due, watch);
  }

  /** Undoes everything if it has failed; returns what could not be undone. */
  undo(settled: Settled): MaybePromise<readonly RollbackFailure[]> {
    return settled.ok ? NONE : undoRun(this, settled.error);
  }

  /** Waits for what must not outlive the run, and releases its resources. */
  close(notUndone: readonly unknown[]): MaybePromise<readonly RollbackFailure[] | undefined> {
    if (notUndone.length > 0 || this.journal.committed) tellNotUndone(this);
    return this.seam.durable ? this.drain().then(() => this.release()) : this.release();
  }

  private release(): MaybePromise<readonly RollbackFailure[]> | undefined {
    return this.holder && this.releases ? undefined : release(this, this.watch);
  }

  /** Ends it with the host's own signal. */
  async interrupt(signal: unknown): Promise<never> {
    this.signals?.stopFollowing();
    await release(this, this.watch);
    this.signals?.letGo();
    throw signal;
  }

  resultOf(settled: Settled, notReleased: readonly RollbackFailure[] | undefined): Result<Context> {
    const { node, journal } = this;
    this.signals?.letGo();
    const stepsExecuted = settled.executed ?? Object.freeze(executedOf(node, this, settled.ran));
    const meta = Object.freeze(new Meta(node.name, this.args, stepsExecuted, this, notReleased));
    if (settled.ok) return Object.freeze(new Succeeded(Object.freeze(settled.output), meta));
    const { error, failedStep } = settled;
    return Object.freeze(new Failed(error, failedStep, journal.report(), meta, journal.committed));
  }
}

/** The executed children of a combinator that was run on its own, or the step itself. */
function executedOf({ name, parts }: Node, { executed }: Run, ran: boolean): readonly string[] {
  if (executed && parts) {
    return labels(parts.children.map(({ name }) => name)).filter((label) => executed.has(label));
  }
  return ran ? [name] : [];
}

function readArgs(name: string, input: unknown): Context {
  const args = readObject(input, false, ArgsValidationError, `Cannot run '${name}' as its args`);
  if (args instanceof Error) throw args;
  return args;
}
