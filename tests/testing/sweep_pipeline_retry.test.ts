import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";

async function swept(undoes: boolean, isInferred = false): Promise<SweepReport> {
  const books = ledger();
  const reserve = step({
    name: "reserve",
    run: async (_ctx, { key }) => {
      await books.add("reservation", key);
      return { reservation: key };
    },
    undoByKey: {
      timeout: 1_000,
      run: async (_ctx, { effectKey }) => {
        if (undoes) await books.forbid("reservation", effectKey);
      },
    },
  });
  const charge = step({
    name: "charge",
    run: async (_ctx, { key, defer }) => {
      defer({ run: () => books.forbid("charge", key), timeout: 1_000 });
      await books.add("charge", key);
    },
  });
  const payment = pipeline({
    name: "payment",
    retry: { count: 2 },
    steps: [reserve, charge],
  });
  const shop = pipeline({ name: "shop", steps: [payment, step({ name: "ship", run: () => {} })] });
  return await sweep(shop, {}, isInferred ? { setup: () => books.clear() } : { ledger: books });
}

describe("a sweep of a pipeline with 'retry'", () => {
  it("finds nothing if each attempt is undone, and tries a fault in each attempt", async () => {
    for (const isInferred of [false, true]) {
      const report = await swept(true, isInferred);
      assertCompensated(report);
      const attempts = report.rows.filter(({ path, fault }) =>
        path === "payment/charge" && fault === "before"
      );
      assertEquals(attempts.map(({ id }) => id).filter((id) => !id.includes("!")).sort(), [
        "payment/charge@1",
        "payment@2/charge@1",
        "payment@3/charge@1",
      ]);
    }
  });

  it("finds an effect that an attempt leaves in a run that succeeds by the next", async () => {
    const { rows } = await swept(false);
    const found = rows.find(({ id, fault }) => id === "payment/charge@1" && fault === "before")!;
    assertEquals(found.outcome, "differs");
    assertEquals(found.left.map(({ effect, amount }) => [effect, amount]), [["reservation", 1]]);
  });
});
