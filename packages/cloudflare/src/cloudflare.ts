import {
  type AnyStep,
  ConfigError,
  type Result,
  type ResultJSON,
  type RunOptions,
  toJSON,
} from "@runsheet/runsheet";
import {
  codec,
  endOf,
  engineHost,
  type OptionRule,
  type RecordOptions,
  resultOf,
  type Runnable,
  Runner,
} from "@runsheet/runsheet/durable";
import { type Began, changeOf, digestOf, policiesOf } from "./began.ts";
import type { CloudflareDeps } from "./deps.ts";
import { park } from "./park.ts";
import type { EntrypointClass, WorkflowEvent, WorkflowStep } from "./platform.ts";
import { MAX_BYTES, record } from "./record.ts";
import { Rows } from "./rows.ts";

/** The options of `cloudflare`. */
export interface CloudflareOptions<Data> extends RecordOptions {
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

type OwnOptions = CloudflareOptions<never> & { readonly deps?: (env: unknown) => unknown };

const isFunction = (value: unknown) => typeof value === "function";

const OWN: Record<string, OptionRule> = {
  deps: ["a function", isFunction],
  output: ["a function", isFunction],
  steps: ["a positive integer", (steps) => Number.isInteger(steps) && steps > 0],
};

const STEPS = 10_000;
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
  const [options = {}] = rest as [OwnOptions?];
  const runner = new Runner(pipeline, options, { own: OWN, maxBytes: MAX_BYTES });
  const { name, start, options: { deps, output = outputOf, steps = STEPS } } = runner;
  const policies = policiesOf(pipeline as unknown as AnyStep);

  async function run(
    { payload, instanceId: runId }: WorkflowEvent<Args>,
    step: WorkflowStep,
    env: unknown,
  ): Promise<unknown> {
    checkStep(name, step);
    const args = await digestOf(runner.encode(payload));
    const now: Began = { ...start, args, policies };
    const began = await record(step, `run ${name}`, () => Promise.resolve(now));
    let result: Result<Data>;
    try {
      runner.check(runId, began);
      const change = changeOf(now, began);
      if (change !== undefined) throw runner.refusal(runId, change);
      const rows = new Rows(step, runner, { runId, steps });
      const host = engineHost(rows, runner.codec);
      result = await runner.run(payload, { runId, host, deps: depsOf(runId, env) });
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      // Another deployment may continue the run.
      return await park(step, thrown.message);
    }
    return output(result as Result<never>);
  }

  function depsOf(runId: string, env: unknown): unknown {
    try {
      return deps?.(env);
    } catch (thrown) {
      throw runner.refusal(runId, `'deps' must make its deps: ${thrown}`);
    }
  }

  const Entrypoint = WorkflowEntrypoint as unknown as new (...args: unknown[]) => { env: unknown };
  return class extends Entrypoint {
    run(event: WorkflowEvent<Args>, step: WorkflowStep): Promise<unknown> {
      return run(event, step, this.env);
    }
  } as never;
}

/** The result as plain data; a part of it if the platform cannot store it. */
function outputOf(result: Result<unknown>): unknown {
  const plain = plainOf(result);
  const { length } = JSON.stringify(plain);
  if (length <= LONGEST_OUTPUT) return plain;
  const { name, runId } = result.meta;
  if (!result.success) {
    const end = endOf(result, codec([], { maxBytes: LONGEST_OUTPUT }));
    return plainOf(resultOf(name, runId, {}, end));
  }
  console.error(
    `Cannot return the data of run '${runId}', which has succeeded, as they must take ${LONGEST_OUTPUT} characters of JSON at most: current value is ${length}`,
  );
  return { success: true };
}

function plainOf(result: Result<unknown>): object {
  const { meta: _, ...plain }: ResultJSON = toJSON(result, { args: true });
  return plain;
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
