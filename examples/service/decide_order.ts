// Decides an order that waits for its approval. Any process may receive the decision, and any may
// continue the order.
import { type CheckedDepsPipeline, deps, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Orders } from "./orders.ts";
import type { Decision } from "./place_order.ts";

interface Args extends Decision {
  orderId: string;
}

interface Deps {
  db: Database;
  orders: Orders;
}

const argsSchema = type({
  orderId: "string.uuid",
  approved: "boolean",
  by: "string > 0",
});

const findOrder = step({
  name: "findOrder",
  run: async ({ db, orderId }: Pick<Deps, "db"> & Pick<Args, "orderId">) => {
    const [order] = await db`select status from orders where id = ${orderId}`;
    if (!order) throw new ShopError("NO_SUCH_ORDER");
    if (order.status !== "unapproved") throw new ShopError("NOT_UNAPPROVED");
  },
});

const tellOrder = step({
  name: "tellOrder",
  run: ({ orders, orderId, approved, by }: Pick<Deps, "orders"> & Args) =>
    orders.send(orderId, "decision", { approved, by }),
});

interface Decided {
  orderId: string;
}

export const decideOrder: CheckedDepsPipeline<"decideOrder", Args, Decided, Decided, Deps> =
  pipeline({
    name: "decideOrder",
    argsSchema,
    deps: deps<Deps>(),
    steps: [findOrder, tellOrder],
    output: type({ "+": "delete", orderId: "string" }),
    timeout: limits.request,
  });
