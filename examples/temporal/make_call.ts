import type { RunOptions } from "@runsheet/runsheet";
import { type Engine, engineHost, type Runnable, Runner } from "@runsheet/runsheet/durable";
import type { CallOfRun } from "./call.ts";

/** Ends the run here once the call has been made. */
class Made {
  readonly outcome: string;

  constructor(outcome: string) {
    this.outcome = outcome;
  }
}

/**
 * Makes the activity that makes the calls of a pipeline. It takes the run as far as the call by
 * telling it again what it was told, which calls nothing, and makes that call only.
 *
 * @param pipeline The pipeline.
 * @param deps Its deps, if it has any.
 * @returns The activity, which resolves with the text of the call's outcome.
 */
export function callsOf<Args, Data, Options extends RunOptions>(
  pipeline: Runnable<Args, Data, Options>,
  deps?: unknown,
): (call: CallOfRun) => Promise<string> {
  const runner = new Runner(pipeline, { deps });
  const { name, codec, options: { lateMs } } = runner;

  return async ({ id: wanted, runId, args, told }) => {
    const rest = [...told];
    const cancelled = new AbortController();

    function refuse(id: string): never {
      throw new Error(
        `Cannot make '${wanted}' of run '${runId}' as its pipeline must be the one that began it: '${name}' does not ask for '${id}' here`,
      );
    }

    const engine: Engine<((signal?: AbortSignal) => Promise<string>) | undefined> = {
      name,
      lateMs,
      signal: cancelled.signal,
      call: (_call, make) => make,
      sleep: () => undefined,
      event: () => undefined,
      async next(pending) {
        const next = rest.shift();
        if (!next) throw new Made(await (pending.get(wanted) ?? refuse(wanted))());
        const { id, out } = next;
        if (id === undefined) {
          cancelled.abort(new Error("the workflow was cancelled"));
          return [];
        }
        return pending.has(id) ? [[id, out]] : refuse(id);
      },
    };

    try {
      await runner.run(args as Args, { runId, host: engineHost(engine, codec) });
    } catch (thrown) {
      if (thrown instanceof Made) return thrown.outcome;
      throw thrown;
    }
    return refuse(wanted);
  };
}
