// The checkout in runsheet-js, which this package follows; with zod, as it has no other schemas.
import type { Contender } from "../harness.ts";
import { orders, undo, type Work, zod } from "../work.ts";
import { dataOf } from "./runsheet.ts";

/** The bundle beside the worker, if a checkout was given. */
export const file = "runsheet_js.js";

/** As much of its API as is used here. */
interface RunsheetJs {
  step(definition: object): unknown;
  pipeline(definition: object): { run(args: unknown): Promise<unknown> };
}

/** The package, if a checkout of it was given. */
export async function loadRunsheetJs(): Promise<RunsheetJs | undefined> {
  try {
    return await import(new URL(file, import.meta.url).href);
  } catch {
    return undefined;
  }
}

export function runsheetJs(
  { step, pipeline }: RunsheetJs,
  { price, charge, confirm }: Work<boolean>,
): Contender {
  const rollback = (_ctx: unknown, output: unknown) => undo(output);
  const { run } = pipeline({
    name: "checkout",
    argsSchema: zod.order,
    steps: [
      step({ name: "price", ...zod.price, run: price, rollback }),
      step({ name: "charge", ...zod.charge, run: charge, rollback }),
      step({ name: "confirm", ...zod.confirm, run: confirm, rollback }),
    ],
  });
  const next = orders();
  return { name: "runsheet-js", run: () => run(next()), outcome: dataOf };
}
