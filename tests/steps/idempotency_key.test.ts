import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain, never } from "../support/deferred.ts";
import { fail } from "../support/steps.ts";

describe("the idempotency key", () => {
  const { fakeTime } = cleanups();

  it("is the run's id, the pipeline's name and the path, without the attempt", async () => {
    const time = fakeTime();
    const keys: string[] = [];
    const keyed = step({
      name: "keyed",
      timeout: 50,
      retry: { count: 2 },
      run: (_ctx: object, { key, attempt }) => {
        keys.push(key);
        if (attempt === 1) throw new Error("again");
        if (attempt === 2) return never();
      },
    });
    const inner = pipeline({ name: "inner", steps: [keyed] });
    const running = pipeline({ name: "p", steps: [inner] }).run({}, { runId: "r" });
    await drain();
    await time.tickAsync(50);
    assert((await running).success);
    await step({ name: "keyed", run: (_ctx, { key }) => void keys.push(key) })
      .run({}, { runId: "r" });
    assertEquals([...new Set(keys)], ["r/p/inner/keyed", "r/keyed"]);
  });

  it("changes after something in an attempt was undone, and an undo has its own", async () => {
    const keys: string[] = [];
    const keyed = step({
      name: "keyed",
      retry: { count: 1 },
      run: (_ctx: object, { key, attempt, defer }) => {
        keys.push(key);
        defer((undo) => keys.push(`${undo.key} for ${undo.effectKey}`));
        if (attempt === 1) throw new Error("again");
      },
      rollback: {
        retry: { count: 1 },
        run: (_ctx, _output, { key, effectKey, attempt }) => {
          keys.push(`${key} for ${effectKey}`);
          if (attempt === 1) throw new Error("again");
        },
      },
    });
    const inner = pipeline({ name: "inner", steps: [keyed] });
    await pipeline({ name: "p", steps: [inner, inner, fail] }).run({}, { runId: "r" });
    const of = (path: string) => [
      `r/p/${path}`,
      `r/p/${path}@1!defer1 for r/p/${path}`,
      `r/p/${path}~2`,
    ];
    const undoing = (path: string) => [
      `r/p/${path}!undo for r/p/${path}~2`,
      `r/p/${path}!undo for r/p/${path}~2`,
      `r/p/${path}@2!defer1 for r/p/${path}~2`,
    ];
    assertEquals(keys, [
      ...of("inner/keyed"),
      ...of("inner#2/keyed"),
      ...undoing("inner#2/keyed"),
      ...undoing("inner/keyed"),
    ]);
  });

  it("differs between runs unless they are given the same id", async () => {
    const keys: string[] = [];
    const keyed = step({ name: "s", run: (_ctx: object, { key }) => void keys.push(key) });
    await keyed.run({});
    await keyed.run({});
    assertEquals(new Set(keys).size, 2);
    assert(keys.every((key) => key.endsWith("/s")));
  });
});
