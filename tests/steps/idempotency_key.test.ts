import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { fail } from "../support/steps.ts";

describe("the idempotency key", () => {
  it("is the run's id and the path, without the attempt", async () => {
    const keys: string[] = [];
    const keyed = step({
      name: "keyed",
      retry: { count: 1 },
      run: (_ctx: object, { key, attempt, defer }) => {
        keys.push(key);
        defer((undo) => keys.push(undo.key));
        if (attempt === 1) throw new Error("again");
      },
      rollback: {
        retry: { count: 1 },
        run: (_ctx, _output, { key, attempt }) => {
          keys.push(key);
          if (attempt === 1) throw new Error("again");
        },
      },
    });
    const inner = pipeline({ name: "inner", steps: [keyed] });
    await pipeline({ name: "p", steps: [inner, inner, fail] }).run({}, { runId: "r" });
    const of = (path: string) => [`r/${path}`, `r/${path}@1!defer1`, `r/${path}`];
    const undoing = (path: string) => [
      `r/${path}!undo`,
      `r/${path}!undo`,
      `r/${path}@2!defer1`,
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
