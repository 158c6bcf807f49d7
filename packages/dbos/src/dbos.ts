import { AsyncResource } from "node:async_hooks";
import { DBOS, Error as DBOSErrors } from "@dbos-inc/dbos-sdk";
import { ConfigError, type Result, type RunOptions } from "@runsheet/runsheet";
import {
  checkText,
  type DurableDeps,
  endOf,
  engineHost,
  resultOf,
  type RunEnd,
  type Runnable,
  Runner,
  type RunStart,
} from "@runsheet/runsheet/durable";
import { DbosEngine } from "./engine.ts";
import { type Message, shown, TOPIC } from "./message.ts";
import { type DbosOptions, OWN } from "./options.ts";
import { checkStorable, MAX_BYTES } from "./storable.ts";

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
   * Answers a `waitFor` of a run, from any process. Rejects if there is no such run, or if it is one
   * of another pipeline.
   *
   * @param runId The run's id.
   * @param name The event's name.
   * @param data The event's data.
   */
  send(runId: string, name: string, data?: unknown): Promise<void>;
  /**
   * Cancels a run, from any process; it is then rolled back. Rejects if there is no such run, or if
   * it is one of another pipeline.
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
  if (typeof DBOSErrors.isWorkflowIDInUseError !== "function") {
    throw new ConfigError(
      `Cannot make '${pipeline.name}' durable as '@dbos-inc/dbos-sdk' must be 5.3 or later`,
    );
  }
  const [options = {}] = given;
  return Object.freeze(
    new DbosRuns(new Runner(pipeline, options, { own: OWN, maxBytes: MAX_BYTES })),
  );
}

/** The error codes of DBOS for a workflow that left this process or was cancelled. */
const ENDS = new Set<number | undefined>([5, 24]);
/** The error codes of DBOS for an awaited workflow that was cancelled, or continued too often. */
const STOPPED = new Set<number | undefined>([18, 24, 27, 30]);
/** The states of a workflow that has not ended. */
const OPEN = new Set(["PENDING", "ENQUEUED"]);
/** The code of PostgreSQL for a write while it is read-only, as for a while in a failover. */
const READ_ONLY = "25006";
const READ_ONLY_MS = 1_000;

/** The runs that this process drives. It may learn only much later that a run has left it. */
const driven = new Map<string, object>();

const MAX_RECOVERY_ATTEMPTS = 1_000;

/** The input of a workflow. */
interface Start extends RunStart {
  readonly args: unknown;
}

class DbosRuns<Args, Data> implements Dbos<Args, Data> {
  readonly #runner: Runner<Args, Data, DbosOptions>;
  readonly #workflow: (start: string) => Promise<string>;
  /** A context in which DBOS takes no call for a part of a workflow. */
  readonly #apart = new AsyncResource("runsheet");
  /** The reasons why this process stopped runs, by run id. */
  readonly #stopped = new Map<string, Error>();

  constructor(runner: Runner<Args, Data, DbosOptions>) {
    this.#runner = runner;
    const { name, options: { maxRecoveryAttempts = MAX_RECOVERY_ATTEMPTS } } = runner;
    try {
      this.#workflow = DBOS.registerWorkflow((start: string) => this.#drive(start), {
        name,
        maxRecoveryAttempts,
      });
    } catch (thrown) {
      // DBOS adds the lines of two stacks.
      const [sentence] = (thrown as Error).message.split(/\.(?:\s|$)/);
      const text = `Cannot make '${name}' durable as DBOS must accept it: ${sentence}`;
      throw new ConfigError(text, { cause: thrown });
    }
  }

  async run(args: Args, options: { readonly runId: string }): Promise<Result<Data>> {
    let runId = "";
    try {
      ({ runId } = this.#runner.checkRun(options));
      checkStorable(`run '${this.#runner.name}'`, runId);
      const end = this.#runner.codec.decode(await this.#end(args, runId)) as RunEnd;
      return resultOf(this.#runner.name, runId, args, end) as Result<Data>;
    } catch (thrown) {
      return this.#runner.refused(runId, args, this.#told(runId, thrown));
    }
  }

  async send(runId: string, event: string, data?: unknown): Promise<void> {
    checkText("send an event", "its name", event);
    await this.#tell(`send '${event}'`, runId, { event, data });
  }

  async cancel(runId: string, reason?: unknown): Promise<void> {
    await this.#tell("cancel", runId, { cancel: reason });
  }

  async #tell(action: string, runId: string, message: Message): Promise<void> {
    const { name } = this.#runner;
    checkText(action, "'runId'", runId);
    checkStorable(action, runId);
    const text = this.#runner.encode(message, `Cannot ${action} as its data`);
    const began = (await DBOS.getWorkflowStatus(runId))?.workflowName ?? name;
    if (began !== name) {
      const constraint = `'${name}' must have begun run '${runId}'`;
      throw new ConfigError(`Cannot ${action} as ${constraint}: '${began}' did`);
    }
    await DBOS.send(runId, text, TOPIC);
  }

  /** Returns the recorded end of a run, and starts the run unless one of its id exists. */
  async #end(args: Args, runId: string): Promise<string> {
    const { name, start } = this.#runner;
    const text = this.#runner.encode({ ...start, args } satisfies Start);
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
    this.#runner.checkArgs(runId, args, this.#startOf(runId, known.input?.[0]).args);
    const { applicationVersion: version } = known;
    if (OPEN.has(known.status) && version !== DBOS.applicationVersion) {
      const constraint =
        `its process must have the 'applicationVersion' of DBOS that it began with: it is ` +
        `'${version}', and here '${DBOS.applicationVersion}'`;
      DBOS.logger.warn(this.#runner.refusal(runId, constraint).message);
    }
    return await DBOS.retrieveWorkflow<string>(runId).getResult();
  }

  /** Decodes the input of a workflow, which another program may have begun. */
  #startOf(runId: string, input: unknown): Start {
    try {
      return this.#runner.codec.decode(input as string) as Start;
    } catch {
      throw this.#runner.refusal(runId, `'run' must have begun it: its input is ${shown(input)}`);
    }
  }

  /** Runs the pipeline as the body of the workflow. */
  async #drive(input: string): Promise<string> {
    const runId = DBOS.workflowID!;
    const drive = {};
    driven.set(runId, drive);
    const launch = this.#launch();
    try {
      const { codec } = this.#runner;
      const began = this.#startOf(runId, input);
      this.#runner.check(runId, began);
      const host = engineHost(new DbosEngine(this.#runner, runId), codec);
      const result = await this.#runner.run(began.args as Args, { runId, host });
      return codec.encode(endOf(result, codec));
    } catch (thrown) {
      const error = thrown as Error;
      // DBOS has taken the run from this process, was shut down, or was launched again.
      const isOver = ENDS.has(DBOSErrors.getDBOSErrorCode(error)) || !DBOS.isInitialized() ||
        this.#launch() !== launch || driven.get(runId) !== drive;
      if (!isOver) await this.#stop(runId, error);
      // DBOS may still record another error as the end of the run.
      throw isOver && !(error instanceof ConfigError)
        ? error
        : new DBOSErrors.DBOSWorkflowCancelledError(runId);
    } finally {
      if (driven.get(runId) === drive) driven.delete(runId);
    }
  }

  /** Identifies the launch of DBOS, as each has a logger of its own. */
  #launch(): unknown {
    return this.#apart.runInAsyncScope(() => DBOS.logger);
  }

  /** Stops a run that this process cannot continue; it can be resumed, and nothing is lost. */
  async #stop(runId: string, reason: Error): Promise<void> {
    const error = reason instanceof ConfigError ? reason : this.#runner.refusal(runId, reason);
    DBOS.logger.error(error.message);
    const isWaiting = isReadOnly(reason);
    if (!isWaiting) this.#stopped.set(runId, error);
    await this.#apart.runInAsyncScope(async () => {
      while (DBOS.isInitialized()) {
        try {
          await (isWaiting ? DBOS.resumeWorkflow(runId) : DBOS.cancelWorkflow(runId));
          return;
        } catch (thrown) {
          if (!isReadOnly(thrown)) return DBOS.logger.error(thrown);
          await new Promise((resolve) => setTimeout(resolve, READ_ONLY_MS));
        }
      }
    });
  }

  /** The error of a run that has no result. */
  #told(runId: string, thrown: unknown): Error {
    const error = thrown as Error;
    if (!STOPPED.has(DBOSErrors.getDBOSErrorCode(error))) return error;
    const text = `Cannot await run '${runId}' as it must not be stopped: ${error.message}; ` +
      `DBOS.resumeWorkflow('${runId}') continues it`;
    return this.#stopped.get(runId) ?? new ConfigError(text, { cause: error });
  }
}

function isReadOnly(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === READ_ONLY;
}
