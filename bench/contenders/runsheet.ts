// The checkout as a pipeline.
import * as installed from "@runsheet/runsheet";
import type { Middleware, Pipeline } from "@runsheet/runsheet";
import { floor } from "../floor/floor.ts";
import type { Contender } from "../harness.ts";
import type { Library } from "./cut.ts";
import { ark, type Bought, type Order, orders, type Schemas, undo, type Work } from "../work.ts";

/** The differences between the cases; everything is off by default. */
export interface Variant {
  readonly schemas?: Schemas;
  readonly timeout?: number;
  readonly retries?: number;
  readonly middleware?: readonly Middleware[];
  readonly nested?: boolean;
}

export function checkout(
  { price, charge, confirm }: Work<boolean>,
  { schemas = ark, timeout, retries, middleware = [], nested = false }: Variant = {},
  { pipeline, step }: Library = installed,
): Pipeline<string, Order, Bought> {
  const policies = {
    ...(timeout && { timeout }),
    ...(retries && { retry: { count: retries } }),
  };
  const rollback = (_ctx: unknown, output: unknown) => undo(output);
  const steps = [
    step({ name: "price", ...schemas.price, ...policies, run: price, rollback }),
    step({ name: "charge", ...schemas.charge, ...policies, run: charge, rollback }),
    step({ name: "confirm", ...schemas.confirm, ...policies, run: confirm, rollback }),
  ] as const;
  const argsSchema = schemas.order;
  if (!nested) return pipeline({ name: "checkout", argsSchema, steps, middleware });
  const inner = pipeline({ name: "inner", steps: [steps[2]] });
  const middle = pipeline({ name: "middle", steps: [steps[1], inner] });
  return pipeline({ name: "checkout", argsSchema, steps: [steps[0], middle] });
}

/** A pipeline's run as a contender; `next` returns the args. */
export function running<Args, Data extends object>(
  name: string,
  { run }: Pipeline<string, Args, Data>,
  next: () => Args,
): Contender {
  return { name, run: () => run(next()), outcome: dataOf, detail: summary };
}

/** The content of any contender's result, without stacks. */
export function summary(result: unknown): unknown {
  const { success, data, meta, error, failedStep, rollback } = result as Record<string, unknown>;
  return {
    success,
    data,
    // Copied, because the JSON of a run's own result omits the args.
    meta: { ...meta as object },
    error: (error as Error | undefined)?.message,
    failedStep,
    rollback: rollback && { ...rollback },
  };
}

/** The data or the error's message, to compare with contenders that return nothing else. */
export function dataOf(result: unknown): unknown {
  const { success, data, error } = result as Record<string, unknown>;
  return success ? data : (error as Error).message;
}

export function runsheet(work: Work<boolean>, variant?: Variant, name = "runsheet"): Contender {
  return running(name, checkout(work, variant), orders());
}

/** The same in the least interpreter that keeps the contract. */
export function atTheFloor(work: Work<boolean>, variant?: Variant): Contender {
  return running("floor", checkout(work, variant, floor), orders());
}
