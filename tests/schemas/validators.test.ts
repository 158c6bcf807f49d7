// The same pipeline in three dialects of Standard Schema, written as users write it: types are
// inferred, not annotated.
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { isRunsheetError, pipeline, step, StrictOverlapError, unwrap } from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";

interface Data {
  chargeId: string;
  total: number;
}

function withZod() {
  const price = step({
    name: "price",
    requires: z.object({
      amount: z.string().transform(Number),
      currency: z.string().default("EUR"),
    }),
    provides: z.object({ total: z.number(), label: z.string() }),
    run: ({ amount, currency }) => {
      assertType<IsExact<[typeof amount, typeof currency], [number, string]>>(true);
      return { total: amount * 2, label: `${amount * 2} ${currency}` };
    },
  });
  const charge = step({
    name: "charge",
    requires: z.object({ total: z.number().positive() }),
    run: ({ total }) => ({ chargeId: `charge of ${total}` }),
  });
  return pipeline({
    name: "checkout",
    argsSchema: z.object({ amount: z.string(), currency: z.string().optional() }),
    strict: true,
    steps: [price, charge],
    output: z.object({ chargeId: z.string(), total: z.number() }),
  });
}

function withValibot() {
  const price = step({
    name: "price",
    requires: v.object({
      amount: v.pipe(v.string(), v.transform(Number)),
      currency: v.optional(v.string(), "EUR"),
    }),
    provides: v.object({ total: v.number(), label: v.string() }),
    run: ({ amount, currency }) => {
      assertType<IsExact<[typeof amount, typeof currency], [number, string]>>(true);
      return { total: amount * 2, label: `${amount * 2} ${currency}` };
    },
  });
  const charge = step({
    name: "charge",
    requires: v.object({ total: v.pipe(v.number(), v.minValue(1)) }),
    run: ({ total }) => ({ chargeId: `charge of ${total}` }),
  });
  return pipeline({
    name: "checkout",
    argsSchema: v.object({ amount: v.string(), currency: v.optional(v.string()) }),
    strict: true,
    steps: [price, charge],
    output: v.object({ chargeId: v.string(), total: v.number() }),
  });
}

function withArktype() {
  const price = step({
    name: "price",
    requires: type({ amount: "string.numeric.parse", currency: "string = 'EUR'" }),
    provides: type({ total: "number", label: "string" }),
    run: ({ amount, currency }) => {
      assertType<IsExact<[typeof amount, typeof currency], [number, string]>>(true);
      return { total: amount * 2, label: `${amount * 2} ${currency}` };
    },
  });
  const charge = step({
    name: "charge",
    requires: type({ total: "number > 0" }),
    run: ({ total }) => ({ chargeId: `charge of ${total}` }),
  });
  return pipeline({
    name: "checkout",
    argsSchema: type({ amount: "string", "currency?": "string" }),
    strict: true,
    steps: [price, charge],
    output: type({ chargeId: "string", total: "number" }),
  });
}

for (
  const [dialect, make] of Object.entries({
    zod: withZod,
    valibot: withValibot,
    arktype: withArktype,
  })
) {
  describe(`a pipeline with schemas of ${dialect}`, () => {
    it("runs, with inferred data", async () => {
      const data = unwrap(await make().run({ amount: "21" }));
      assertType<IsExact<typeof data, Data>>(true);
      assertEquals(data, { chargeId: "charge of 42", total: 42 });
    });

    it("says where the args are wrong", async () => {
      // @ts-expect-error the amount is text
      const result = await make().run({ amount: 21 });
      assert(!result.success && isRunsheetError(result.error, "ARGS_VALIDATION"));
      assertEquals(result.error.toJSON().issues?.map(({ path }) => path), [["amount"]]);
    });

    it("says where the context is wrong, and in which step", async () => {
      const result = await make().run({ amount: "0" });
      assert(!result.success && isRunsheetError(result.error, "REQUIRES_VALIDATION"));
      assertEquals(result.failedStep, "charge");
      assertEquals(result.error.toJSON().issues?.map(({ path }) => path), [["total"]]);
    });
  });
}

describe("one pipeline", () => {
  it("may mix them, and is still checked by the compiler", async () => {
    const a = step({ name: "a", provides: z.object({ id: z.number() }), run: () => ({ id: 1 }) });
    const b = step({
      name: "b",
      requires: v.object({ id: v.number() }),
      provides: v.object({ tag: v.string() }),
      run: ({ id }) => ({ tag: `#${id}` }),
    });
    const c = step({
      name: "c",
      requires: type({ tag: "string" }),
      run: ({ tag }) => ({ text: `tag ${tag}` }),
    });
    const data = unwrap(await pipeline({ name: "p", steps: [a, b, c] }).run());
    assertEquals(data, { id: 1, tag: "#1", text: "tag #1" });
    // @ts-expect-error step 'c' needs { tag: string } which nothing before it provides ('b' comes later)
    pipeline({ name: "p", argsSchema: z.object({}), steps: [a, c, b] });
    const twice = step({
      name: "twice",
      provides: v.object({ id: v.number() }),
      run: () => ({ id: 2 }),
    });
    assertThrows(
      // @ts-expect-error step 'twice' provides 'id', which a step before it provides, too
      () => pipeline({ name: "p", strict: true, steps: [a, twice] }),
      StrictOverlapError,
    );
  });
});
