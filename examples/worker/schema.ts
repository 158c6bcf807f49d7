// The schema of the args in arktype; schema_valibot.ts is the same in valibot.
import type { Schema } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Args } from "./args.ts";

export const argsSchema: Schema<Args> = type({
  order: {
    sku: "string > 0",
    quantity: "1 <= number.integer <= 1000",
    amount: "number.integer > 0",
    card: "string > 0",
    email: "string.email",
  },
});
