import {
  type AnyStep,
  ConfigError,
  type LateReport,
  type Result,
  type ResultJSON,
  type RunOptions,
  toJSON,
} from "@runsheet/runsheet";
import {
  type Codec,
  codec,
  endOf,
  engineHost,
  type ErrorClass,
  resultOf,
  type Runnable,
  shapeOf,
} from "@runsheet/runsheet/durable";
import { type Began, changeOf, digestOf, policiesOf } from "./began.ts";
import type { CloudflareDeps } from "./deps.ts";
import { park } from "./park.ts";
import type { EntrypointClass, WorkflowEvent, WorkflowStep } from "./platform.ts";
import { LONGEST_TEXT, record } from "./record.ts";
import { Astray, Rows } from "./rows.ts";

/** The options of `cloudflare`. */
export interface CloudflareOptions<Data> {
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
  /**
   * How many steps an instance may have: 1,024 on the free plan, or else `limits.steps` of
   * wrangler's configuration. Some are reserved for undos.
   *
   * @default {10_000}
   */
  readonly steps?: number | undefined;
  /**
   * Turns the result into the instance's output. By default the output is the result as plain data,
   * and an instance that was rolled back is `complete`. With `unwrap` it is the run's data, and the
   * instance of a failed run is `errored`.
   */
  readonly output?: ((result: Result<Data>) => unknown) | undefined;
  /** Called with the outcome of each abandoned attempt. */
  readonly onLate?: ((late: LateReport) => void) | undefined;
}

/** The method of an entrypoint that runs its pipeline. */
export interface RunEntrypoint<Args> {
  /**
   * Runs the pipeline, or continues it; called by the platform.
   *
   * @param event The instance and its args.
   * @param step The instance's steps.
   * @returns The instance's output.
   */
  run(event: WorkflowEvent<Args>, step: WorkflowStep): Promise<unknown>;
}

interface OwnOptions extends CloudflareOptions<never> {
  readonly deps?: (env: unknown) => unknown;
}

const LATE_MS = 60_000;
const STEPS = 10_000;
/** The step that begins the run, and the wait for a cancellation. */
const FIRST_STEPS = 2;
/** The platform stores up to 1 MiB, in which a character may take several bytes. */
const LONGEST_OUTPUT = 200_000;

/**
 * Makes the entrypoint of a Workflow from a pipeline, whose runs then outlive the process. The
 * instance's id is the id of the run, and its params are the args.
 *
 * @param WorkflowEntrypoint The class of this name in `cloudflare:workers`.
 * @param pipeline The pipeline.
 * @param options How to record, and the deps of a pipeline that declares them.
 * @returns A class to extend and export.
 * @throws {ConfigError} If an option is invalid.
 */
export function cloudflare<
  Base extends EntrypointClass,
  Args,
  Data,
  Options extends RunOptions = RunOptions,
>(
  WorkflowEntrypoint: Base,
  pipeline: Runnable<Args, Data, Options>,
  ...rest: unknown extends CloudflareDeps<Options> ? [options?: CloudflareOptions<Data>]
    : [options: CloudflareOptions<Data> & CloudflareDeps<Options>]
): new (...args: ConstructorParameters<Base>) => InstanceType<Base> & RunEntrypoint<Args> {
  const [options = {}] = rest;
  const runs = new Runs(pipeline as Runnable<unknown, unknown>, options as OwnOptions);
  const Entrypoint = WorkflowEntrypoint as unknown as new (...args: unknown[]) => { env: unknown };
  return class extends Entrypoint {
    run(event: WorkflowEvent<unknown>, step: WorkflowStep): Promise<unknown> {
      return runs.run(event, step, this.env);
    }
  } as never;
}

class Runs {
  readonly #pipeline: Runnable<unknown, unknown>;
  readonly #options: OwnOptions;
  readonly #codec: Codec;
  readonly #now: Omit<Began, "args">;

  constructor(pipeline: Runnable<unknown, unknown>, options: OwnOptions) {
    const shape = shapeOf(pipeline);
    const { name } = pipeline;
    checkOptions(name, options);
    this.#pipeline = pipeline;
    this.#options = options;
    this.#codec = limited(codec(options.errors));
    this.#now = {
      pipeline: name,
      version: options.version,
      shape,
      policies: policiesOf(pipeline as AnyStep),
    };
  }

  async run(
    { payload, instanceId: runId }: WorkflowEvent<unknown>,
    step: WorkflowStep,
    env: unknown,
  ): Promise<unknown> {
    const { name } = this.#pipeline;
    const { lateMs = LATE_MS, steps = STEPS, onLate, deps } = this.#options;
    checkStep(name, step);
    const action = `Cannot continue run '${runId}' of '${name}'`;
    const now: Began = { ...this.#now, args: await digestOf(this.#encodeArgs(payload)) };
    const began = await record(step, `run ${name}`, () => Promise.resolve(now));
    const change = changeOf(now, began);
    if (change !== undefined) return await park(step, `${action} as ${change}`);
    const { shape } = now;
    const rows = new Rows(step, this.#codec, { name, shape, lateMs, steps, used: FIRST_STEPS });
    const host = engineHost(rows, this.#codec);
    let given: { readonly deps: unknown } | undefined;
    try {
      given = deps && { deps: deps(env) };
    } catch (thrown) {
      return await park(step, `${action} as 'deps' must make its deps: ${thrown}`);
    }
    try {
      const result = await this.#pipeline.run(
        payload,
        { runId, host, onLate, ...given } as RunOptions,
      );
      // Another deployment may have the deps that this one lacks.
      if (!result.success && result.failedStep === "<options>") {
        return await park(step, `${action}: ${result.error.message}`);
      }
      return this.#outputOf(result, runId);
    } catch (thrown) {
      if (!(thrown instanceof Astray)) throw thrown;
      const constraint = "its pipeline must be the one that began it";
      return await park(step, `${action} as ${constraint}: ${thrown.message}`);
    }
  }

  #encodeArgs(args: unknown): string {
    try {
      return this.#codec.encode(args);
    } catch (thrown) {
      const { message } = thrown as Error;
      throw new ConfigError(
        `Cannot record the args of '${this.#pipeline.name}' as they ${message}`,
      );
    }
  }

  #outputOf(result: Result<unknown>, runId: string): unknown {
    const { output } = this.#options;
    if (output) return output(result as Result<never>);
    const plain = plainOf(result);
    const { length } = JSON.stringify(plain);
    if (length <= LONGEST_OUTPUT) return plain;
    if (!result.success) {
      const end = endOf(result, limited(codec(), LONGEST_OUTPUT));
      return plainOf(resultOf(this.#pipeline.name, runId, {}, end));
    }
    console.error(
      `Cannot return the data of run '${runId}', which has succeeded, as they must take ${LONGEST_OUTPUT} characters of JSON at most: current value is ${length}`,
    );
    return { success: true };
  }
}

function plainOf(result: Result<unknown>): object {
  const { meta: _, ...plain }: ResultJSON = toJSON(result, { args: true });
  return plain;
}

/** Refuses texts that are too long to be recorded. */
function limited({ encode, decode }: Codec, longest = LONGEST_TEXT): Codec {
  return {
    decode,
    encode(value) {
      const text = encode(value);
      if (text.length <= longest) return text;
      throw new TypeError(
        `must take ${longest} characters of JSON at most: current value is ${text.length}`,
      );
    },
  };
}

const OPTIONS = ["deps", "errors", "lateMs", "onLate", "output", "steps", "version"];

function checkOptions(name: string, options: OwnOptions): void {
  const action = `Cannot make a Workflow of '${name}'`;
  const unknown = Object.keys(options).find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined) {
    const constraint = `its options must be among ${OPTIONS.join(", ")}`;
    throw new ConfigError(`${action} as ${constraint}: current value is ${unknown}`);
  }
  for (const option of ["lateMs", "steps"] as const) {
    const value = options[option];
    if (value === undefined || Number.isInteger(value) && value > 0) continue;
    throw new ConfigError(
      `${action} as '${option}' must be a positive integer: current value is ${value}`,
    );
  }
  for (const option of ["deps", "onLate", "output"] as const) {
    const value = options[option];
    if (value === undefined || typeof value === "function") continue;
    throw new ConfigError(
      `${action} as '${option}' must be a function: current value is ${typeof value}`,
    );
  }
}

/** Throws if the platform is too old for the package, or if there is none. */
function checkStep(name: string, step: WorkflowStep): void {
  for (const method of ["do", "sleep", "waitForEvent"] as const) {
    // Over RPC, every property appears to exist.
    if (typeof step?.[method] === "function") continue;
    throw new ConfigError(
      `Cannot run '${name}' as its platform must have 'step.${method}': current value is ${typeof step
        ?.[method]}`,
    );
  }
}
