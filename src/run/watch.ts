import type { Call, Outcome } from "../api/host.ts";
import type { LateReport } from "../api/late_report.ts";
import type { NodeKind, Observer, Span } from "../api/observer.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { Result, RollbackFailure } from "../api/result.ts";
import type { Ending } from "./settled.ts";

/** A place in a run, and its span if it is observed. */
export interface Place {
  /** The path in ids, reports and errors; `""` for the root pipeline. */
  readonly path: string;
  readonly watch: Watch | undefined;
}

/** A watcher, as the engine sees it. */
export interface Watching {
  readonly observers: readonly Observer[];
  /**
   * Begins the span of a run; `undefined` if neither its own observers nor those of `more` want it.
   */
  beginRun(
    node: WatchedNode,
    path: string,
    runId: string | undefined,
    more: Watching | undefined,
  ): Watch | undefined;
}

/**
 * A span that is observed. Spans are described behind this interface, not by the engine, so that a
 * program that observes nothing does not ship the code for it. No method throws, except `within`,
 * which throws what the call throws. A `begin…` returns `undefined` if no observer wants that span.
 */
export interface Watch {
  readonly span: Span;
  within<T>(call: () => T): T;
  /** Counts a branch or item that has ended. */
  progress(hasFailed: boolean, total: number | undefined): void;
  /** Begins the span of a run that a step starts. */
  beginRun(node: WatchedNode, path: string, runId: string | undefined): Watch | undefined;
  beginStep(node: WatchedNode, path: string, parentPath: string): Watch | undefined;
  beginAttempt(attempt: WatchedAttempt): Watch | undefined;
  beginLate(attempt: WatchedAttempt): Watch | undefined;
  beginRollback(path: string, id: string): Watch | undefined;
  /** Begins the span of a wait, and ends it when the wait is over. */
  wait(attempt: WatchedAttempt, wait: Wait, sleeping: Promise<void>): void;
  /** Carries out the run, and ends the span with its result. */
  run<R extends Result<unknown>>(carryOut: () => Promise<R>): Promise<R>;
  /** Ends a step when it has settled; until then, its continuations run inside the span. */
  endStep(ending: Ending): Ending;
  endAttempt(answered: Answered): void;
  /** Notes that a host has answered a waiting step from its record. */
  replay(): void;
  /** Ends the span with the host's own signal. */
  interrupt(reason: unknown): void;
  endLate(attempt: WatchedAttempt, outcome: LateReport["outcome"]): void;
  endRollback(notUndone: readonly RollbackFailure[]): void;
}

/** A node, as observers see it. */
export interface WatchedNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly policy?: { readonly pivot?: boolean | undefined } | undefined;
  readonly undos?: readonly string[] | undefined;
  readonly undoNames?: readonly string[] | undefined;
}

/** An attempt, as observers see it. */
export interface WatchedAttempt {
  readonly effect: {
    readonly kind: Exclude<Call["kind"], "args" | "collection">;
    /** The kind of span, if it is not that of the call. */
    readonly span?: "release" | undefined;
    readonly retry?: RetryPolicy | undefined;
  };
  readonly id: string;
  readonly path: string;
  readonly number: number;
  readonly extra?:
    | { readonly index?: number; readonly of?: Span | undefined }
    | undefined;
  readonly result?: object | undefined;
  readonly rejection?: Error | undefined;
  readonly reason?: Error | undefined;
}

/** A wait, as observers see it. */
export interface Wait {
  readonly id: string;
  readonly ms: number;
  /** The number of the attempt that follows. */
  readonly attempt?: number;
}

/** The outcome of an attempt. */
export interface Answered {
  readonly outcome: Outcome;
  /** Whether a host answered from its record. */
  readonly isReplayed?: boolean;
}
