// A checkout whose services run in the page: they take some time, and have the faults that are set.
import { parallel, pipeline, type Step, step } from "@runsheet/runsheet";

/** The possible behaviours of a service at a request. */
export const faults = ["works", "fails once", "fails", "loses its answer", "is too slow"] as const;
export type Fault = typeof faults[number];

/** The time that a service takes for a request, in milliseconds. */
const pace = 250;

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The services and their state. */
export interface World {
  /** The effects that have happened and are not undone, by their keys. */
  readonly left: Map<string, string>;
  /** The faults, by the names of the steps. */
  readonly faults: Map<string, Fault>;
}

export function makeWorld(): World {
  return { left: new Map(), faults: new Map() };
}

/** Makes the checkout over a world; every undo voids the key of its effect. */
export function makeCheckout(
  { left, faults }: World,
  changed: () => void,
): Step<"checkout", { order: string }, object> {
  const voided = new Set<string>();

  function stepWith(name: string, effect: string) {
    return step({
      name,
      timeout: 3 * pace,
      retry: { count: 1, delay: pace },
      run: async (_ctx: { order: string }, { key, attempt }) => {
        const fault = faults.get(name);
        await after(fault === "is too slow" ? 5 * pace : pace);
        if (fault === "fails" || fault === "fails once" && attempt === 1) {
          throw new Error(`${name} is down`);
        }
        if (voided.has(key)) throw new Error(`${name} was voided`);
        left.set(key, effect);
        changed();
        if (fault === "loses its answer") throw new Error("connection reset");
      },
      undoByKey: async (_ctx, { effectKey }) => {
        await after(pace);
        voided.add(effectKey);
        left.delete(effectKey);
        changed();
      },
    });
  }

  return pipeline({
    name: "checkout",
    steps: [
      stepWith("reserveStock", "1 tea is reserved"),
      parallel(
        stepWith("chargeCard", "€5 are charged"),
        stepWith("addPoints", "5 points are added"),
      ),
      stepWith("bookCourier", "a courier is booked"),
      stepWith("sendReceipt", "a receipt is sent"),
    ],
  });
}
