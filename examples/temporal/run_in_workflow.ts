import "./turns.ts";
import type { RunOptions } from "@runsheet/runsheet";
import { endOf, type Engine, engineHost, type Runnable, Runner } from "@runsheet/runsheet/durable";
import {
  CancellationScope,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import type { CallOfRun, Told } from "./call.ts";

/** The limit of a call without a `timeout`, after which Temporal takes its worker for dead. */
const CALL_MS = 600_000;

/** The time that a worker has to answer. */
const ANSWER_MS = 10_000;

/** Answers a `waitFor`. */
export const send = defineSignal<[name: string, data?: unknown]>("send");

/**
 * Runs a pipeline in a workflow, whose id is the id of the run. Each call is an activity.
 *
 * @param pipeline The pipeline.
 * @param args Its args.
 * @param deps Stand-ins for its deps, as the steps run elsewhere.
 * @returns The end of the run, encoded by `codec`. A failed run does not fail the workflow.
 */
export async function runInWorkflow<Args, Data, Options extends RunOptions>(
  pipeline: Runnable<Args, Data, Options>,
  args: Args,
  deps?: unknown,
): Promise<string> {
  const runner = new Runner(pipeline, { deps });
  const { name, codec, options: { lateMs } } = runner;
  const { workflowId: runId } = workflowInfo();
  const told: Told[] = [];
  const sent = new Map<string, unknown[]>();
  const dataOf = (name: string) => sent.get(name) ?? [];
  setHandler(send, (name, data) => void sent.set(name, [...dataOf(name), data]));
  const cancelled = new AbortController();
  const cancelRequested = CancellationScope.current().cancelRequested.catch((): Told => ({}));

  const engine: Engine<Promise<Told> | string> = {
    name,
    lateMs,
    signal: cancelled.signal,
    async call({ id, timeout = CALL_MS }) {
      const { makeCall } = proxyActivities<{ makeCall(call: CallOfRun): Promise<string> }>({
        // Temporal compares ids in a replay, so a changed pipeline is refused by the names of its calls.
        activityId: id,
        startToCloseTimeout: timeout + lateMs + ANSWER_MS,
      });
      return { id, out: await makeCall({ id, runId, args, told: [...told] }) };
    },
    async sleep(id, ms) {
      await sleep(Math.ceil(ms));
      return { id };
    },
    // An event is taken only when the run is told of it.
    event: (_id, name) => name,
    async next(pending) {
      const racing = [...pending].map(async ([id, out]) => {
        if (typeof out !== "string") return await out;
        await condition(() => dataOf(out).length > 0);
        return { id };
      });
      if (!cancelled.signal.aborted) racing.push(cancelRequested);
      const first = await Promise.race(racing);
      const { id } = first;
      const event = pending.get(id ?? "");
      const next = typeof event === "string" ? { ...first, out: dataOf(event).shift() } : first;
      told.push(next);
      if (id !== undefined) return [[id, next.out]];
      cancelled.abort(new Error("the workflow was cancelled"));
      return [];
    },
  };

  const host = engineHost(engine, codec);
  // It throws if this worker cannot continue the run. That fails the task only: Temporal tries again.
  const result = await CancellationScope.nonCancellable(() => runner.run(args, { runId, host }));
  return codec.encode(endOf(result, codec));
}
