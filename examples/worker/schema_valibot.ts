// The schema of schema.ts in valibot, whose bundle is smaller.
import type { Schema } from "@runsheet/runsheet";
import * as v from "valibot";
import type { Args } from "./args.ts";

export const argsSchema: Schema<Args> = v.object({
  order: v.object({
    sku: v.pipe(v.string(), v.nonEmpty()),
    quantity: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
    amount: v.pipe(v.number(), v.integer(), v.minValue(1)),
    card: v.pipe(v.string(), v.nonEmpty()),
    email: v.pipe(v.string(), v.email()),
  }),
});
