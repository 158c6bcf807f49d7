// Other pipelines, run before anything is measured: in an application, many shapes of objects and
// functions pass through the engine, which is slower than the one shape of a benchmark.
import * as installed from "@runsheet/runsheet";
import type { Middleware, Pipeline } from "@runsheet/runsheet";
import type { Library } from "./contenders/cut.ts";

const passing: Middleware = (_step, next) => async (ctx) => await next(ctx);

export async function runOthers(
  times: number,
  { map, parallel, pipeline, step }: Library = installed,
): Promise<void> {
  for (let n = 0; n < 12; n++) {
    const steps = [
      step({ name: `a${n}`, run: () => ({ [`x${n}`]: n }), rollback: () => {} }),
      step({ name: "b", run: () => Promise.resolve({ [`y${n}`]: n, last: n }) }),
      parallel(
        step({ name: "c", run: () => ({ [`z${n}`]: n }) }),
        step({
          name: "d",
          run: async () => {
            await undefined;
            if (n % 3 === 0) throw new Error(`other ${n}`);
            return { w: n };
          },
        }),
      ),
      map("items", () => [1, 2], (item) => Promise.resolve(item)),
    ];
    const made: unknown = pipeline({
      name: `p${n}`,
      steps,
      middleware: n % 4 === 1 ? [passing] : [],
      ...(n % 4 === 2 && { timeout: 1_000 }),
    });
    const { run } = made as Pipeline<string, object, object>;
    for (let time = 0; time < times; time++) await run({ [`key${n}`]: n, other: time });
  }
}
