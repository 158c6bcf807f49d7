import { FakeTime } from "@std/testing/time";
import {
  type LateReport,
  map,
  pipeline,
  type Result,
  type RunInfo,
  step,
} from "@runsheet/runsheet";
import { countListeners, type Pending, watchTimers } from "../signals.ts";
import { type Attempt, EffectLog } from "./effect_log.ts";
import { type AnyStep, build, failing } from "./flow.ts";
import type { Script, Scripted, ScriptScenario } from "./random_scripts.ts";
import { untilRest } from "./until_rest.ts";

type Outputs = Record<string, string>;

/** The resources that the engine still holds. */
export interface Held extends Omit<Pending, "made"> {
  /** The number of attempts that have not settled and may be watched. */
  readonly inFlight: number;
}

type Told = Pick<RunInfo, "key" | "defer" | "signal">;

/** A random flow whose steps have effects and defer undos at any moment, in fake time. */
export class ScriptWorld {
  readonly log: EffectLog = new EffectLog();
  /** All effects, and who had them. */
  readonly happened: { readonly what: string; readonly attempt: Attempt }[] = [];
  /** The engine's resources at the end of the run, and once nothing was pending any more. */
  readonly held: Held[] = [];
  /** The errors of undos that failed, and the reports of late attempts. */
  readonly stuck: Error[] = [];
  readonly late: LateReport[] = [];
  readonly #undone = new Set<string>();
  #inFlight = 0;
  #wait: (ms: number, callback: () => void) => void = () => {};

  /** Runs a flow until nothing is pending any more. */
  async run({ flow, failsAt, abortAt }: ScriptScenario): Promise<Result<unknown>> {
    const time = new FakeTime();
    const { setTimeout } = globalThis;
    this.#wait = (ms, callback) => void setTimeout(callback, ms);
    const restore: (() => void)[] = [];
    const pending = watchTimers({ after: (step) => restore.push(step), fakeTime: () => time });
    try {
      const onLate = (report: LateReport) => void this.late.push(report);
      const steps = [build(flow, (leaf, name) => this.#leaf(leaf, name), onLate)];
      if (failsAt !== undefined) steps.push(failing((done) => this.#wait(failsAt, done)));
      const top = pipeline({ name: "top", steps: steps as never[] });
      const aborter = new AbortController();
      const listeners = countListeners(aborter.signal);
      if (abortAt !== undefined) this.#wait(abortAt, () => aborter.abort());
      const look = () => {
        const { timers } = pending();
        this.held.push({ timers, listeners: listeners(), inFlight: this.#inFlight });
      };
      const running = top.run({}, { runId: "r", signal: aborter.signal, onLate });
      running.then(look);
      const result = await untilRest(time, running);
      look();
      return result;
    } finally {
      for (const step of restore) step();
      time.restore();
    }
  }

  /** The effects that are not undone. An undo that comes first forbids its effect. */
  get live(): readonly string[] {
    return this.happened.map(({ what }) => what).filter((what) => !this.#undone.has(what));
  }

  #leaf(leaf: Scripted, name: string): AnyStep {
    const { form, timeout, graceMs, lateMs, overlap, retries, isIdempotent, scripts } = leaf;
    let count = 0;
    const next = () => scripts[count++ % scripts.length]!;
    if (form === "function") {
      const bare = { ...leaf, hasRollback: false, isIdempotent: false };
      return map(
        name,
        () => [1, 2],
        (_n, _ctx, info) => this.#attempt(bare, next(), info, 1, name),
      );
    }
    return step({
      name,
      timeout,
      graceMs,
      lateMs,
      overlap,
      idempotent: isIdempotent,
      retry: { count: retries },
      run: (_ctx, info) => this.#attempt(leaf, next(), info, info.attempt, name),
      rollback: leaf.hasRollback
        ? (_ctx, outputs, { effectKey }) => {
          const output = outputs[name]!;
          this.log.rollsBack(effectKey, output);
          this.#getStuck(leaf);
          this.#undone.add(isIdempotent ? effectKey : output);
        }
        : undefined,
    });
  }

  #attempt(
    leaf: Scripted,
    { parts, settlesAt, succeeds }: Script,
    info: Told,
    number: number,
    name: string,
  ): Outputs | Promise<Outputs> {
    const { hasRollback, isIdempotent, returnsSame, readsKey, lateMs, heeds } = leaf;
    const traits = { hasRollback, isIdempotent, hasUndoByKey: false, lateMs };
    // Effects of attempts without a key have nothing in common.
    const key = readsKey || isIdempotent ? info.key : `untold ${this.log.attempts.length}`;
    const attempt = this.log.starts({ key, attempt: number }, traits);
    const id = `${key}@${number}`;
    const output = returnsSame ? `<${key}>` : `<${id}>`;
    parts.forEach(({ happensAt, defersAt }, n) => {
      const what = `part ${n} of ${id}`;
      // In this order if both are due at once; the other order makes no difference, as the undo
      // forbids.
      this.#at(defersAt, () => this.#defer(leaf, attempt, what, info));
      if (happensAt !== undefined) this.#at(happensAt, () => this.happened.push({ what, attempt }));
    });
    const settle = (): Outputs => {
      if (!succeeds) throw new Error(`${id} fails`);
      if (hasRollback) this.happened.push({ what: isIdempotent ? key : output, attempt });
      this.log.returns(attempt, output);
      return { [name]: output };
    };
    if (settlesAt === 0) return settle();
    this.#inFlight++;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = () => {
        if (isOver) return;
        isOver = true;
        this.#inFlight--;
        try {
          resolve(settle());
        } catch (error) {
          reject(error);
        }
      };
      this.#wait(settlesAt, end);
      if (heeds) info.signal.addEventListener("abort", end);
    });
  }

  #getStuck({ isStuck }: Scripted): void {
    if (!isStuck) return;
    const error = new Error(`undo ${this.stuck.length} is stuck`);
    this.stuck.push(error);
    throw error;
  }

  #at(ms: number, callback: () => void): void {
    if (ms === 0) callback();
    else this.#wait(ms, callback);
  }

  #defer(leaf: Scripted, attempt: Attempt, what: string, { defer }: Told): void {
    const id = this.log.defers(attempt);
    defer(({ effectKey }) => {
      this.log.undoes(id, effectKey);
      this.#getStuck(leaf);
      this.#undone.add(what);
    });
  }
}

/** All errors in a value: an error, or data with failed items. */
export function errorsIn(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (!(value instanceof Error)) return Object.values(value).flatMap(errorsIn);
  const { causes = [], errors = [] } = value as { causes?: unknown[]; errors?: unknown[] };
  return [value, ...[value.cause, ...causes, ...errors].flatMap(errorsIn)];
}

/** The values of attempts in the result of a run. */
export function standingOf(result: Result<unknown>): readonly string[] {
  return result.success ? JSON.stringify(result.data).match(/<[^>]+>/g) ?? [] : [];
}
