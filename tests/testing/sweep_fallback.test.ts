import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { fallback, parallel, pipeline, step } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";
import { outcomes } from "../support/sweeps.ts";

/** A payment with a second provider; `without` names one that does not undo what it did. */
async function swept(without = ""): Promise<SweepReport> {
  const books = ledger();
  const pay = (name: string) =>
    step({
      name,
      timeout: 1_000,
      run: async (_ctx, { key }) => {
        await books.add(name, key);
        return { paid: true };
      },
      ...name !== without && {
        undoByKey: {
          timeout: 1_000,
          run: (_ctx: object, { effectKey }: { effectKey: string }) =>
            books.forbid(name, effectKey),
        },
      },
    });
  const payment = pipeline({ name: "payment", steps: [fallback(pay("card"), pay("bank"))] });
  const ship = step({ name: "ship", run: () => {} });
  return await sweep(pipeline({ name: "shop", steps: [parallel(payment), ship] }), {}, {
    ledger: books,
  });
}

describe("a sweep of a pipeline with a fallback", () => {
  it("finds nothing if both undo their effects, and makes the alternative fail as well", async () => {
    const report = await swept();
    assertCompensated(report);
    const cases = outcomes(report).filter((text) => text.includes("/bank"));
    const path = "parallel(payment)/payment/fallback(card, bank)/bank";
    for (const fault of ["before", "after", "late", "invalid", "abort"]) {
      assertEquals(cases.includes(`${path}@1: ${fault} compensated`), true, fault);
    }
    assertEquals(cases.includes(`${path}!key: before reported`), true);
  });

  it("finds an effect that the first one leaves in a run that succeeds by the other", async () => {
    const bugs = outcomes(await swept("card")).filter((text) => / (left|differs)$/.test(text));
    const path = "parallel(payment)/payment/fallback(card, bank)/card";
    assertEquals(bugs.includes(`${path}@1: after differs`), true);
    assertEquals(bugs.includes(`${path}@1!effect1: overtaken differs`), true);
  });

  it("finds an effect that the other one leaves when the run fails later", async () => {
    const bugs = outcomes(await swept("bank")).filter((text) => / (left|differs)$/.test(text));
    const path = "parallel(payment)/payment/fallback(card, bank)";
    assertEquals(bugs.includes(`${path}/bank@1: after left`), true);
    assertEquals(bugs.some((text) => text.includes(`${path}/card@1: before left`)), true);
  });
});
