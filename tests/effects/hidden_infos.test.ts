import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  fallback,
  filter,
  type ItemInfo,
  map,
  pipeline,
  type RunInfo,
  step,
  unwrap,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { untilRest } from "../support/effects/until_rest.ts";
import { failureOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

type Info = Pick<RunInfo, "defer">;

/** Functions that take a context, and an info that their `length` does not count. */
function hiding(use: (info: Info) => void): Record<string, (ctx: object, info: RunInfo) => void> {
  // deno-lint-ignore no-explicit-any
  const none: any = undefined;
  return {
    "a rest parameter": (_ctx, ...[info]: [RunInfo]) => use(info),
    "a rest parameter of an async function": async (_ctx, ...[info]: [RunInfo]) => {
      await undefined;
      use(info);
    },
    "a default": (_ctx, info = none) => use(info),
    "its arguments": function (_ctx) {
      use(arguments[1]);
    },
    "a function that shows nothing": new Proxy(
      (_ctx: object, ...[info]: [RunInfo]) => use(info),
      {},
    ),
    "a method": {
      run(_ctx: object, ...[info]: [RunInfo]) {
        use(info);
      },
    }.run,
  };
}

// A function that takes its info may defer long after it has returned.
describe("an undo that is deferred late by a function that takes its info by", () => {
  const { fakeTime } = cleanups();
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const failing = step({
    name: "failing",
    run: async () => {
      await wait(5);
      throw boom;
    },
  });
  let undone = 0;
  const late = (info: Info) => void setTimeout(() => info.defer(() => void undone++), 10);

  for (const [how, run] of Object.entries(hiding(late))) {
    it(`${how} runs if a fallback replaced the step`, async () => {
      const time = fakeTime();
      undone = 0;
      const first = pipeline({ name: "first", steps: [step({ name: "take", run }), failing] });
      const p = pipeline({ name: "p", steps: [fallback(first, () => wait(20))] });
      unwrap(await untilRest(time, p.run()));
      assertEquals(undone, 1);
    });

    it(`${how} runs with the undo of the step that ran it`, async () => {
      const time = fakeTime();
      undone = 0;
      const inner = pipeline({ name: "inner", steps: [step({ name: "take", run })] });
      const outer = step({
        name: "outer",
        run: async (_ctx, info) => {
          unwrap(await inner.run({}, info));
          await wait(20);
        },
      });
      failureOf(await untilRest(time, pipeline({ name: "p", steps: [outer, failing] }).run()));
      assertEquals(undone, 1);
    });
  }

  it("a rest parameter runs with the undo of an item that is left out", async () => {
    const time = fakeTime();
    undone = 0;
    const each = (item: number, _ctx: object, ...[info]: [ItemInfo]) => {
      late(info);
      return item > 0;
    };
    const inner = pipeline({
      name: "inner",
      steps: [map("mapped", () => [1], each), filter("filtered", () => [1], each), failing],
    });
    const rows = map("rows", () => [{}], inner, { onFailure: "collect" });
    const last = step({ name: "last", run: () => wait(20) });
    unwrap(await untilRest(time, pipeline({ name: "p", steps: [rows, last] }).run()));
    assertEquals(undone, 2);
  });
});
