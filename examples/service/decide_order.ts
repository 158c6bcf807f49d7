// Decides an order that waits for its approval. Whatever the process that hears the decision, the
// order goes on, or is undone, in any.
import { type CheckedPipeline, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Orders } from "./orders.ts";

/** The decision of the manager. */
export interface Decision {
  approved: boolean;
  by: string;
}

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
  run: async ({ orders, orderId, approved, by }: Omit<Args, "db">) => {
    if (approved) await orders.send(orderId, "approval", { approvedBy: by });
    else await orders.cancel(orderId, `rejected by ${by}`);
  },
});

export const decideOrder: CheckedPipeline<"decideOrder", Args, { orderId: string }> = pipeline({
  name: "decideOrder",
  argsSchema,
  steps: [findOrder, tellOrder],
  output: type({ "+": "delete", orderId: "string" }),
  timeout: limits.request,
});
