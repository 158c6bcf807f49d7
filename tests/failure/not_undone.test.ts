// A failed undo stays known: code that would continue without the step, one level up or several,
// learns that some of its effects are left.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  fallback,
  isRunsheetError,
  map,
  type Middleware,
  parallel,
  pipeline,
  step,
  unwrap,
} from "@runsheet/runsheet";
import { failureOf } from "../support/results.ts";
import { fail } from "../support/steps.ts";

const jam = new Error("jam");
const jammed = () => Promise.reject(jam);

const stuck = step({ name: "stuck", run: () => {}, rollback: jammed });
const other = step({ name: "other", run: () => {} });

const recovers: Middleware = (_step, next) => async (ctx) => {
  const result = await next(ctx);
  return result.success ? result : { success: true, data: {} };
};

/** Steps that fail after some of their effects could not be undone, as they have learned. */
const failing = {
  "a step that cannot be retried": step({
    name: "again",
    retry: { count: 1 },
    run: (_ctx, { defer }) => {
      defer(jammed);
      throw new Error("again");
    },
  }),
  "a fallback": fallback(pipeline({ name: "pair", steps: [stuck, fail] }), other),
  "a middleware that recovers": pipeline({
    name: "outer",
    middleware: [recovers],
    steps: [pipeline({ name: "inner", steps: [stuck, fail] })],
  }),
  "a group that continues without an item, before something else": pipeline({
    name: "rows",
    steps: [
      map("collected", () => [{}], pipeline({ name: "pair", steps: [stuck, fail] }), {
        onFailure: "collect",
      }),
      fail,
    ],
  }),
  "one of two branches": parallel.with({ onFailure: "settle" })(
    fallback(pipeline({ name: "pair", steps: [stuck, fail] }), other),
    fail,
  ),
  "a run inside a step": step({
    name: "outer",
    run: async (_ctx, info) => {
      unwrap(await pipeline({ name: "inner", steps: [stuck, fail] }).run({}, info));
    },
  }),
  "a run inside a step that hides it": pipeline({
    name: "hiding",
    steps: [
      step({
        name: "outer",
        run: async (_ctx, info) => {
          await pipeline({ name: "inner", steps: [stuck, fail] }).run({}, info);
        },
      }),
      fail,
    ],
  }),
};

describe("an effect that could not be undone", () => {
  for (const [what, target] of Object.entries(failing)) {
    it(`keeps a fallback from its alternative, after ${what}`, async () => {
      let isCalled = false;
      const one = fallback(target, () => void (isCalled = true));
      const { error } = failureOf(await pipeline({ name: "p", steps: [one] }).run());
      assert(isRunsheetError(error, "ROLLBACK"), String(error));
      assertEquals([isCalled, left(error)], [false, true]);
    });

    it(`keeps a middleware from recovering, after ${what}`, async () => {
      const p = pipeline({ name: "p", middleware: [recovers], steps: [target] });
      const { error } = failureOf(await p.run());
      assert(isRunsheetError(error, "ROLLBACK") && left(error), String(error));
    });

    it(`is reported for an item that is left out, after ${what}`, async () => {
      const rows = map("rows", () => [{}], target, { onFailure: "collect" });
      const { rows: [row] } = unwrap(await pipeline({ name: "p", steps: [rows] }).run());
      assert(row && "error" in row && isRunsheetError(row.error, "ROLLBACK") && left(row.error));
    });

    it(`is in the report, once, after ${what}`, async () => {
      const { rollback } = failureOf(await pipeline({ name: "p", steps: [target] }).run());
      assertEquals(rollback.failed.map(({ error }) => error === jam || left(error)), [true]);
    });
  }

  it("keeps a step from another attempt, where a run inside it has failed", async () => {
    let attempts = 0;
    const outer = step({
      name: "outer",
      retry: { count: 3 },
      run: async (_ctx, info) => {
        attempts++;
        unwrap(await pipeline({ name: "inner", steps: [stuck, fail] }).run({}, info));
      },
    });
    const { error } = failureOf(await outer.run({}));
    assert(isRunsheetError(error, "ROLLBACK"), String(error));
    assertEquals(attempts, 1);
  });

  for (const [what, target] of Object.entries(failing)) {
    it(`keeps a pipeline from another attempt, after ${what}`, async () => {
      let attempts = 0;
      const count = step({ name: "count", run: () => void attempts++ });
      const p = pipeline({ name: "p", retry: { count: 3 }, steps: [count, target] });
      const { error } = failureOf(await p.run());
      assert(isRunsheetError(error, "ROLLBACK") && left(error), String(error));
      assertEquals(attempts, 1);
    });
  }

  it("does not affect code beside it, or after it", async () => {
    const rows = map("rows", () => [{}], pipeline({ name: "pair", steps: [stuck, fail] }), {
      onFailure: "collect",
    });
    const late = fallback(fail, () => ({ default: 1 }));
    const p = pipeline({ name: "p", middleware: [recovers], steps: [rows, late] });
    assertEquals(unwrap(await p.run()).default, 1);
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [p, fail] }).run());
    assertEquals(rollback.failed.map(({ error }) => error), [jam]);
  });
});

/** Whether an error names the jam as the reason that something is left. */
function left(error: unknown): boolean {
  return error === jam || isRunsheetError(error, "ROLLBACK") && error.causes.some(left);
}
