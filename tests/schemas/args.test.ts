import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type AnyStep, pipeline, type Schema, step, typed } from "@runsheet/runsheet";
import { stub } from "@runsheet/runsheet/testing";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { dataOf } from "../support/results.ts";

const args = { sku: "tea", isAdmin: true };

const stripping: Record<string, Schema<{ sku: string }>> = {
  "z.object": z.object({ sku: z.string() }),
  "z.object with a transform": z.object({ sku: z.string().transform((sku) => sku) }),
  "v.object": v.object({ sku: v.string() }),
  "arktype with '+': 'delete'": type({ "+": "delete", sku: "string" }),
  "arktype with '+': 'delete' and a morph": type({ "+": "delete", sku: "string.trim" }),
  "a schema by hand": handmade((sku) => ({ sku })),
  "an asynchronous schema": z.object({ sku: z.string().refine(() => Promise.resolve(true)) }),
};

const keeping: Record<string, Schema<{ sku: string }>> = {
  "z.looseObject": z.looseObject({ sku: z.string() }),
  "v.looseObject": v.looseObject({ sku: v.string() }),
  "arktype": type({ sku: "string" }),
  "arktype with a morph": type({ sku: "string.trim" }),
  "a schema by hand": handmade((sku, all) => ({ ...all, sku })),
  "typed": typed<{ sku: string }>(),
};

function handmade(
  parse: (sku: string, all: object) => { sku: string },
): Schema<{ sku: string }> {
  const validate = (value: unknown) => {
    const all = value as { sku: string };
    return { value: parse(all.sku, all) };
  };
  return { "~standard": { version: 1, vendor: "mine", validate } };
}

/** The ways to define a pipeline with an argsSchema. */
const ways: Record<string, (argsSchema: Schema<{ sku: string }>, look: AnyStep) => AnyStep> = {
  "as a list": (argsSchema, look) => pipeline({ name: "p", argsSchema, steps: [look] }),
  "by a builder": (argsSchema, look) =>
    pipeline({ name: "p", argsSchema }).step(look as never).build() as AnyStep,
  "deeply immutable": (argsSchema, look) =>
    pipeline({ name: "p", argsSchema, steps: [look], immutable: "deep" }),
  "with a timeout": (argsSchema, look) =>
    pipeline({ name: "p", argsSchema, steps: [look], timeout: 60_000 }),
  "with a fake in it": (argsSchema, look) =>
    stub(pipeline({ name: "p", argsSchema, steps: [step({ name: "look", run: () => {} })] }), {
      look,
    }) as AnyStep,
};

/** The context that a step sees, and the result of the run. */
async function seenBy(make: (look: AnyStep) => AnyStep): Promise<readonly object[]> {
  const seen: object[] = [];
  const result = await make(step({ name: "look", run: (ctx) => void seen.push(ctx) }))
    .run(args as never);
  assertEquals(result.meta.args, args);
  return [...seen, dataOf(result)];
}

for (const [how, way] of Object.entries(ways)) {
  describe(`a pipeline ${how}`, () => {
    for (const [what, schema] of Object.entries(stripping)) {
      it(`removes from the args what its argsSchema, ${what}, removes`, async () => {
        assertEquals(await seenBy((look) => way(schema, look)), [{ sku: "tea" }, { sku: "tea" }]);
      });
    }
    for (const [what, schema] of Object.entries(keeping)) {
      it(`keeps of the args what its argsSchema, ${what}, keeps`, async () => {
        assertEquals(await seenBy((look) => way(schema, look)), [args, args]);
      });
    }
  });
}

describe("a pipeline in another", () => {
  for (const [what, argsSchema] of Object.entries({ ...stripping, ...keeping })) {
    it(`lets the rest of the context through its argsSchema, ${what}`, async () => {
      const nested = (look: AnyStep) =>
        pipeline({ name: "outer", steps: [pipeline({ name: "p", argsSchema, steps: [look] })] });
      assertEquals(await seenBy(nested as (look: AnyStep) => AnyStep), [args, args]);
    });
  }

  it("sees only the keys that the outermost argsSchema leaves", async () => {
    const argsSchema = z.object({ sku: z.string() });
    const nested = (look: AnyStep) =>
      pipeline({ name: "outer", argsSchema, steps: [pipeline({ name: "p", steps: [look] })] });
    assertEquals(await seenBy(nested as (look: AnyStep) => AnyStep), [
      { sku: "tea" },
      { sku: "tea" },
    ]);
  });
});

describe("requires", () => {
  it("lets the rest of the context through, whatever it strips", async () => {
    for (const requires of Object.values(stripping)) {
      const seen: object[] = [];
      const look = step({ name: "look", requires, run: (ctx) => void seen.push(ctx) });
      dataOf(await pipeline({ name: "p", steps: [look] }).run(args));
      assertEquals(seen, [args]);
    }
  });
});

describe("the value that an argsSchema returns", () => {
  it("is the context, whatever the args were, with each value unchanged", async () => {
    class Client {}
    const client = new Client();
    const parse = handmade((sku) => ({ sku: sku.toUpperCase(), client }) as { sku: string });
    const [ctx] = await seenBy((look) => pipeline({ name: "p", argsSchema: parse, steps: [look] }));
    assert(ctx && "client" in ctx);
    assertEquals(Object.keys(ctx), ["sku", "client"]);
    assertStrictEquals(ctx.client, client);
    assert(Object.isFrozen(ctx));
  });
});
