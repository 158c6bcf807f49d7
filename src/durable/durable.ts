import { MAX_TIMER_MS } from "../api/policy.ts";
import type { Result } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { checkFunction, checkText } from "../report/checks.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { shown } from "../values/show.ts";
import { askStore, StoreFailure } from "./ask_store.ts";
import type { Durable, DurableDeps, DurableOptions, Runnable } from "./contract.ts";
import { endOf, resultOf } from "./end.ts";
import { type LogEntry, type LogStart, LostLease, RunLog } from "./run_log.ts";
import { endIn, type RunState, startOf, stateOf } from "./run_state.ts";
import { type OptionRule, Runner } from "./runner.ts";
import { changeOf } from "./shape.ts";
import { Changed, StoreHost, Suspended } from "./store_host.ts";

const LEASE_MS = 30_000;
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

const OWN: Record<string, OptionRule> = {
  store: ["an object", (store) => typeof store === "object" && store !== null],
  leaseMs: [
    `a number of milliseconds from 1 to ${MAX_TIMER_MS}`,
    (ms) => typeof ms === "number" && ms >= 1 && ms <= MAX_TIMER_MS,
  ],
};

class DurableRuns<Args, Data> implements Durable<Args, Data> {
  readonly #pipeline: Runnable<Args, Data>;
  readonly #runner: Runner<Args, Data, OwnOptions>;
  readonly #leaseMs: number;
  /** The heartbeats of the runs that are driven here. Each also reads new entries from outside. */
  readonly #beats = new Map<string, () => void>();
  /** The work that `stop` waits for, and the pauses that it ends. */
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(pipeline: Runnable<Args, Data>, options: DurableOptions) {
    this.#pipeline = pipeline;
    this.#runner = new Runner(pipeline, options, { own: OWN });
    const { store, leaseMs = LEASE_MS } = this.#runner.options;
    this.#leaseMs = leaseMs;
    for (const name of ["load", "append", "list"] as const) {
      checkFunction(`make '${pipeline.name}' durable`, `store.${name}`, store?.[name]);
    }
  }

  async run(
    args: Args,
    options: { readonly runId: string; readonly signal?: AbortSignal | undefined },
  ): Promise<Result<Data>> {
    let runId = "";
    try {
      const checked = this.#runner.checkRun(options, ["signal"]);
      runId = checked.runId;
      if (checked.signal) {
        checkFunction("follow 'signal'", "addEventListener", checked.signal.addEventListener);
      }
      return await this.#track(this.#run(args, runId, checked.signal));
    } catch (thrown) {
      return this.#refused(runId, args, toError(thrown));
    }
  }

  async #run(args: Args, runId: string, signal: AbortSignal | undefined): Promise<Result<Data>> {
    this.#checkStopped(runId);
    const start: LogStart = { ...this.#runner.start, args };
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
      this.#runner.encode(args);
      // Events may have arrived before the start.
      do await log.read(); while (!startOf(log) && !await log.tryAppend({ kind: "start", start }));
      this.#checkOwn(`run '${this.#pipeline.name}'`, log);
      this.#runner.checkArgs(runId, args, startOf(log)?.args);
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
    for (const runId of await this.#ids(open)) {
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

  async #ids(open: boolean): Promise<readonly string[]> {
    const action = `list the runs of '${this.#pipeline.name}'`;
    const { store } = this.#runner.options;
    const ids = await askStore(action, async () => [...await store.list({ open })]);
    const bad = ids.find((id: unknown) => typeof id !== "string");
    if (bad === undefined) return ids;
    throw new StoreFailure(action, `'list' must return ids: current value is ${shown(bad).full}`);
  }

  async send(runId: string, name: string, data?: unknown): Promise<void> {
    checkText("send an event", "its name", name);
    checkText(`send '${name}'`, "'runId'", runId);
    this.#runner.encode(data, `Cannot record the data of '${name}' as they`);
    const event = { kind: "event", name, data, id: crypto.randomUUID() } as const;
    await this.#tell(`send '${name}' to a run of '${this.#pipeline.name}'`, runId, event);
  }

  async cancel(runId: string, reason?: unknown): Promise<void> {
    checkText("cancel a run", "'runId'", runId);
    this.#runner.encode(reason, "Cannot record the reasons of a cancellation as they");
    const entry = { kind: "cancel", reason, id: crypto.randomUUID() } as const;
    await this.#tell(`cancel a run of '${this.#pipeline.name}'`, runId, entry);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const wake of this.#pauses) wake();
    await Promise.allSettled(this.#underWay);
  }

  /** Records something from outside, even before the run begins. */
  async #tell(action: string, runId: string, entry: LogEntry): Promise<void> {
    const log = this.#open(runId);
    do {
      await log.read();
      this.#checkOwn(action, log);
    } while (!await log.tryAppend(entry));
    this.#beats.get(runId)?.();
  }

  #checkOwn(action: string, log: RunLog): void {
    const { name } = this.#pipeline;
    const began = startOf(log)?.pipeline ?? name;
    if (began === name) return;
    const constraint = "no run of another pipeline may have its id";
    const what = `'${log.runId}' is one of '${began}'`;
    throw new ConfigError(`Cannot ${action} as ${constraint}: ${what}`);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }

  #checkStopped(runId: string): void {
    if (!this.#isStopped) return;
    throw new Stopped(`Cannot continue run '${runId}' here as this worker has been stopped`);
  }

  /** The reason of an abort, or its description: a signal may abort with any value. */
  #recordableReason(reason: unknown): unknown {
    try {
      this.#runner.encode(reason);
      return reason;
    } catch {
      return shown(reason).full;
    }
  }

  #open(runId: string): RunLog {
    return new RunLog(this.#runner.options.store, this.#runner.codec, runId);
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
    const { codec, options } = this.#runner;
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
      this.#check(log);
    } while (!await log.tryAppend(lease()));
    const host = new StoreHost(log, codec, options.lateMs);
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
      return await this.#advance(log, host);
    } catch (reason) {
      if (!(reason instanceof LostLease)) throw reason;
      return Date.now() + this.#leaseMs;
    } finally {
      clearInterval(heartbeat);
      this.#beats.delete(runId);
    }
  }

  /** Lets the run continue until it has ended, or can only wait. */
  async #advance(log: RunLog, host: StoreHost): Promise<Result<Data> | number> {
    const { codec, options: { onLate, deps } } = this.#runner;
    try {
      const args = cast<Args>(startOf(log)!.args);
      const result = await this.#pipeline.run(args, cast({ runId: log.runId, host, onLate, deps }));
      // Another process may have the deps that this one lacks.
      if (result.failedStep === "<options>") throw result.error;
      host.end(new Error("the run has ended"));
      await log.append({ kind: "end", end: endOf(result, codec) });
      return result;
    } catch (reason) {
      if (!(reason instanceof Suspended)) throw reason;
      const { until, seen } = reason;
      await log.append({ kind: "lease", owner: "", until, seen });
      return until;
    }
  }

  /** Refuses to continue a run of another pipeline, whose calls would not match the log. */
  #check(log: RunLog): void {
    const start = startOf(log);
    if (!start) throw log.fault("'load' must return the rows as they were appended: it lost them");
    const change = changeOf(this.#runner.start, start);
    if (change === undefined) return;
    throw new Changed(`Cannot resume run '${log.runId}' of '${this.#pipeline.name}' as ${change}`);
  }

  #refused(runId: string, args: unknown, error: Error): Result<Data> {
    const failedStep = error instanceof StoreFailure
      ? "<store>"
      : error instanceof Stopped
      ? "<stopped>"
      : "<options>";
    return this.#runner.refused(runId, args, error, failedStep);
  }
}
