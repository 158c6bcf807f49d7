// Code inside a span sees the AsyncLocalStorage that an observer has set.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  map,
  type Middleware,
  parallel,
  pipeline,
  type Schema,
  step,
  when,
} from "@runsheet/runsheet";
import { all, observe } from "@runsheet/runsheet/observe";
import { boom, fail } from "../support/steps.ts";

describe("the storage that an observer sets around a span", () => {
  it("is there in the user's code: the span of its own call", async () => {
    const current = new AsyncLocalStorage<string>();
    const observer = observe(({ id }) => ({ within: (call) => current.run(id, call) }));
    const seen: (string | undefined)[] = [];
    const see = () => void seen.push(current.getStore());
    const tried = step({
      name: "tried",
      retry: { count: 1 },
      async run(_ctx, { attempt, defer }) {
        see();
        await Promise.resolve();
        see();
        defer(see);
        if (attempt === 1) throw boom;
      },
      rollback: see,
    });
    const condition = when(async () => {
      await Promise.resolve();
      see();
      return true;
    }, tried);
    await pipeline({ name: "p", steps: [condition, map("out", () => [1], see), fail] })
      .run({}, { observer });
    assertEquals(seen, [
      "when(tried)?",
      "when(tried)/tried@1",
      "when(tried)/tried@1",
      "when(tried)/tried@1!defer1",
      "when(tried)/tried@2",
      "when(tried)/tried@2",
      "map(out)[0]",
      "when(tried)/tried!undo",
      "when(tried)/tried@2!defer1",
    ]);
  });

  it("is there in everything inside it: retries, middleware, branches and validation", async () => {
    const current = new AsyncLocalStorage<string>();
    const observer = observe(({ kind, name }) =>
      kind === "step" ? { within: (call) => current.run(name, call) } : undefined
    );
    const seen: string[] = [];
    const see = (what: string) => void seen.push(`${what} in ${current.getStore()}`);
    const provides: Schema<{ done: boolean }> = {
      "~standard": {
        version: 1,
        vendor: "tests",
        async validate(value) {
          await Promise.resolve();
          see("validation");
          return { value: value as { done: boolean } };
        },
      },
    };
    const tried = step({
      name: "tried",
      retry: { count: 1, delay: 1 },
      provides,
      async run(_ctx, { attempt }) {
        await Promise.resolve();
        see(`attempt ${attempt}`);
        if (attempt === 1) throw boom;
        return { done: true };
      },
    });
    const middleware: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      see("middleware");
      return result;
    };
    const after = step({
      name: "after",
      provides,
      async run() {
        await Promise.resolve();
        see("run");
        return { done: true };
      },
    });
    await pipeline({
      name: "p",
      steps: [parallel(tried), parallel(after)],
      middleware: [middleware],
    })
      .run({}, { observer });
    assertEquals(seen, [
      "attempt 1 in tried",
      "attempt 2 in tried",
      "validation in tried",
      "middleware in parallel(tried)",
      "run in after",
      "validation in after",
      "middleware in parallel(after)",
    ]);
  });

  it("is nested if there are several, the first outermost", async () => {
    const order: string[] = [];
    const one = (name: string) =>
      observe(({ kind }) =>
        kind === "attempt"
          ? {
            within(call) {
              order.push(`${name} begins`);
              call();
              order.push(`${name} ends`);
            },
          }
          : undefined
      );
    await step({ name: "a", run: () => void order.push("run") })
      .run({}, { observer: all(one("outer"), one("inner")) });
    assertEquals(order, ["outer begins", "inner begins", "run", "inner ends", "outer ends"]);
  });
});
