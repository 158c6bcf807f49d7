// Runs a pipeline for a client, and answers with its data or its error's code.
import type { Result, RunOptionsWithDeps } from "@runsheet/runsheet";
import { events, type Watcher } from "@runsheet/runsheet/observe";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { codeOf, statusOf } from "./errors.ts";
import { log, logRun } from "./log.ts";
import type { UnderWay } from "./under_way.ts";

/** A pipeline, and a client's request to it. */
interface Request<Data, Deps> {
  pipeline: { runUnknown(args: unknown, options: RunOptionsWithDeps<Deps>): Promise<Result<Data>> };
  args: unknown; // for the pipeline to check
  deps: Deps;
}

/** Answers when the pipeline has ended; a client that leaves cancels it. */
export function answer<Data extends object, Deps>(
  c: Context,
  underWay: UnderWay,
  { pipeline, args, deps }: Request<Data, Deps>,
  observer?: Watcher,
): Promise<Response> {
  const runId = crypto.randomUUID();
  return underWay.track(answerOf(pipeline.runUnknown(args, {
    deps,
    runId,
    signal: c.req.raw.signal,
    onLate: ({ step, outcome }) => log("late", { runId, step, outcome }),
    waitUntil: (work) => void underWay.track(work),
    ...observer && { observer },
  })));
}

/** Answers with events: the progress of a run, and at the end the answer of `answer`. */
export function follow<Data extends object, Deps>(
  c: Context,
  underWay: UnderWay,
  request: Request<Data, Deps>,
): Response {
  return streamSSE(c, async (stream) => {
    const observer = events((event) => {
      if (event.type !== "progress") return;
      const { done, failed, total = done } = event;
      // A hundred events are enough for any import.
      if (done % Math.ceil(total / 100) > 0 && done < total) return;
      stream.writeSSE({ event: "progress", data: JSON.stringify({ done, failed, total }) });
    });
    const response = await answer(c, underWay, request, observer);
    const event = response.ok ? "done" : "failed";
    await stream.writeSSE({ event, data: await response.text() });
  });
}

/** Answers when a run has ended. */
export async function answerOf<Data extends object>(
  running: Promise<Result<Data>>,
): Promise<Response> {
  const result = await running;
  logRun(result);
  return result.success ? Response.json(result.data) : refusal(result.error);
}

export function refusal(error: Error): Response {
  return Response.json({ error: codeOf(error) }, { status: statusOf(error) });
}
