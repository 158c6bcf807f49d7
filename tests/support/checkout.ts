import { type Middleware, type Pipeline, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";

/** The effects on the world. */
export type Effects = string[];

/**
 * A checkout that uses every feature: a payment in a nested pipeline that fails at first with a
 * partial effect, a step that occurs twice, and a handler that must be retried.
 */
export function checkout(
  effects: Effects,
  { fails = false, refunds = true, middleware = [] }: {
    /** Whether the last step fails. */
    readonly fails?: boolean;
    /** Whether the payment can be undone. */
    readonly refunds?: boolean;
    readonly middleware?: readonly Middleware[];
  },
): Pipeline<"checkout", { sku: string }, { sku: string; reservation: string; charge: string }> {
  const reserve = step({
    name: "reserve",
    requires: type({ sku: "string" }),
    provides: type({ reservation: "string" }),
    run: ({ sku }) => {
      effects.push(`reserve ${sku}`);
      return { reservation: `one ${sku}` };
    },
    rollback: {
      retry: { count: 1, delay: 5 },
      run: (_ctx, { reservation }, { attempt }) => {
        effects.push(`release ${reservation}`);
        if (attempt === 1) throw new Error("busy");
      },
    },
  });
  const charge = step({
    name: "charge",
    provides: type({ charge: "string" }),
    retry: { count: 1, delay: 20 },
    run: async (_ctx, { attempt, defer }) => {
      effects.push(`authorize ${attempt}`);
      defer(() => effects.push(`void ${attempt}`));
      await Promise.resolve();
      if (attempt === 1) throw new Error("gateway");
      effects.push("charge");
      return { charge: "paid" };
    },
    rollback: (_ctx, { charge }) => {
      effects.push(`refund ${charge}`);
      if (!refunds) throw new Error("no refund");
    },
  });
  const log = step({ name: "log", run: () => void effects.push("log") });
  const ship = step({
    name: "ship",
    run: () => {
      effects.push("ship");
      if (fails) throw new Error("out of stock");
    },
  });
  const payment = pipeline({ name: "payment", steps: [charge] });
  return pipeline({ name: "checkout", steps: [reserve, payment, log, log, ship], middleware });
}
