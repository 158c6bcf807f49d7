import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { type Middleware, pipeline, step } from "@runsheet/runsheet";
import { dataOf } from "../support/results.ts";

/** Whether a value is deeply frozen. */
function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep);
}

describe("immutable: deep, with middleware", () => {
  for (const immutable of ["deep", undefined] as const) {
    const is = immutable ? "is frozen all the way down" : "is frozen at the top alone without it";

    it(`a context that a middleware gives ${is}`, async () => {
      const given = { order: { items: [{ id: 1 }] } };
      const adding: Middleware = (_step, next) => (ctx) => next({ ...ctx, ...given });
      let seen: unknown;
      const look = step({ name: "look", run: (ctx) => void (seen = ctx) });
      await pipeline({ name: "p", immutable, steps: [look], middleware: [adding] }).run();
      assertEquals(seen, given);
      assertEquals([Object.isFrozen(seen), isFrozenDeep(seen)], [true, immutable === "deep"]);
      assertFalse(Object.isFrozen(given.order), "the middleware's own object is not touched");
    });

    it(`data that a middleware gives ${is}`, async () => {
      const given = { order: { items: [{ id: 1 }] } };
      const replacing: Middleware = (_step, next) => async (ctx) => {
        await next(ctx);
        return { success: true, data: { ...given } };
      };
      const look = step({ name: "look", run: () => ({ own: { value: 1 } }) });
      const p = pipeline({ name: "p", immutable, steps: [look], middleware: [replacing] });
      const data = dataOf(await p.run());
      assertEquals(data as unknown, given);
      assertEquals([Object.isFrozen(data), isFrozenDeep(data)], [true, immutable === "deep"]);
      assert(!Object.isFrozen(given.order), "the middleware's own object is not touched");
    });
  }
});
