import { assertEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { ConfigError, pipeline, step, typed } from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import { dataOf, failureOf } from "../support/results.ts";

interface Order {
  email: string;
  lines: { sku: string; price: number }[];
  coupon?: string;
}
const order: Order = {
  email: "ann@example.com",
  lines: [{ sku: "tea", price: 5 }, { sku: "cup", price: 9 }],
};
const open = pipeline({ name: "checkout", argsSchema: typed<Order>() });
const sum = step({
  name: "sum",
  run: (ctx: Order) => ({ total: ctx.lines.reduce((total, { price }) => total + price, 0) }),
});
const discount = step({
  name: "discount",
  run: (ctx: { total: number }) => ({ total: ctx.total - 1 }),
});
const gift = step({ name: "gift", run: () => ({ gift: "sticker" }) });

describe("the builder's", () => {
  it("when gives its predicate the context so far, and makes the step's keys optional", async () => {
    const p = open.step(sum).when((ctx) => ctx.total > 10 && ctx.lines.length > 1, gift).build();
    const data = dataOf(await p.run(order));
    assertType<IsExact<typeof data.gift, "sticker" | undefined>>(true);
    assertEquals(data.gift, "sticker");
    assertEquals((await p.run({ ...order, lines: [] })).meta.stepsExecuted, ["sum"]);
  });

  it("choice gives every predicate the context so far, and takes a default", async () => {
    const p = open.step(sum)
      .choice([(ctx) => ctx.total > 100, gift], [(ctx) => ctx.email === "", sum], discount)
      .build();
    const data = dataOf(await p.run(order));
    assertType<
      IsExact<
        typeof data,
        Order & { total: number; gift?: "sticker" } extends infer D ? { [K in keyof D]: D[K] }
          : never
      >
    >(true);
    assertEquals(data.total, 13);
  });

  it("parallel runs its steps at once, with options through step", async () => {
    const p = open.step(sum).parallel(discount, gift).build();
    const result = await p.run(order);
    assertEquals([dataOf(result).total, dataOf(result).gift], [13, "sticker"]);
    assertEquals(result.meta.stepsExecuted, ["sum", "parallel(discount, gift)"]);
  });

  it("map gives its callbacks the context so far", async () => {
    const p = open.step(sum).map(
      "shares",
      (ctx) => ctx.lines,
      (line, ctx) => line.price / ctx.total,
    ).build();
    const data = dataOf(await p.run(order));
    assertType<IsExact<typeof data.shares, number[]>>(true);
    assertEquals(data.shares, [5 / 14, 9 / 14]);
  });

  it("map takes a step, whose other needs the context must hold", async () => {
    const label = step({
      name: "label",
      run: (ctx: { sku: string; total: number }) => ({ label: `${ctx.sku} of ${ctx.total}` }),
    });
    const p = open.step(sum).map("labels", (ctx) => ctx.lines, label, { concurrency: 1 }).build();
    assertEquals(dataOf(await p.run(order)).labels, [{ label: "tea of 14" }, {
      label: "cup of 14",
    }]);
    // @ts-expect-error step 'map(labels)' needs { total: number } which nothing before it provides
    open.map("labels", (ctx) => ctx.lines, label);
  });

  it("filter narrows by a type guard", async () => {
    const p = open
      .map("mixed", (ctx) => ctx.lines, (line) => line.price > 5 ? line.sku : line.price)
      .filter("skus", (ctx) => ctx.mixed, (item): item is string => typeof item === "string")
      .build();
    const data = dataOf(await p.run(order));
    assertType<IsExact<typeof data.skus, string[]>>(true);
    assertEquals(data.skus, ["cup"]);
  });

  it("flatMap joins the lists", async () => {
    const p = open.flatMap("twice", (ctx) => ctx.lines, (line) => [line.sku, line.sku]).build();
    assertEquals(dataOf(await p.run(order)).twice, ["tea", "tea", "cup", "cup"]);
  });

  it("distribute runs a step for every combination", async () => {
    const send = step({
      name: "send",
      run: (ctx: { sku: string; city: string; email: string }) => ({
        to: `${ctx.sku} ${ctx.city} ${ctx.email}`,
      }),
    });
    const p = open
      .map("skus", (ctx) => ctx.lines, (line) => line.sku)
      .step(step({ name: "cities", run: () => ({ cities: ["Rome"] }) }))
      .distribute("sent", { skus: "sku", cities: "city" }, send)
      .build();
    assertEquals(dataOf(await p.run(order)).sent[1], { to: "cup Rome ann@example.com" });
    // @ts-expect-error step 'distribute(sent)' needs { skus: readonly string[]; cities: readonly string[] } which nothing before it provides
    open.distribute("sent", { skus: "sku", cities: "city" }, send);
  });

  it("methods undo what they did when a later one fails", async () => {
    const undone: string[] = [];
    const fail = step({ name: "fail", run: () => Promise.reject(new Error("no")) });
    const book = step({
      name: "book",
      run: (ctx: { sku: string }) => ({ booked: ctx.sku }),
      rollback: (_ctx, output) => undone.push(output.booked),
    });
    const p = open.map("bookings", (ctx) => ctx.lines, book).step(fail).build();
    assertEquals(failureOf(await p.run(order)).rollback.completed, [
      "map(bookings)[1]/book",
      "map(bookings)[0]/book",
    ]);
    assertEquals(undone, ["cup", "tea"]);
  });

  it("methods refuse the same arguments as the functions of their names, at once", () => {
    const wrong = open as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const method of ["when", "choice", "parallel", "distribute", "map", "filter", "flatMap"]) {
      assertThrows(() => wrong[method]?.(), ConfigError, `${method}(`);
    }
  });

  it("args are inferred if there is no schema", async () => {
    const p = pipeline({ name: "p" }).step(sum).when((ctx) => ctx.total > 0, gift).build();
    assertType<IsExact<Parameters<typeof p.run>[0], Order>>(true);
    assertEquals(dataOf(await p.run(order)).gift, "sticker");
  });

  it("build checks the output that was given to pipeline", () => {
    const built = pipeline({
      name: "p",
      argsSchema: typed<Order>(),
      output: type({ total: "number" }),
    });
    built.step(sum).build();
    // @ts-expect-error output needs { total: number } which no step provides
    built.build();
  });

  it("build must be called before a run", () => {
    const run = () => (open.step(sum) as unknown as { run(): unknown }).run();
    assertEquals(
      assertThrows(run, ConfigError).message,
      `Cannot run pipeline 'checkout' as 'build' must be called first: current value is "a builder"`,
    );
  });
});
