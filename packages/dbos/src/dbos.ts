import { AsyncResource } from "node:async_hooks";
import { DBOS, Error as DBOSErrors } from "@dbos-inc/dbos-sdk";
import { ConfigError, type Result, type RunOptions } from "@runsheet/runsheet";
import {
  type Codec,
  codec,
  type DurableDeps,
  endOf,
  engineHost,
  lackOf,
  type Part,
  resultOf,
  type RunEnd,
  type Runnable,
  shapeOf,
} from "@runsheet/runsheet/durable";
import { Changed, DbosEngine } from "./engine.ts";
import { type Message, TOPIC } from "./message.ts";
import { type Checked, checked, checkName, type DbosOptions } from "./options.ts";

/** A pipeline whose runs are workflows of DBOS. */
export interface Dbos<Args, Data> {
  /**
   * Runs the pipeline as a workflow. If a run of this id already exists, waits for its result.
   * Never rejects.
   *
   * @param args The initial context: plain data, because it is recorded.
   * @param options The id of the run and of its workflow.
   */
  run(args: Args, options: { readonly runId: string }): Promise<Result<Data>>;
  /**
   * Answers a `waitFor` of a run, from any process. Rejects if there is no such run.
   *
   * @param runId The run's id.
   * @param name The event's name.
   * @param data The event's data.
   */
  send(runId: string, name: string, data?: unknown): Promise<void>;
  /**
   * Cancels a run, from any process; it is then rolled back. Rejects if there is no such run.
   *
   * @param runId The run's id.
   * @param reason The reason, which is recorded.
   */
  cancel(runId: string, reason?: unknown): Promise<void>;
}

/**
 * Registers a pipeline as a workflow of DBOS: every outcome is recorded in PostgreSQL, and another
 * process continues the runs of one that has died. Call it before `DBOS.launch()`.
 *
 * @param pipeline The pipeline; the workflow has its name.
 * @param options How to record and recover, and the deps, if the pipeline declares them.
 * @returns The pipeline's runs.
 * @throws {ConfigError} If an option is invalid.
 */
export function dbos<Args, Data, Options extends RunOptions = RunOptions>(
  pipeline: Runnable<Args, Data, Options>,
  ...given: unknown extends DurableDeps<Options> ? [options?: DbosOptions]
    : [options: DbosOptions & DurableDeps<Options>]
): Dbos<Args, Data> {
  const [options = {}] = given;
  return Object.freeze(new DbosRuns(pipeline as unknown as Runnable<Args, Data>, options));
}

/** The error codes of DBOS for a workflow that left this process or was cancelled. */
const ENDS = new Set<number | undefined>([5, 24]);
/** The error codes of DBOS for an awaited workflow that was cancelled. */
const STOPPED = new Set<number | undefined>([24, 27]);

/** The runs that this process drives. It may learn only much later that a run has left it. */
const driven = new Map<string, object>();

/** The input of a workflow. */
interface Start {
  readonly shape: readonly Part[];
  readonly args: unknown;
}

class DbosRuns<Args, Data> implements Dbos<Args, Data> {
  readonly #pipeline: Runnable<Args, Data>;
  readonly #options: Checked;
  readonly #codec: Codec;
  readonly #shape: readonly Part[];
  readonly #workflow: (start: string) => Promise<string>;
  /** A context in which DBOS takes no call for a part of a workflow. */
  readonly #apart = new AsyncResource("runsheet");
  /** The reasons why this process stopped runs, by run id. */
  readonly #stopped = new Map<string, Error>();

  constructor(pipeline: Runnable<Args, Data>, options: DbosOptions) {
    this.#shape = shapeOf(pipeline);
    const { name } = pipeline;
    const action = `make '${name}' a workflow of DBOS`;
    if (typeof DBOSErrors.isWorkflowIDInUseError !== "function") {
      throw new ConfigError(`Cannot ${action} as '@dbos-inc/dbos-sdk' must be 5.3 or later`);
    }
    this.#options = checked(action, options);
    const { errors, maxRecoveryAttempts } = this.#options;
    this.#pipeline = pipeline;
    this.#codec = codec(errors);
    try {
      this.#workflow = DBOS.registerWorkflow((start: string) => this.#drive(start), {
        name,
        maxRecoveryAttempts,
      });
    } catch (thrown) {
      // DBOS adds the lines of two stacks.
      const [sentence] = (thrown as Error).message.split(/\.(?:\s|$)/);
      const text = `Cannot ${action} as DBOS must accept it: ${sentence}`;
      throw new ConfigError(text, { cause: thrown });
    }
  }

  async run(args: Args, options: { readonly runId: string }): Promise<Result<Data>> {
    const { name } = this.#pipeline;
    const runId = options?.runId;
    try {
      checkName(`run '${name}'`, "'runId'", runId);
      const end = this.#codec.decode(await this.#end(args, runId)) as RunEnd;
      return resultOf(name, runId, args, end) as Result<Data>;
    } catch (thrown) {
      const error = this.#told(runId, thrown);
      const end = { success: false, error, failedStep: "<options>" } as const;
      const nothing = { completed: [], failed: [], stepsExecuted: [] };
      return resultOf(name, String(runId), args, { ...end, ...nothing }) as Result<Data>;
    }
  }

  async send(runId: string, event: string, data?: unknown): Promise<void> {
    checkName("send an event", "its name", event);
    await this.#tell(`send '${event}'`, runId, { event, data });
  }

  async cancel(runId: string, reason?: unknown): Promise<void> {
    await this.#tell("cancel", runId, { cancel: reason });
  }

  async #tell(action: string, runId: string, message: Message): Promise<void> {
    checkName(action, "'runId'", runId);
    const text = this.#encoded(`Cannot ${action} as its data`, message);
    await DBOS.send(runId, text, TOPIC);
  }

  /** Returns the recorded end of a run, and starts the run unless one of its id exists. */
  async #end(args: Args, runId: string): Promise<string> {
    const { name } = this.#pipeline;
    const start: Start = { shape: this.#shape, args };
    const text = this.#encoded(`Cannot record the args of '${name}' as they`, start);
    try {
      const params = { workflowID: runId, workflowIDReusePolicy: "reject" } as const;
      const handle = await DBOS.startWorkflow(this.#workflow, params)(text);
      return await handle.getResult();
    } catch (thrown) {
      if (!DBOSErrors.isWorkflowIDInUseError(thrown)) throw thrown;
    }
    const known = await DBOS.getWorkflowStatus(runId);
    if (known?.workflowName !== name) {
      const constraint = `no run of another pipeline may have its id`;
      const what = `'${runId}' is one of '${known?.workflowName}'`;
      throw new ConfigError(`Cannot run '${name}' as ${constraint}: ${what}`);
    }
    const began = this.#codec.decode(String(known.input?.[0])) as Start;
    if (this.#codec.encode(began.args) !== this.#codec.encode(args)) {
      const constraint = "a run of this id must have the args that it began with";
      throw new ConfigError(`Cannot run '${name}' as ${constraint}: '${runId}' has others`);
    }
    return await DBOS.retrieveWorkflow<string>(runId).getResult();
  }

  #encoded(refusal: string, value: Start | Message): string {
    try {
      return this.#codec.encode(value);
    } catch (thrown) {
      throw new ConfigError(`${refusal} ${(thrown as Error).message}`);
    }
  }

  /** Runs the pipeline as the body of the workflow. */
  async #drive(text: string): Promise<string> {
    const runId = DBOS.workflowID!;
    const drive = {};
    driven.set(runId, drive);
    try {
      const { shape, args } = this.#codec.decode(text) as Start;
      const lack = lackOf(this.#shape, shape);
      if (lack !== undefined) throw new Changed(lack);
      const { lateMs, onLate, deps } = this.#options;
      const engine = new DbosEngine(this.#pipeline.name, lateMs, this.#codec);
      const host = engineHost(engine, this.#codec);
      const options = { runId, host, onLate, deps };
      const result = await this.#pipeline.run(args as Args, options as RunOptions);
      // Another process may have the deps that this one lacks.
      if (!result.success && result.failedStep === "<options>") throw result.error;
      return this.#codec.encode(endOf(result, this.#codec));
    } catch (thrown) {
      const error = thrown as Error;
      // DBOS has taken the run from this process, was shut down, or was launched again.
      const isOver = ENDS.has(DBOSErrors.getDBOSErrorCode(error)) || !DBOS.isInitialized();
      if (isOver || driven.get(runId) !== drive) throw error;
      throw await this.#stop(runId, error);
    } finally {
      if (driven.get(runId) === drive) driven.delete(runId);
    }
  }

  /** Stops a run that this process cannot continue; it can be resumed, and nothing is lost. */
  async #stop(runId: string, reason: Error): Promise<Error> {
    const { name } = this.#pipeline;
    const why = reason instanceof Changed ? ` as ${reason.message}` : `: ${reason.message}`;
    const text = `Cannot continue run '${runId}' of '${name}'${why}`;
    const error = new Changed(text, { cause: reason });
    this.#stopped.set(runId, error);
    DBOS.logger.error(text);
    await this.#apart.runInAsyncScope(() => DBOS.cancelWorkflow(runId));
    return new DBOSErrors.DBOSWorkflowCancelledError(runId);
  }

  /** The error of a run that has no result. */
  #told(runId: string, thrown: unknown): Error {
    const error = thrown as Error;
    if (!STOPPED.has(DBOSErrors.getDBOSErrorCode(error))) return error;
    const text = `Cannot await run '${runId}' as it must not be stopped: ` +
      `DBOS.resumeWorkflow('${runId}') continues it`;
    return this.#stopped.get(runId) ?? new ConfigError(text, { cause: error });
  }
}
