import type { Host } from "../api/host.ts";
import type { Result } from "../api/result.ts";
import {
  checkFunction,
  checkKey,
  checkMs,
  checkOptions,
  checkText,
  refuse,
} from "../report/checks.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { type Codec, codec } from "./codec.ts";
import type { RecordOptions, Runnable } from "./contract.ts";
import { resultOf } from "./end.ts";
import { changeOf, type RunStart, shapeOf } from "./shape.ts";

const LATE_MS = 60_000;

/** The constraint of an option, as in "must be a positive integer", and what checks it. */
export type OptionRule = readonly [mustBe: string, isValid: (value: never) => boolean];

/** What an engine adds to the options of `RecordOptions`, and what it can store. */
export interface RunnerLimits {
  /** The rules of the engine's own options. An option that is `undefined` passes. */
  readonly own?: Readonly<Record<string, OptionRule>> | undefined;
  /** The most bytes of a recorded value, unless the options have a `maxBytes` of their own. */
  readonly maxBytes?: number | undefined;
}

/** How a run of a `Runner` is carried out. */
export interface RunnerRun {
  /** The run's id. */
  readonly runId: string;
  /** The host of the run, made by `engineHost`. */
  readonly host: Host;
  /** The deps of this process, if they are not those of the options. */
  readonly deps?: unknown;
}

/**
 * A pipeline whose runs an adapter records: its checked options, its codec, what a run records when
 * it begins, and the refusals that are the same on every engine.
 *
 * @example The beginning of an adapter
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { type RecordOptions, Runner } from "@runsheet/runsheet/durable";
 * import { assertThrows } from "@std/assert";
 *
 * interface OurOptions extends RecordOptions {
 *   readonly shards?: number;
 * }
 *
 * const order = pipeline({ name: "order", steps: [step({ name: "pay", run: () => {} })] });
 * const isPositive = (n: number) => Number.isInteger(n) && n > 0;
 * const own = { shards: ["a positive integer", isPositive] } as const;
 * const made = (options: OurOptions) => new Runner(order, options, { own, maxBytes: 400_000 });
 *
 * const { codec, start } = made({ shards: 4 });
 * const recorded = codec.encode(start);
 * assertThrows(() => made({ shards: 0 }), Error, "'shards' must be a positive integer");
 * ```
 */
export class Runner<Args, Data, Options extends RecordOptions = RecordOptions> {
  /** The pipeline's name. */
  readonly name: string;
  /** A checked copy of the options. */
  readonly options: Options & { readonly lateMs: number };
  /** Encodes what is recorded. */
  readonly codec: Codec;
  /** What a run records when it begins. */
  readonly start: RunStart;
  readonly #pipeline: Runnable<Args, Data>;

  /**
   * Checks a pipeline and its options.
   *
   * @param pipeline The pipeline.
   * @param options The options, and the deps of a pipeline that declares them.
   * @param limits What the engine adds to the options, and what it can store.
   * @throws {ConfigError} If it is no pipeline, or an option is invalid.
   */
  constructor(
    pipeline: Runnable<Args, Data, never>,
    options: Options & { readonly deps?: unknown },
    { own = {}, maxBytes }: RunnerLimits = {},
  ) {
    const shape = shapeOf(pipeline);
    const { name } = pipeline;
    const action = `make '${name}' durable`;
    if (typeof options !== "object" || options === null) {
      refuse(action, "its options must be an object", options);
    }
    const known = new Set(["deps", "errors", "lateMs", "onLate", "version", ...Object.keys(own)]);
    const checked = { lateMs: LATE_MS, ...checkOptions(action, options, [...known].sort()) };
    const { errors, version, lateMs, onLate } = checked;
    const values = cast<Record<string, never>>(checked);
    if (version !== undefined) checkKey(action, "version", version);
    if (onLate !== undefined) checkFunction(action, "onLate", onLate);
    checkMs(action, "lateMs", lateMs, 1);
    for (const [option, [mustBe, isValid]] of Object.entries(own)) {
      const value = values[option];
      if (value === undefined || isValid(value)) continue;
      refuse(action, `'${option}' must be ${mustBe}`, value);
    }
    this.#pipeline = cast(pipeline);
    this.name = name;
    this.options = checked;
    this.codec = codec(errors, { maxBytes: values.maxBytes ?? maxBytes });
    this.start = { pipeline: name, version, shape };
  }

  /**
   * Checks that the pipeline is the one that began a run, before anything else is done for the run.
   *
   * @param runId The run's id.
   * @param began The `start` that was recorded when the run began.
   * @throws {ConfigError} If the pipeline cannot continue the run.
   */
  check(runId: string, began: RunStart): void {
    const change = changeOf(this.start, began);
    if (change !== undefined) throw this.refusal(runId, change);
  }

  /**
   * Runs the pipeline, or continues a run.
   *
   * @param args The args of the run.
   * @param how The run's id and host.
   * @returns The result. A run that has failed is one, too.
   * @throws {ConfigError} If this process cannot continue the run, for the lack of its deps, for
   * example; another one may. The engine's own signals pass through.
   */
  async run(args: Args, how: RunnerRun): Promise<Result<Data>> {
    const { onLate, deps } = cast<RecordOptions & { readonly deps?: unknown }>(this.options);
    const result = await this.#pipeline.run(args, cast({ onLate, deps, ...how }));
    // Another process may have the deps that this one lacks.
    if (result.failedStep !== "<options>") return result;
    throw this.refusal(how.runId, result.error);
  }

  /**
   * Makes the error of a run that this process cannot continue.
   *
   * @param runId The run's id.
   * @param why The constraint as half a sentence, as `its version must be 1: current value is 2`; or
   * the error that stopped the run.
   * @returns The error.
   */
  refusal(runId: string, why: string | Error): ConfigError {
    const text = `Cannot continue run '${runId}' of '${this.name}'`;
    return typeof why === "string"
      ? new ConfigError(`${text} as ${why}`)
      : new ConfigError(`${text}: ${why.message}`, { cause: why });
  }

  /**
   * Encodes the args of a run, or other data from outside.
   *
   * @param data The data.
   * @param refusal The beginning of the sentence that refuses them, as `Cannot send 'paid' as its data`.
   * @returns The text to record.
   * @throws {ConfigError} If they cannot be recorded.
   */
  encode(data: unknown, refusal = `Cannot record the args of '${this.name}' as they`): string {
    try {
      return this.codec.encode(data);
    } catch (thrown) {
      throw new ConfigError(`${refusal} ${toError(thrown).message}`);
    }
  }

  /**
   * Checks the id of a run, and its other options.
   *
   * @param options The options of `run`.
   * @param more The names of those besides `runId`.
   * @returns A copy.
   * @throws {ConfigError} If an option is unknown, or the id is no string or empty.
   */
  checkRun<Given extends { readonly runId: string }>(
    options: Given,
    more: readonly string[] = [],
  ): Given {
    const action = `run '${this.name}'`;
    const checked = checkOptions(action, options, ["runId", ...more]);
    checkText(action, "'runId'", checked.runId);
    return checked;
  }

  /**
   * Checks that a run is asked for again with the args that it began with.
   *
   * @param runId The run's id.
   * @param args The args.
   * @param began The args that it began with.
   * @throws {ConfigError} If they differ, or cannot be recorded.
   */
  checkArgs(runId: string, args: unknown, began: unknown): void {
    if (this.encode(args) === this.codec.encode(began)) return;
    const constraint = "a run of this id must have the args that it began with";
    throw new ConfigError(`Cannot run '${this.name}' as ${constraint}: '${runId}' has others`);
  }

  /**
   * Makes the result of a run that this process did not drive to its end.
   *
   * @param runId The run's id.
   * @param args Its args.
   * @param error The reason.
   * @param failedStep What failed instead of a step.
   * @returns The result.
   */
  refused(runId: string, args: unknown, error: Error, failedStep = "<options>"): Result<Data> {
    const nothing = { completed: [], failed: [], stepsExecuted: [] };
    return cast(
      resultOf(this.name, runId, args, { success: false, error, failedStep, ...nothing }),
    );
  }
}
