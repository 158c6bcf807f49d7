import { describe, it } from "node:test";
import { assert, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError, deps, pipeline, step } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";

describe("a sweep", () => {
  it("gives every run its deps, beside the args", async () => {
    const books = ledger();
    const made: object[] = [];
    const charge = step({
      name: "charge",
      run: ({ bank, amount }: { bank: typeof books; amount: number }, { key }) =>
        bank.add("charge", key, { amount }),
      undoByKey: {
        run: ({ bank }, { effectKey }) => bank.forbid("charge", effectKey),
        timeout: 5_000,
      },
    });
    const order = pipeline({
      name: "order",
      deps: deps<{ bank: typeof books }>(),
      steps: [charge],
    });
    const report = await sweep(order, { amount: 5 }, {
      ledger: books,
      deps: () => {
        made.push(books);
        return { bank: books };
      },
    });
    assertCompensated(report);
    assert(made.length > report.rows.length);
    const error = await assertRejects(() =>
      // @ts-expect-error Property 'deps' is missing
      sweep(order, { amount: 5 }, { ledger: books })
    );
    // @ts-expect-error Expected 3 arguments, but got 2
    await assertRejects(() => sweep(order, { amount: 5 }), ConfigError, "its deps must be");
    assertStringIncludes(String(error), "its deps must be an object of keys");
  });
});
