import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type CheckedPipeline,
  isRunsheetError,
  type Pipeline,
  pipeline,
  type Result,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";

const Order = type({ sku: "string", amount: "string.numeric.parse" });
const double = step({
  name: "double",
  run: (ctx: { amount: number }) => ({ twice: ctx.amount * 2 }),
});
const order = pipeline({ name: "order", argsSchema: Order, steps: [double] });
const built = pipeline({ name: "order", argsSchema: Order }).step(double).build();

describe("input of unknown type", () => {
  for (const [form, p] of Object.entries({ order, built })) {
    it(`is run when the argsSchema accepts it (${form})`, async () => {
      const body: unknown = JSON.parse('{ "sku": "tea", "amount": "4" }');
      const result = await p.runUnknown(body);
      assertType<IsExact<typeof result, Result<{ sku: string; amount: number; twice: number }>>>(
        true,
      );
      assertEquals(dataOf(result), { sku: "tea", amount: 4, twice: 8 });
    });
  }

  for (const body of [undefined, null, "tea", 7, [], [{ sku: "tea", amount: "4" }], { sku: 1 }]) {
    it(`is a failed result when it is ${JSON.stringify(body)}`, async () => {
      const failure = failureOf(await order.runUnknown(body));
      assert(isRunsheetError(failure.error, "ARGS_VALIDATION"));
      assertEquals([failure.failedStep, failure.meta.stepsExecuted], ["<args>", []]);
    });
  }

  it("runs with the options of any run", async () => {
    const host = new RecordingHost();
    const { meta } = await built.runUnknown({ sku: "tea", amount: "4" }, { host, runId: "r1" });
    assertEquals([host.ids, meta.runId], [["double@1"], "r1"]);
    const signal = AbortSignal.abort();
    assert(isRunsheetError(failureOf(await built.runUnknown({}, { signal })).error, "ABORTED"));
  });

  it("is for pipelines that check their args, and for no others", () => {
    const unchecked = pipeline({ name: "p", steps: [double] });
    // @ts-expect-error it has no argsSchema
    assertEquals(unchecked.runUnknown, undefined);
    const unfinished = pipeline({ name: "p" }).step(double).build();
    // @ts-expect-error it has no argsSchema
    assertEquals(unfinished.runUnknown, undefined);
    assertFalse("runUnknown" in double);
  });

  it("is accepted by a pipeline that is otherwise a pipeline like any other", async () => {
    assertType<
      IsExact<
        typeof order,
        CheckedPipeline<
          "order",
          { sku: string; amount: string },
          { sku: string; amount: number; twice: number },
          { twice: number }
        >
      >
    >(true);
    const plain: Pipeline<"order", { sku: string; amount: string }, object> = order;
    const argsSchema = type({ sku: "string", amount: "string" });
    const outer = pipeline({ name: "outer", argsSchema, steps: [plain, order] });
    assertEquals(dataOf(await outer.runUnknown({ sku: "tea", amount: "4" })).twice, 8);
  });
});
