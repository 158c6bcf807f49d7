// The inferred types of pipelines with deps, and proof that the values have them.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  deps,
  map,
  parallel,
  pipeline,
  type ProvidesOf,
  type RequiresOf,
  step,
  typed,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

interface Db {
  find(id: string): string;
}
const db: Db = { find: (id) => `row ${id}` };
const find = step({
  name: "find",
  run: ({ db, id }: { db: Db; id: string }) => ({ row: db.find(id) }),
});
const count = step({ name: "count", run: ({ row }: { row: string }) => ({ n: row.length }) });

describe("a pipeline with deps", () => {
  it("infers args and data without them", async () => {
    const p = pipeline({ name: "p", deps: deps<{ db: Db }>(), steps: [find, count] });
    const result = await p.run({ id: "a" }, { deps: { db } });
    assertType<IsExact<Parameters<typeof p.run>[0], { id: string }>>(true);
    assertEquals(dataOf(result), { id: "a", row: "row a", n: 5 });
    if (result.success) {
      assertType<IsExact<typeof result.data, Readonly<{ id: string; row: string; n: number }>>>(
        true,
      );
    }
  });

  it("needs them in an outer pipeline, and adds what its steps add", () => {
    const p = pipeline({ name: "p", deps: deps<{ db: Db }>(), steps: [find, count] });
    assertType<IsExact<RequiresOf<typeof p>, { id: string } & { db: Db }>>(true);
    assertType<IsExact<ProvidesOf<typeof p>, { row: string; n: number }>>(true);
    const built = pipeline({ name: "p", deps: deps<{ db: Db }>() }).step(find).step(count).build();
    assertType<IsExact<ProvidesOf<typeof built>, { row: string; n: number }>>(true);
  });

  it("is the same by the builder, whose callbacks see them", async () => {
    const p = pipeline({
      name: "p",
      argsSchema: typed<{ id: string }>(),
      deps: deps<{ db: Db }>(),
    })
      .when((ctx) => ctx.db.find(ctx.id) !== "", find)
      .map("rows", (ctx) => [ctx.id], (id, { db }) => db.find(id))
      .build();
    const result = await p.run({ id: "a" }, { deps: { db } });
    assertEquals(dataOf(result), { id: "a", row: "row a", rows: ["row a"] });
    if (result.success) {
      assertType<
        IsExact<typeof result.data, Readonly<{ id: string; row?: string; rows: string[] }>>
      >(true);
    }
    const checked = await p.runUnknown({ id: "a" }, { deps: { db } });
    assertEquals(dataOf(checked).rows, ["row a"]);
  });

  it("may be strict, take a schema, and be nested in combinators", async () => {
    const inner = pipeline({ name: "inner", deps: deps<{ db: Db }>(), steps: [find] });
    const outer = pipeline({
      name: "outer",
      strict: true,
      argsSchema: type({ id: "string" }),
      deps: type({ db: "object" }).as<{ db: Db }>(),
      steps: [parallel(inner), map("all", (ctx: { id: string }) => [{ id: ctx.id }], inner)],
    });
    const data = dataOf(await outer.run({ id: "a" }, { deps: { db } }));
    assertType<
      IsExact<typeof data, Readonly<{ id: string; row: string; all: { row: string }[] }>>
    >(true);
    assertEquals(data, { id: "a", row: "row a", all: [{ row: "row a" }] });
  });
});
