import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type Failure, parallel, pipeline, type Result, step, unwrap } from "@runsheet/runsheet";
import { fail } from "../support/steps.ts";

const price = step({ name: "price", run: (ctx: { items: number }) => ({ total: ctx.items * 10 }) });

describe("unwrap", () => {
  it("returns the data of a run that succeeded, with its type", async () => {
    const data = unwrap(await pipeline({ name: "p", steps: [price] }).run({ items: 2 }));
    assertType<IsExact<typeof data, { items: number; total: number }>>(true);
    assertEquals(data, { items: 2, total: 20 });
    const output = unwrap(await price.run({ items: 1 }));
    assertType<IsExact<typeof output, { total: number }>>(true);
    assertEquals(output, { total: 10 });
  });

  it("returns the result's own data", async () => {
    const result = await price.run({ items: 1 });
    assertStrictEquals<unknown>(unwrap(result), result.success && result.data);
  });

  it("throws the error of a run that failed, the same object", async () => {
    for (const error of [new RangeError("odd"), new AggregateError([], "several")]) {
      const failing = step({ name: "failing", run: () => Promise.reject(error) });
      for (
        const runnable of [failing, pipeline({ name: "p", steps: [parallel(failing, price)] })]
      ) {
        const result = await runnable.run({ items: 1 });
        const thrown = await assertRejects(() => Promise.resolve().then(() => unwrap(result)));
        assertStrictEquals(thrown, error);
      }
    }
  });

  it("has the type that is known of the result", () => {
    const unwrapped = (failure: Failure) => unwrap(failure);
    assertType<IsExact<ReturnType<typeof unwrapped>, never>>(true);
    const generic = <Data>(result: Result<Data>): Data => unwrap(result);
    const either = (result: Result<{ a: 1 }> | Result<{ b: 2 }>) => unwrap(result);
    assertType<IsExact<ReturnType<typeof either>, { a: 1 } | { b: 2 }>>(true);
    assertEquals(typeof generic, "function");
  });

  it("lets one pipeline's failure fail the step of another, unchanged", async () => {
    const inner = pipeline({ name: "inner", steps: [fail] });
    const outer = step({ name: "outer", run: async () => unwrap(await inner.run()) });
    const [alone, nested] = [await inner.run(), await outer.run({})];
    assertStrictEquals(nested.success || nested.error, alone.success || alone.error);
  });
});
