import {
  CancelledError,
  handlers,
  type RetryPolicy,
  TerminalError,
  workflow,
  type WorkflowContext,
  type WorkflowDefinition,
  type WorkflowOptions,
  type WorkflowSharedContext,
} from "@restatedev/restate-sdk";
import { ConfigError, type RunOptions } from "@runsheet/runsheet";
import {
  type Codec,
  type DurableDeps,
  endOf,
  engineHost,
  type RunEnd,
  type Runnable,
  Runner,
  type RunStart,
} from "@runsheet/runsheet/durable";
import { engineOf, eventKey } from "./engine.ts";
import { OWN, type RestateOptions } from "./options.ts";
import { codecSerde, json } from "./serde.ts";

/** An event for a run, which may not have begun yet. */
export interface Sent {
  /** The name of the event and of its `waitFor`. */
  readonly name: string;
  /** The event's data. */
  readonly data?: unknown;
}

/** The handlers of a pipeline's workflow. Its key is the id of the run. */
export interface RestateHandlers<Args> {
  /** Runs the pipeline. A failed run does not fail the workflow, which returns the run's end. */
  run(ctx: WorkflowContext, args: Args): Promise<RunEnd>;
  /** Answers a `waitFor` of the run. */
  send(ctx: WorkflowSharedContext, event: Sent): Promise<void>;
  /** Cancels the run, which is then rolled back. */
  cancel(ctx: WorkflowSharedContext): Promise<void>;
}

/** The default of Restate's `message-size-limit`. */
const MAX_BYTES = 33_554_432;
const INVOCATION = "invocation";
/** During a longer call, Restate does not notify the run of a cancellation until the call ends. */
const INACTIVITY_MS = 600_000;
/** The names that Restate's server accepts. */
const NAME = /^([a-z]|_[a-z0-9])[\w.-]*$/i;
/** What the endpoint's own defaults must not change, as a run would end without its rollback. */
const SAFE: WorkflowOptions = {
  asTerminalError: () => undefined,
  explicitCancellation: false,
  onJournalMismatchErrors: "retry",
};
/** Workers may be gone for an hour. A run that no worker can continue is paused, not lost. */
const RETRY_POLICY: RetryPolicy = {
  initialInterval: 100,
  exponentiationFactor: 2,
  maxInterval: 60_000,
  maxAttempts: 70,
  onMaxAttempts: "pause",
};

/**
 * Makes a Restate workflow from a pipeline. Its key is the id of the run, so there is only one run
 * of each id.
 *
 * @param pipeline The pipeline.
 * @param options How to record, and the deps of a pipeline that declares them.
 * @returns The workflow, for the `services` of Restate's endpoint.
 * @throws {ConfigError} If an option is invalid, or Restate would refuse the pipeline's name.
 */
export function restate<
  const N extends string,
  Args,
  Data,
  Options extends RunOptions = RunOptions,
>(
  pipeline: Runnable<Args, Data, Options> & { readonly name: N },
  ...given: unknown extends DurableDeps<Options> ? [options?: RestateOptions]
    : [options: RestateOptions & DurableDeps<Options>]
): WorkflowDefinition<N, RestateHandlers<Args>> {
  const [options = {}] = given;
  const runner = new Runner(pipeline, options, { own: OWN, maxBytes: MAX_BYTES });
  const { name, codec, start } = runner;
  const { errors, workflow: own } = runner.options;
  if (!NAME.test(name)) {
    throw new ConfigError(
      `Cannot make '${name}' durable as its name must consist of letters, digits, '.', '_' and ` +
        `'-', and begin with a letter, to be a workflow of Restate`,
    );
  }
  const begin = runner.encode(start, `Cannot make '${name}' durable as its parts`);

  async function run(ctx: WorkflowContext, args: Args): Promise<RunEnd> {
    const runId = ctx.key;
    ctx.set(INVOCATION, ctx.request().id);
    const cancelled = new AbortController();
    try {
      const text = await ctx.run("start", () => begin, { serde: json });
      runner.check(runId, codec.decode(text) as RunStart);
    } catch (reason) {
      // Nothing has been called yet, and nothing will be.
      if (!(reason instanceof CancelledError)) throw reason;
      cancelled.abort(reason);
    }
    const host = engineHost(engineOf(ctx, runner, cancelled), codec);
    return endOf(await runner.run(args, { runId, host }), codec);
  }

  async function send(ctx: WorkflowSharedContext, event: Sent): Promise<void> {
    const data = dataOf(event, `send an event to run '${ctx.key}' of '${name}'`, codec);
    for (let n = 1;; n++) {
      const promise = ctx.promise<string>(eventKey(event.name, n), json);
      if (await promise.peek() !== undefined) continue;
      try {
        return await promise.resolve(data);
      } catch (thrown) {
        // Another event may have come first.
        if (await promise.peek() === undefined) throw thrown;
      }
    }
  }

  async function cancel(ctx: WorkflowSharedContext): Promise<void> {
    const invocation = await ctx.get<string>(INVOCATION);
    if (invocation === null) {
      const message =
        `Cannot cancel run '${ctx.key}' of '${name}' as it must have begun: it has not`;
      throw new TerminalError(message, { errorCode: 404 });
    }
    ctx.cancel(invocation as Parameters<typeof ctx.cancel>[0]);
  }

  const { workflow: forRun, shared } = handlers.workflow;
  const input = codecSerde<never>(errors);
  return workflow({
    name,
    handlers: {
      run: forRun({ input, output: codecSerde<RunEnd>(errors) }, run),
      send: shared({ input }, send),
      cancel: shared({}, cancel),
    },
    options: {
      inactivityTimeout: INACTIVITY_MS,
      ...SAFE,
      ...own,
      retryPolicy: { ...RETRY_POLICY, ...own?.retryPolicy },
    },
  }) as WorkflowDefinition<N, RestateHandlers<Args>>;
}

/** The data of an event, encoded. Anything else is refused, as nobody would take it. */
function dataOf(event: unknown, action: string, { encode }: Codec): string {
  const { name, data, ...others } = (event ?? {}) as Record<string, unknown>;
  const isNamed = typeof name === "string" && name !== "";
  if (!isNamed || Object.keys(others).length > 0) {
    const constraint = "it must be an object of its 'name' and its 'data'";
    const shown = JSON.stringify(event)?.slice(0, 100);
    const message = `Cannot ${action} as ${constraint}: current value is ${shown}`;
    throw new TerminalError(message, { errorCode: 400 });
  }
  try {
    return encode(data);
  } catch (thrown) {
    const message = `Cannot ${action} as its data ${(thrown as Error).message}`;
    throw new TerminalError(message, { errorCode: 400 });
  }
}
