import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { choice, parallel, pipeline, step, when } from "@runsheet/runsheet";
import { Tracing, withContextManager } from "./support/tracing.ts";

/** An order whose parcel cannot be sent; each of its steps makes a span of its own. */
function failingOrder(tracing: Tracing) {
  const mark = async (name: string) => {
    await Promise.resolve();
    tracing.mark(name);
  };
  const validate = step({ name: "validate", run: () => mark("SELECT customer") });
  const reserve = step({
    name: "reserve",
    run: async () => {
      await mark("INSERT reservation");
      return { reservation: 1 };
    },
    rollback: () => mark("DELETE reservation"),
  });
  const quote = step({
    name: "quote",
    retry: { count: 2, delay: 1 },
    run: async (_ctx, { attempt }) => {
      await mark(`GET quote ${attempt}`);
      if (attempt < 3) throw new TypeError("carrier is busy");
      return { quote: 5 };
    },
  });
  const charge = step({
    name: "charge",
    run: async (_ctx, { defer }) => {
      await mark("POST charge");
      defer(() => mark("DELETE hold"));
      return { charge: 1 };
    },
    rollback: {
      retry: { count: 1, delay: 1 },
      run: async (_ctx, _output, { attempt }) => {
        await mark("POST refund");
        if (attempt === 1) {
          throw Object.assign(new Error("gateway is down"), { code: "ECONNRESET" });
        }
      },
    },
  });
  const gift = step({ name: "gift", run: () => mark("never") });
  const ship = step({ name: "ship", run: () => Promise.reject(new Error("no parcel")) });
  return pipeline({
    name: "checkout",
    steps: [
      validate,
      parallel(reserve, quote),
      choice([() => true, charge]),
      when(() => false, gift),
      pipeline({ name: "dispatch", steps: [ship] }),
    ],
  });
}

describe("the trace of a run", () => {
  withContextManager();

  it("has run > step > attempt > the application's spans, and rollback > undo > the application's spans", async () => {
    const tracing = new Tracing();
    await tracing.inside("POST /orders", async () => {
      await failingOrder(tracing).run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    });
    assertEquals(tracing.tree(), [
      "POST /orders",
      "  run checkout ! Error",
      "    validate",
      "      SELECT customer",
      "    parallel(reserve, quote)",
      "      reserve",
      "        INSERT reservation",
      "      quote",
      "        attempt quote ! TypeError",
      "          GET quote 1",
      "        attempt quote ! TypeError",
      "          GET quote 2",
      "        attempt quote",
      "          GET quote 3",
      "    choice(charge)",
      "      charge",
      "        POST charge",
      "    when(gift) skipped",
      "    dispatch ! Error",
      "      ship ! Error",
      "    rollback checkout",
      "      undo charge ! ECONNRESET -> charge",
      "        POST refund",
      "      undo charge -> charge",
      "        POST refund",
      "      undo charge (deferred) -> charge",
      "        DELETE hold",
      "      undo reserve -> reserve",
      "        DELETE reservation",
    ]);
    assertEquals(tracing.orphans, []);
  });
});
