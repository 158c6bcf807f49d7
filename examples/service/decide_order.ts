// Decides an order that waits for its approval. Any process may hear the decision, and any may
// continue the order.
import { type CheckedPipeline, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Orders } from "./orders.ts";
import type { Decision } from "./place_order.ts";

interface Args extends Decision {
  orderId: string;
  db: Database;
  orders: Orders;
}

const argsSchema = type({
  orderId: "string.uuid",
  approved: "boolean",
  by: "string > 0",
  db: type("object").as<Database>(),
  orders: type("object").as<Orders>(),
});

const findOrder = step({
  name: "findOrder",
  run: async ({ db, orderId }: Pick<Args, "db" | "orderId">) => {
    const [order] = await db`select status from orders where id = ${orderId}`;
    if (!order) throw new ShopError("NO_SUCH_ORDER");
    if (order.status !== "unapproved") throw new ShopError("NOT_UNAPPROVED");
  },
});

const tellOrder = step({
  name: "tellOrder",
  run: ({ orders, orderId, approved, by }: Omit<Args, "db">) =>
    orders.send(orderId, "decision", { approved, by }),
});

export const decideOrder: CheckedPipeline<"decideOrder", Args, { orderId: string }> = pipeline({
  name: "decideOrder",
  argsSchema,
  steps: [findOrder, tellOrder],
  output: type({ "+": "delete", orderId: "string" }),
  timeout: limits.request,
});
