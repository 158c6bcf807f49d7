import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type Context,
  isRunsheetError,
  pipeline,
  type Schema,
  type SchemaResult,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { dataOf, failureOf } from "../support/results.ts";

/** A hand-written schema. */
function handmade<In, Out>(
  validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>,
): Schema<In, Out> {
  return { "~standard": { version: 1, vendor: "handmade", validate } };
}

function parse(value: unknown): SchemaResult<{ n: number }> {
  const { n } = value as { n: unknown };
  return typeof n === "string" && /^\d+$/.test(n)
    ? { value: { n: Number(n) } }
    : { issues: [{ message: "must be a numeral", path: ["n"] }] };
}

/** The same schema in every dialect: the numeral `n` becomes a number. */
const numerals: Record<string, Schema<{ n: string }, { n: number }>> = {
  arktype: type({ n: "string.numeric.parse" }),
  zod: z.object({ n: z.string().regex(/^\d+$/).transform(Number) }),
  "strict zod": z.strictObject({ n: z.string().regex(/^\d+$/).transform(Number) }),
  "async zod": z.object({
    n: z.string().refine((n) => Promise.resolve(/^\d+$/.test(n))).transform(Number),
  }),
  valibot: v.object({ n: v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number)) }),
  "async valibot": v.objectAsync({
    n: v.pipeAsync(
      v.string(),
      v.checkAsync((n) => Promise.resolve(/^\d+$/.test(n))),
      v.transform(Number),
    ),
  }),
  "a schema by hand": handmade(parse),
  "an async schema by hand": handmade((value) => Promise.resolve(parse(value))),
};

for (const [dialect, numeral] of Object.entries(numerals)) {
  describe(`${dialect} as a schema`, () => {
    it("gives run the value that it returns for the context, and leaves the context unchanged", async () => {
      const seen: unknown[] = [];
      const reading = step({
        name: "reading",
        requires: numeral,
        run: (ctx) => {
          assertType<IsExact<typeof ctx.n, number>>(true);
          seen.push(ctx.n);
        },
      });
      const p = pipeline({ name: "p", steps: [reading] });
      assertEquals<unknown>(dataOf(await p.run({ n: "5" })), { n: "5" });
      assertEquals(seen, [5]);
    });

    it("adds the value that it returns for the output to the context", async () => {
      const writing = step({ name: "writing", provides: numeral, run: () => ({ n: "5" }) });
      const result = await pipeline({ name: "p", steps: [writing] }).run();
      assertEquals(dataOf(result), { n: 5 });
    });

    it("lets keys that it does not declare through to run", async () => {
      const other = { deep: true };
      const seen: unknown[] = [];
      const s = step({ name: "s", requires: numeral, run: (ctx) => void seen.push(ctx) });
      const args = { n: "5", other };
      dataOf(await pipeline({ name: "p", steps: [s] }).run(args));
      assertEquals(seen, [{ n: 5, other }]);
      assertStrictEquals((seen[0] as typeof args).other, other);
    });

    it("fails the run when the context does not satisfy it, and run is not called", async () => {
      let ran = false;
      const s = step({ name: "s", requires: numeral, run: () => void (ran = true) });
      const failure = failureOf(await pipeline({ name: "p", steps: [s] }).run({ n: "five" }));
      assert(isRunsheetError(failure.error, "REQUIRES_VALIDATION"));
      assertEquals(pathsOf(failure.error.issues), ["n"]);
      assert(failure.error.message.startsWith("Cannot run 's' as the context must be what it"));
      assertEquals([failure.failedStep, ran], ["s", false]);
    });

    it("fails the run when the output does not satisfy it", async () => {
      const s = step({ name: "s", provides: numeral, run: () => ({ n: "five" }) });
      const failure = failureOf(await pipeline({ name: "p", steps: [s] }).run());
      assert(isRunsheetError(failure.error, "PROVIDES_VALIDATION"));
      assertEquals(pathsOf(failure.error.issues), ["n"]);
      assert(
        failure.error.message.startsWith("Cannot use the output of 's' as it must be what it"),
      );
      assertEquals(failure.failedStep, "s");
    });
  });
}

function pathsOf(issues: readonly { readonly path?: readonly unknown[] | undefined }[]): string[] {
  return issues.map(({ path = [] }) =>
    path.map((part) => typeof part === "object" && part && "key" in part ? part.key : part)
      .join(".")
  );
}

describe("defaults and coercions", () => {
  const schemas: Record<string, Schema<{ n?: unknown }, { n: number; unit: string }>> = {
    arktype: type({ n: ["unknown", "=>", Number], unit: "string = 'kg'" }),
    zod: z.object({ n: z.coerce.number(), unit: z.string().default("kg") }),
    valibot: v.object({
      n: v.pipe(v.unknown(), v.transform(Number)),
      unit: v.optional(v.string(), "kg"),
    }),
  };
  for (const [dialect, schema] of Object.entries(schemas)) {
    it(`of ${dialect} are what run sees`, async () => {
      const seen: unknown[] = [];
      const s = step({ name: "s", requires: schema, run: (ctx) => void seen.push(ctx) });
      dataOf(await s.run({ n: "5" }));
      assertEquals(seen, [{ n: 5, unit: "kg" }]);
    });

    it(`of ${dialect} are what the output adds`, async () => {
      const s = step({ name: "s", provides: schema, run: () => ({ n: "5" }) });
      assertEquals(dataOf(await s.run({})), { n: 5, unit: "kg" });
    });

    it(`of ${dialect} are in the args and in the output`, async () => {
      const look = step({ name: "look", run: (ctx) => void seen.push(ctx) });
      const seen: unknown[] = [];
      const p = pipeline({ name: "p", argsSchema: schema, steps: [look], output: schema });
      assertEquals(dataOf(await p.run({ n: "5" })), { n: 5, unit: "kg" });
      assertEquals(seen, [{ n: 5, unit: "kg" }]);
    });
  }
});

class Client {
  readonly #secret = "s3cret";
  read(): string {
    return this.#secret;
  }
}

/**
 * Makes a pipeline with the schema at one boundary; its last step returns the client it receives.
 */
const boundaries = {
  requires: (schema: Schema<object>, look: (ctx: object) => void) =>
    pipeline({ name: "p", steps: [step({ name: "s", requires: schema, run: look })] }),
  argsSchema: (schema: Schema<object>, look: (ctx: object) => void) =>
    pipeline({ name: "p", argsSchema: schema, steps: [step({ name: "s", run: look })] }),
  provides: (schema: Schema<object>, look: (ctx: object) => void) => {
    const same = step({ name: "same", provides: schema, run: (ctx) => ({ ...ctx }) });
    return pipeline({ name: "p", steps: [same, step({ name: "s", run: look })] });
  },
  output: (schema: Schema<object>, look: (ctx: object) => void) => {
    const inner = pipeline({ name: "inner", steps: [], output: schema });
    return pipeline({ name: "p", steps: [inner, step({ name: "s", run: look })] });
  },
};

describe("class instances with private fields", () => {
  const flat: Record<string, Schema<object>> = {
    arktype: type({ client: type.instanceOf(Client), n: "string.numeric.parse", m: "number = 1" }),
    "undeclaring arktype": type({ n: "string.numeric.parse" }),
    "a union of arktype": type({ client: "object", n: "string.numeric.parse" })
      .or({ client: "string" }),
    zod: z.object({ client: z.instanceof(Client), n: z.coerce.number() }),
    valibot: v.object({
      client: v.instance(Client),
      n: v.pipe(v.string(), v.transform(Number)),
    }),
  };
  for (const [dialect, schema] of Object.entries(flat)) {
    for (const [boundary, make] of Object.entries(boundaries)) {
      it(`pass unchanged through ${boundary} of ${dialect} with a morph beside them`, async () => {
        const client = new Client();
        const seen: Partial<Record<string, unknown>>[] = [];
        const p = make(schema, (ctx) => void seen.push(ctx as Record<string, unknown>));
        dataOf(await p.run({ client, n: "5" }));
        assertStrictEquals(seen[0]?.client, client);
        assertEquals(client.read(), "s3cret");
        assertEquals(seen[0]?.n, 5);
        assertFalse(Object.isFrozen(client));
      });
    }
  }

  const nested: Record<string, Schema<object>> = {
    arktype: type({ deps: { client: type.instanceOf(Client), n: "string.numeric.parse" } }),
    zod: z.object({ deps: z.object({ client: z.instanceof(Client), n: z.coerce.number() }) }),
    valibot: v.object({
      deps: v.object({
        client: v.instance(Client),
        n: v.pipe(v.string(), v.transform(Number)),
      }),
    }),
  };
  for (const [dialect, schema] of Object.entries(nested)) {
    it(`pass unchanged when they are beside a morph inside an object of ${dialect}`, async () => {
      const client = new Client();
      const seen: unknown[] = [];
      const p = boundaries.requires(schema, (ctx) => void seen.push(ctx));
      dataOf(await p.run({ deps: { client, n: "5" } }));
      const { deps } = seen[0] as { deps: { client: Client; n: number } };
      assertEquals(deps.n, 5);
      assertStrictEquals(deps.client, client);
      assertEquals(deps.client.read(), "s3cret");
    });
  }

  it("pass unchanged through an array of arktype beside a morph", async () => {
    const clients = [new Client(), new Client()];
    const seen: unknown[] = [];
    const schema: Schema<object> = type({ clients: "object[]", n: "string.numeric.parse" });
    dataOf(
      await boundaries.requires(schema, (ctx) => void seen.push(ctx)).run({ clients, n: "5" }),
    );
    assertStrictEquals((seen[0] as { clients: Client[] }).clients[0], clients[0]);
  });

  for (const [dialect, numeral] of Object.entries(numerals)) {
    it(`and objects that ${dialect} does not declare are not cloned`, async () => {
      const args = { n: "5", client: new Client(), data: { list: [1] }, date: new Date() };
      const seen: unknown[] = [];
      dataOf(await boundaries.requires(numeral, (ctx) => void seen.push(ctx)).run(args));
      const { client, data, date } = seen[0] as typeof args;
      assertStrictEquals(client, args.client);
      assertStrictEquals(data, args.data);
      assertStrictEquals(date, args.date);
    });
  }
});

describe("a schema that", () => {
  const oops = new Error("oops");
  const throwing = {
    throws: () => {
      throw oops;
    },
    rejects: () => Promise.reject(oops),
  };
  const codes = {
    requires: ["REQUIRES_VALIDATION", "s"],
    provides: ["PROVIDES_VALIDATION", "same"],
    argsSchema: ["ARGS_VALIDATION", "<args>"],
    output: ["PROVIDES_VALIDATION", "inner/<output>"],
  } as const;
  type Boundary = keyof typeof codes;

  for (const [boundary, [code, failedStep]] of Object.entries(codes)) {
    const make = boundaries[boundary as Boundary];
    for (const [how, validate] of Object.entries(throwing)) {
      it(`${how} in ${boundary} fails the run with ${code} and the thrown error as cause`, async () => {
        const schema = handmade<object, object>(validate);
        const failure = failureOf(await make(schema, () => {}).run({ a: 1 }));
        assert(isRunsheetError(failure.error, code));
        assertStrictEquals(failure.error.cause, oops);
        assertEquals(failure.failedStep, failedStep);
      });
    }

    const garbage = {
      undefined: undefined,
      null: null,
      "a string": "x",
      "no value": {},
      "a number as the value": { value: 5 },
      "an array as the value": { value: [1] },
      "null as the value": { value: null },
      "no issue": { issues: [] },
      "a string as the issues": { issues: "bad" },
      "null as an issue": { issues: [null] },
      "an issue without a message": { issues: [{}] },
      "an issue with a bad path": { issues: [{ message: "bad", path: [null] }] },
      "an issue with a symbol in its path": { issues: [{ message: "bad", path: [Symbol("s")] }] },
    };
    for (const [what, given] of Object.entries(garbage)) {
      it(`returns ${what} in ${boundary} fails the run with ${code}`, async () => {
        const schema = handmade<object, object>(() => given as SchemaResult<object>);
        const failure = failureOf(await make(schema, () => {}).run({ a: 1 }));
        assert(isRunsheetError(failure.error, code), failure.error.stack);
        assertEquals(failure.failedStep, failedStep);
      });
    }
  }

  it("writes to its input changes neither the args nor the context", async () => {
    const meddling = handmade<object, object>((value) => {
      const { n } = value as { n: unknown };
      Object.assign(value as object, { n: "changed" });
      return { value: { n } };
    });
    const args = { n: "5" };
    const seen: unknown[] = [];
    const s = step({ name: "s", requires: meddling, run: () => {} });
    const look = step({ name: "look", run: (ctx: Context) => void seen.push(ctx.n) });
    const p = pipeline({ name: "p", argsSchema: meddling, steps: [s, look] });
    dataOf(await p.run(args));
    assertEquals(args, { n: "5" });
    assertEquals(seen, ["5"]);
  });

  it("turns the context into a class instance gives its keys to run", async () => {
    class Point {
      x = 1;
    }
    const s = step({
      name: "s",
      provides: handmade(() => ({ value: new Point() })),
      run: () => ({}),
    });
    assertEquals<unknown>(dataOf(await s.run({})), { x: 1 });
  });
});
