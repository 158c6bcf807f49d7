import type { LateReport } from "../api/late_report.ts";
import type { Result } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import type { ErrorClass } from "./codec.ts";
import type { RunState } from "./run_state.ts";
import type { Store } from "./store.ts";

/** The options that durable runs have on every engine. */
export interface RecordOptions {
  /**
   * The application's classes of errors that keep their class in a record; others come back as an
   * `Error` of the same name and message.
   */
  readonly errors?: readonly ErrorClass[] | undefined;
  /** The pipeline's version; a run of another version is not continued. */
  readonly version?: string | undefined;
  /**
   * How long to wait for an abandoned attempt, in milliseconds, before the run retries or undoes.
   *
   * @default {60_000}
   */
  readonly lateMs?: number | undefined;
  /** Called with the outcome of each abandoned attempt. */
  readonly onLate?: ((late: LateReport) => void) | undefined;
}

/** The options of `durable`. */
export interface DurableOptions extends RecordOptions {
  /** Stores the runs. */
  readonly store: Store;
  /**
   * How long a worker keeps a run without a heartbeat, in milliseconds. Only after that may another
   * one take it over.
   *
   * @default {30_000}
   */
  readonly leaseMs?: number | undefined;
}

/** A pipeline whose runs outlive the process. */
export interface Durable<Args, Data> {
  /**
   * Runs the pipeline and records the run. If a run of this id already exists, continues it or
   * returns its result. Never rejects.
   *
   * @param args The initial context: plain data, because it is recorded.
   * @param options The run's id, which is unique in the table, whatever the pipeline, and a signal
   * that cancels the run.
   */
  run(
    args: Args,
    options: { readonly runId: string; readonly signal?: AbortSignal | undefined },
  ): Promise<Result<Data>>;
  /**
   * Continues all runs that are due and that no worker drives; resolves with their results. Rejects
   * with a `StoreFailure` if the store cannot list the runs: try again later.
   */
  resume(): Promise<readonly Result<Data>[]>;
  /**
   * Lists the runs of this pipeline with their states.
   *
   * @param which With `open: true`, only those that have not ended.
   * @throws {Error} A `StoreFailure` if the store fails, as do `send` and `cancel`.
   */
  list(which?: { readonly open?: boolean | undefined }): Promise<readonly RunState[]>;
  /**
   * Answers a `waitFor` of a run, from any process.
   *
   * @param runId The run's id.
   * @param name The event's name.
   * @param data The event's data.
   * @throws {ConfigError} If the event has no name, its data cannot be recorded, or the run is one of
   * another pipeline.
   */
  send(runId: string, name: string, data?: unknown): Promise<void>;
  /**
   * Cancels a run, from any process; it is then rolled back.
   *
   * @param runId The run's id.
   * @param reason The reason, which is recorded.
   * @throws {ConfigError} If the reason cannot be recorded, or the run is one of another pipeline.
   */
  cancel(runId: string, reason?: unknown): Promise<void>;
  /**
   * Stops this worker, before its process ends. Runs that only wait, or that other workers drive,
   * are left to these: their `run` resolves with a failure at `"<stopped>"`, though they have not
   * ended. Runs in progress here continue to their end or to their next long wait. No further run
   * begins or resumes.
   *
   * @returns A promise that resolves once no run is in progress here.
   */
  stop(): Promise<void>;
}

/** The part of a step or a pipeline that runs it. */
export interface Runnable<Args, Data, Options extends RunOptions = RunOptions> {
  /** Its name. */
  readonly name: string;
  /** Runs it. */
  run(args: Args, options?: Options): Promise<Result<Data>>;
}

/** The deps of a pipeline that declares them. They are not recorded: each process has its own. */
export type DurableDeps<Options> = Options extends { readonly deps: infer Deps }
  ? { readonly deps: Deps }
  : unknown;
