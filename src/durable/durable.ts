import type { Result } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { checkFunction, checkKey, checkMs, checkOptions, refuse } from "../report/checks.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { shown } from "../values/show.ts";
import { type Codec, codec } from "./codec.ts";
import type { Durable, DurableDeps, DurableOptions, Runnable } from "./contract.ts";
import { endOf, resultOf } from "./end.ts";
import { LostLease, RunLog, type RunStart, StoreFailure } from "./run_log.ts";
import { endIn, type RunState, startOf, stateOf } from "./run_state.ts";
import { lackOf, type Part, shapeOf } from "./shape.ts";
import { Changed, StoreHost, Suspended } from "./store_host.ts";

const LEASE_MS = 30_000;
const LATE_MS = 60_000;
/** How often, in milliseconds, a worker looks at a run that another one drives. */
const POLL_MS = 500;

/**
 * Makes the runs of a pipeline durable: the outcome of every call is recorded in a table of your
 * own database, and another process continues where the first one stopped.
 *
 * An effect is called again only if its process died before the outcome was recorded, and with the
 * same `key`. This is a record, not an engine: call `resume` at the start of a worker and from time
 * to time.
 *
 * @param pipeline The pipeline.
 * @param options The store, and how to record.
 * @returns The pipeline's durable runs.
 * @throws {ConfigError} If an option is invalid.
 */
export function durable<Args, Data, Options extends RunOptions = RunOptions>(
  pipeline: Runnable<Args, Data, Options>,
  options: DurableOptions & DurableDeps<Options>,
): Durable<Args, Data> {
  return Object.freeze(new DurableRuns(cast<Runnable<Args, Data>>(pipeline), options));
}

/** Thrown for a run that has not ended if this worker has been stopped. */
class Stopped extends Error {
  /** The error's name. */
  override readonly name = "Stopped";
}

interface OwnOptions extends DurableOptions {
  readonly deps?: unknown;
}

class DurableRuns<Args, Data> implements Durable<Args, Data> {
  readonly #pipeline: Runnable<Args, Data>;
  readonly #options: OwnOptions;
  readonly #leaseMs: number;
  readonly #codec: Codec;
  readonly #shape: readonly Part[];
  /** The heartbeats of the runs that are driven here. Each also reads new entries from outside. */
  readonly #beats = new Map<string, () => void>();
  /** The work that `stop` waits for, and the pauses that it ends. */
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(pipeline: Runnable<Args, Data>, options: OwnOptions) {
    this.#shape = shapeOf(pipeline);
    const action = `make '${pipeline.name}' durable`;
    const known = ["store", "errors", "version", "leaseMs", "lateMs", "onLate", "deps"];
    this.#options = checkOptions(action, options, known);
    const { store, errors, version, leaseMs = LEASE_MS, lateMs = LATE_MS, onLate } = this.#options;
    for (const name of ["load", "append", "list"] as const) {
      checkFunction(action, `store.${name}`, store?.[name]);
    }
    if (version !== undefined) checkKey(action, "version", version);
    if (onLate !== undefined) checkFunction(action, "onLate", onLate);
    checkMs(action, "leaseMs", leaseMs, 1);
    checkMs(action, "lateMs", lateMs, 1);
    this.#pipeline = pipeline;
    this.#leaseMs = leaseMs;
    this.#codec = codec(errors);
  }

  async run(
    args: Args,
    options: { readonly runId: string; readonly signal?: AbortSignal | undefined },
  ): Promise<Result<Data>> {
    let runId = "";
    try {
      const checked = checkOptions(`run '${this.#pipeline.name}'`, options, ["runId", "signal"]);
      runId = checked.runId;
      if (typeof runId !== "string" || runId === "") {
        refuse(`run '${this.#pipeline.name}'`, "'runId' must be a string that is not empty", runId);
      }
      if (checked.signal) {
        checkFunction("follow 'signal'", "addEventListener", checked.signal.addEventListener);
      }
      return await this.#track(this.#run(args, runId, checked.signal));
    } catch (thrown) {
      return this.#refused(runId, args, toError(thrown));
    }
  }

  async #run(args: Args, runId: string, signal: AbortSignal | undefined): Promise<Result<Data>> {
    const { name } = this.#pipeline;
    const { version } = this.#options;
    this.#checkStopped(runId);
    const start: RunStart = { pipeline: name, version, shape: this.#shape, args };
    const log = this.#open(runId);
    let isOver = false;
    const reason = () => this.#recordableReason(signal!.reason);
    const cancel = async () => {
      // A store that fails for a moment must not lose the cancellation.
      while (!isOver && !await this.cancel(runId, reason()).then(() => true, () => false)) {
        await this.#pause(POLL_MS);
      }
    };
    try {
      this.#checkData(`the args of '${name}'`, args);
      // Events may have arrived before the start.
      do await log.read(); while (!startOf(log) && !await log.tryAppend({ kind: "start", start }));
      const begun = startOf(log);
      if (this.#codec.encode(begun?.args) !== this.#codec.encode(args)) {
        const constraint = "a run of this id must have the args that it began with";
        throw new ConfigError(`Cannot run '${name}' as ${constraint}: '${runId}' has others`);
      }
      if (signal?.aborted) await this.cancel(runId, reason());
      else signal?.addEventListener("abort", cancel);
      return await this.#complete(runId);
    } finally {
      isOver = true;
      signal?.removeEventListener?.("abort", cancel);
    }
  }

  async resume(): Promise<readonly Result<Data>[]> {
    const results: Promise<Result<Data> | undefined>[] = [];
    for (const state of await this.list({ open: true })) {
      if (this.#isStopped) break;
      const isDue = state.state === "abandoned" ||
        state.state === "waiting" && (state.until ?? Infinity) <= Date.now();
      if (isDue) results.push(this.#track(this.#resumeOne(state.runId)));
    }
    return (await Promise.all(results)).filter((result) => result !== undefined);
  }

  async list({ open = false }: { readonly open?: boolean | undefined } = {}): Promise<
    readonly RunState[]
  > {
    const states: RunState[] = [];
    for (const runId of await this.#options.store.list({ open })) {
      const log = this.#open(runId);
      try {
        await log.read();
      } catch {
        states.push({ runId, state: "unreadable", calls: [] });
        continue;
      }
      if (startOf(log)?.pipeline !== this.#pipeline.name) continue;
      // The store need not know which runs have ended.
      if (!open || !endIn(log)) states.push(stateOf(log));
    }
    return states;
  }

  async send(runId: string, name: string, data?: unknown): Promise<void> {
    this.#checkData(`the data of '${name}'`, data);
    const log = this.#open(runId);
    const event = { kind: "event", name, data, id: crypto.randomUUID() } as const;
    do await log.read(); while (!await log.tryAppend(event));
    this.#beats.get(runId)?.();
  }

  async cancel(runId: string, reason?: unknown): Promise<void> {
    this.#checkData("the reasons of a cancellation", reason);
    const log = this.#open(runId);
    do await log.read(); while (!await log.tryAppend({ kind: "cancel", reason }));
    this.#beats.get(runId)?.();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const wake of this.#pauses) wake();
    await Promise.allSettled(this.#underWay);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }

  #checkStopped(runId: string): void {
    if (!this.#isStopped) return;
    throw new Stopped(`Cannot continue run '${runId}' here as this worker has been stopped`);
  }

  #checkData(what: string, data: unknown): void {
    try {
      this.#codec.encode(data);
    } catch (thrown) {
      throw new ConfigError(`Cannot record ${what} as they ${toError(thrown).message}`);
    }
  }

  /** The reason of an abort, or its description: a signal may abort with any value. */
  #recordableReason(reason: unknown): unknown {
    try {
      this.#codec.encode(reason);
      return reason;
    } catch {
      return shown(reason).full;
    }
  }

  #open(runId: string): RunLog {
    return new RunLog(this.#options.store, this.#codec, runId);
  }

  async #resumeOne(runId: string): Promise<Result<Data> | undefined> {
    try {
      const driven = await this.#drive(runId);
      return typeof driven === "number" ? undefined : driven;
    } catch (thrown) {
      return this.#refused(runId, undefined, toError(thrown));
    }
  }

  /** Drives the run, or waits for the worker that drives it, until it has ended. */
  async #complete(runId: string): Promise<Result<Data>> {
    for (;;) {
      const driven = await this.#drive(runId);
      if (typeof driven !== "number") return driven;
      const ms = Math.min(driven - Date.now(), this.#leaseMs / 3, POLL_MS);
      this.#checkStopped(runId);
      await this.#pause(Math.max(ms, 1));
      this.#checkStopped(runId);
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(end, ms);
      const pauses = this.#pauses;
      pauses.add(end);
      function end() {
        clearTimeout(timer);
        pauses.delete(end);
        resolve();
      }
    });
  }

  /** Continues a run; returns its result, or when to look at it again. */
  async #drive(runId: string): Promise<Result<Data> | number> {
    const log = this.#open(runId);
    log.owner = crypto.randomUUID();
    const lease = () =>
      ({ kind: "lease", owner: log.owner, until: Date.now() + this.#leaseMs }) as const;
    do {
      await log.read();
      const { state, until = Infinity } = stateOf(log);
      const end = endIn(log);
      if (end) return cast(resultOf(this.#pipeline.name, runId, startOf(log)?.args, end));
      if (state === "running") return Infinity;
      if (state === "waiting" && until > Date.now()) return until;
      this.#check(runId, startOf(log));
    } while (!await log.tryAppend(lease()));
    const host = new StoreHost(log, this.#codec, this.#options.lateMs ?? LATE_MS);
    const beat = () =>
      void log.append(lease()).catch((reason) => {
        clearInterval(heartbeat);
        host.end(reason);
      });
    const heartbeat = setInterval(beat, this.#leaseMs / 3);
    // The heartbeat does not keep the process alive; the work of the run does.
    cast<{ unref?: () => void }>(heartbeat).unref?.();
    this.#beats.set(runId, beat);
    try {
      const { onLate, deps } = this.#options;
      const args = cast<Args>(startOf(log)!.args);
      const result = await this.#pipeline.run(args, cast({ runId, host, onLate, deps }));
      // Another process may have the deps that this one lacks.
      if (result.failedStep === "<options>") throw result.error;
      host.end(new Error("the run has ended"));
      await log.append({ kind: "end", end: endOf(result, this.#codec) });
      return result;
    } catch (reason) {
      if (reason instanceof LostLease) return Date.now() + this.#leaseMs;
      if (!(reason instanceof Suspended)) throw reason;
      const { until, seen } = reason;
      await log.append({ kind: "lease", owner: "", until, seen });
      return until;
    } finally {
      clearInterval(heartbeat);
      this.#beats.delete(runId);
    }
  }

  /** Refuses to continue a run of another pipeline, whose calls would not match the log. */
  #check(runId: string, start: RunStart | undefined): void {
    const { version } = this.#options;
    const action = `Cannot resume run '${runId}' of '${this.#pipeline.name}'`;
    if (start?.version !== version) {
      throw new Changed(
        `${action} as its version must be ${start?.version}: current value is ${version}`,
      );
    }
    const lack = lackOf(this.#shape, start?.shape ?? []);
    if (lack !== undefined) throw new Changed(`${action} as ${lack}`);
  }

  #refused(runId: string, args: unknown, error: Error): Result<Data> {
    const end = {
      success: false,
      error,
      failedStep: error instanceof StoreFailure
        ? "<store>"
        : error instanceof Stopped
        ? "<stopped>"
        : "<options>",
      completed: [],
      failed: [],
      stepsExecuted: [],
    } as const;
    return cast(resultOf(this.#pipeline.name, runId, args, end));
  }
}
