import type { Middleware } from "@runsheet/runsheet";

/** The number of runs of a step, and their total time. */
export interface Timing {
  runs: number;
  failures: number;
  ms: number;
}

/** Middleware that adds up the times of steps. */
export function timing(timings: Map<string, Timing>): Middleware {
  return ({ name }, next) => async (ctx) => {
    const start = performance.now();
    const result = await next(ctx);
    const { runs, failures, ms } = timings.get(name) ?? { runs: 0, failures: 0, ms: 0 };
    timings.set(name, {
      runs: runs + 1,
      failures: failures + (result.success ? 0 : 1),
      ms: ms + performance.now() - start,
    });
    return result;
  };
}
