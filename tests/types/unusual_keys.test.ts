// Correct programs with keys that come and go: the compiler must not refuse any, and each must do
// what its types say.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { pipeline, step } from "@runsheet/runsheet";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

describe("the compiler accepts", () => {
  it("an output that is sometimes empty", async () => {
    for (const isFree of [true, false]) {
      const gift = step({
        name: "gift",
        run: (): Record<never, never> | { gift: string } => isFree ? { gift: "tea" } : {},
      });
      const data = dataOf(await pipeline({ name: "p", steps: [gift] }).run());
      assertType<IsExact<typeof data, { gift?: string }>>(true);
      assertEquals(data, isFree ? { gift: "tea" } : {});
    }
  });

  it("an output of which one shape has all the keys of another", async () => {
    const charge = step({
      name: "charge",
      run: (ctx: { amount: number }): { id: string } | { id: string; fee: number } =>
        ctx.amount > 5 ? { id: "c1", fee: 1 } : { id: "c1" },
    });
    const p = pipeline({ name: "p", steps: [charge] });
    const data = dataOf(await p.run({ amount: 9 }));
    assertType<IsExact<typeof data, { amount: number; id: string; fee?: number }>>(true);
    assertEquals(data.fee, 1);
  });

  it("an output that is empty, or has a key that may be missing", async () => {
    const note = step({
      name: "note",
      run: (): Record<never, never> | { note?: string } => ({ note: "n" }),
    });
    const data = dataOf(await pipeline({ name: "p", steps: [note] }).run());
    assertType<IsExact<typeof data, { note?: string }>>(true);
    assertEquals(data.note, "n");
  });

  it("a key that is needed only if it is there, before the step that provides it", async () => {
    const look = step({ name: "look", run: (ctx: { n?: number }) => ({ seen: ctx.n ?? 0 }) });
    const bring = step({ name: "bring", run: () => ({ n: 5 }) });
    const p = pipeline({ name: "p", steps: [look, bring, look] });
    const data = dataOf(await p.run());
    assertType<IsExact<typeof data, { n: number; seen: number }>>(true);
    assertEquals(data, { n: 5, seen: 5 });
  });

  it("a builder whose sixty steps overwrite one key, each with another type", async () => {
    const first = pipeline({ name: "p" }).step(
      step({ name: "s", run: () => ({ k: 0, kept: "" }) }),
    );
    const to = <const V>(k: V) => step({ name: "s", run: () => ({ k }) as { k: V } });
    const ten = first
      .step(to("a")).step(to(1)).step(to("b")).step(to(2)).step(to("c"))
      .step(to(3)).step(to("d")).step(to(4)).step(to("e")).step(to(5));
    const twenty = ten
      .step(to("a")).step(to(1)).step(to("b")).step(to(2)).step(to("c"))
      .step(to(3)).step(to("d")).step(to(4)).step(to("e")).step(to(5));
    const forty = twenty
      .step(to("a")).step(to(1)).step(to("b")).step(to(2)).step(to("c"))
      .step(to(3)).step(to("d")).step(to(4)).step(to("e")).step(to(5))
      .step(to("a")).step(to(1)).step(to("b")).step(to(2)).step(to("c"))
      .step(to(3)).step(to("d")).step(to(4)).step(to("e")).step(to(5));
    const sixty = forty
      .step(to("a")).step(to(1)).step(to("b")).step(to(2)).step(to("c"))
      .step(to(3)).step(to("d")).step(to(4)).step(to("e")).step(to(5))
      .step(to("a")).step(to(1)).step(to("b")).step(to(2)).step(to("c"))
      .step(to(3)).step(to("d")).step(to(4)).step(to("e")).step(to("z"));
    const data = dataOf(await sixty.build().run());
    assertType<IsExact<typeof data, { k: "z"; kept: "" }>>(true);
    assertEquals(data, { k: "z", kept: "" });
  });

  it("sixty steps that overwrite one key, each with another type", async () => {
    const to = <const V>(k: V) => step({ name: "s", run: () => ({ k }) as { k: V } });
    // deno-fmt-ignore
    const steps = [
      step({ name: "s", run: (ctx: { arg: boolean }) => ({ k: 0, kept: ctx.arg }) }),
      to("a"), to(1), to("b"), to(2), to("c"), to(3), to("d"), to(4), to("e"), to(5),
      to("a"), to(1), to("b"), to(2), to("c"), to(3), to("d"), to(4), to("e"), to(5),
      to("a"), to(1), to("b"), to(2), to("c"), to(3), to("d"), to(4), to("e"), to(5),
      to("a"), to(1), to("b"), to(2), to("c"), to(3), to("d"), to(4), to("e"), to(5),
      to("a"), to(1), to("b"), to(2), to("c"), to(3), to("d"), to(4), to("e"), to(5),
      to("a"), to(1), to("b"), to(2), to("c"), to(3), to("d"), to(4), to("e"), to("z"),
    ] as const;
    const data = dataOf(await pipeline({ name: "p", steps }).run({ arg: true }));
    assertType<IsExact<typeof data, { arg: boolean; k: "z"; kept: boolean }>>(true);
    assertEquals(data, { arg: true, k: "z", kept: true });
  });
});
