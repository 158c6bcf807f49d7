import type { Result } from "../api/result.ts";
import type { RunOptions } from "../api/run.ts";
import { labelOf } from "../run/paths.ts";
import { type Ending, isSettled, land, promiseOf, type Unsettled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { isPromise } from "../values/maybe_promise.ts";
import { beginRun } from "./begin_run.ts";
import { Execution } from "./execution.ts";
import type { Node } from "./node.ts";
import { insideOf } from "./run_options.ts";

/** Runs a node for the user, inside a span if it is observed. */
export function startRun(
  node: Node,
  input: unknown,
  given?: RunOptions,
): Promise<Result<Context>> {
  const path = node.kind === "pipeline" ? "" : labelOf(node.name);
  const inside = given ? insideOf(given) : undefined;
  const watch = beginRun(node, path, given, inside?.runId);
  const execution = new Execution(node, path, watch);
  const begin = () => carryOut(execution, execution.start(input, given, inside));
  const running = watch ? watch.run(begin) : begin();
  inside?.around?.inside?.add(running, inside.isFollowing === true);
  return running;
}

/**
 * Carries out an execution. A run in flight holds all variables of this function, so it has few,
 * and sets its parameter, which would keep the first call.
 */
async function carryOut(execution: Execution, ending: Ending): Promise<Result<Context>> {
  try {
    while (!isSettled(ending)) {
      const waiting: Unsettled = ending;
      try {
        // Await the user's promise here, so that the stack of its error shows the caller's frames.
        ending = land(waiting, await promiseOf(waiting));
      } catch (thrown) {
        ending = execution.crash(waiting, thrown);
      }
    }
    const settled = execution.conclude(ending);
    const undoing = execution.undo(settled);
    const closing = execution.close(isPromise(undoing) ? await undoing : undoing);
    return execution.resultOf(settled, isPromise(closing) ? await closing : closing);
  } catch (signal) {
    return await execution.interrupt(signal);
  }
}
