import type { Pipeline } from "../../api/step.ts";

/** How a run of the saga ends. */
export type SagaEnding = "succeeds" | "fails" | "times out" | "lands late" | "is cancelled";

/** The args of the saga. */
export interface SagaArgs {
  /** The id that the run is given. */
  readonly runId: string;
  /** How the run ends. */
  readonly ending: SagaEnding;
  /** Whether it waits for the event `approval`. */
  readonly hasEvents: boolean;
}

/** The pipeline that an adapter runs to prove itself. */
export type Saga = Pipeline<"saga", SagaArgs, Record<string, unknown>>;

/**
 * An event that the saga reports to the outside world. It is plain JSON, so that it can be sent.
 */
export interface SagaEvent {
  /** The id of the run. */
  readonly runId: string;
  /** The worker that reports it; each `saga()` is one worker. */
  readonly worker: string;
  /**
   * - `"enter"` and `"leave"`: a step of the pipeline begins, and ends.
   * - `"call"`: a call begins; `"made"`: its effect has happened; `"failed"`: it is about to fail.
   * - `"gave up"`: the timeout has reached a call.
   * - `"undo"` and `"undone"`: an undo begins, and its effect has happened.
   */
  readonly moment: "enter" | "leave" | "call" | "made" | "failed" | "gave up" | "undo" | "undone";
  /** The step, with the item's name in a collection. */
  readonly step: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The key of the effect. */
  readonly key?: string | undefined;
  /** Recorded values that the step saw, by name. */
  readonly saw?: Readonly<Record<string, number>> | undefined;
}

/** The outside world's answer. */
export interface SagaAnswer {
  /** How often the same event was reported before. */
  readonly times: number;
  /** Whether the run is known to have failed: something was given up or undone. */
  readonly isFailing: boolean;
}

/** The outside world of a run, which survives every worker. */
export interface SagaOutside {
  /**
   * Reports what the saga does. It never resolves if the worker is to be killed at this moment.
   *
   * @param event What the saga does.
   */
  tell(event: SagaEvent): Promise<SagaAnswer>;
}

/** The end of a run of the saga, as plain JSON. */
export interface SagaEnd {
  /** Whether it succeeded. */
  readonly success: boolean;
  /** The names of the keys of its data, and what came back from the record. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** The reason it failed. */
  readonly error?: { readonly name: string; readonly message: string; readonly code?: unknown };
  /** The step that failed. */
  readonly failedStep?: string;
  /** The undos that succeeded, in order. */
  readonly completed?: readonly string[];
  /** The undos that failed. */
  readonly failed?: readonly string[];
}

/**
 * Drives one run of the saga on a durable engine. A worker runs the user's code: a process, or a
 * stand-in for one.
 */
export interface ConformAdapter {
  /** Begins the run in a worker. */
  start(runId: string, args: SagaArgs): unknown;
  /** Kills the worker, as `kill -9` does; resolves once it is dead. */
  kill(): unknown;
  /** Starts another worker, which continues the run. */
  resume(): unknown;
  /**
   * Resolves with the end of the run (`sagaEnd` makes it from a result). It is called after `start`
   * and after each `resume`; once the worker has been killed, its promise need not settle.
   */
  result(runId: string): Promise<SagaEnd>;
  /**
   * Answers a `waitFor` of the run; resolves once a kill cannot lose it. It may be called before
   * the run waits. Without it, the saga waits for nothing and is not cancelled.
   */
  send?(runId: string, name: string, data: unknown): unknown;
  /** Cancels the run; resolves once a kill cannot lose it. */
  cancel?(runId: string): unknown;
  /** Stops the worker without killing it, as `kill -STOP` does. */
  stall?(): unknown;
  /** Lets the stalled worker continue, after another one has taken over its run. */
  wake?(): unknown;
  /** Releases the adapter's resources. */
  stop?(): unknown;
}

/** Makes an adapter for one run. */
export type ConformTarget = (outside: SagaOutside) => ConformAdapter | Promise<ConformAdapter>;
