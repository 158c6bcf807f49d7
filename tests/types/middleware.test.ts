// Middleware that adds keys to the context: the types promise them only to the steps.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AddingMiddleware,
  type Middleware,
  pipeline,
  step,
  typed,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

interface User {
  readonly id: string;
}

const withUser: AddingMiddleware<{ user: User }> = (_step, next) => (ctx) =>
  next({ ...ctx, user: { id: "u1" } });
const withLog: AddingMiddleware<{ log: (line: string) => string }> = ({ name }, next) => (ctx) =>
  next({ ...ctx, log: (line) => `${name}: ${line}` });
const plain: Middleware = (_step, next) => next;

const own = step({ name: "own", run: (ctx: { user: User; n: number }) => ({ by: ctx.user.id }) });
const tell = step({
  name: "tell",
  run: (ctx: { by: string; log: (line: string) => string }) => ({ line: ctx.log(ctx.by) }),
});

describe("middleware that adds keys", () => {
  it("gives them to the steps, and neither requires them of the caller nor adds them to the data", async () => {
    const p = pipeline({ name: "p", middleware: [plain, withUser, withLog], steps: [own, tell] });
    assertType<IsExact<Parameters<typeof p.run>[0], { n: number }>>(true);
    const data = dataOf(await p.run({ n: 1 }));
    assertType<IsExact<typeof data, { n: number; by: string; line: string }>>(true);
    assertEquals(data, { n: 1, by: "u1", line: "tell: u1" });
  });

  it("does so beside an argsSchema and an output", async () => {
    const p = pipeline({
      name: "p",
      argsSchema: typed<{ n: number }>(),
      middleware: [withUser],
      steps: [own],
      output: type({ by: "string" }),
    });
    assertEquals(dataOf(await p.run({ n: 1 })), { by: "u1" });
  });

  it("does so in a builder, for the steps after it and their callbacks", async () => {
    const p = pipeline({ name: "p" })
      .use(withUser, plain)
      .when((ctx) => ctx.user.id === "u1", own)
      .use(withLog)
      .map("lines", (ctx) => [ctx.user.id], (id, ctx) => ctx.log(id))
      .build();
    assertType<IsExact<Parameters<typeof p.run>[0], { n: number }>>(true);
    const data = dataOf(await p.run({ n: 1 }));
    assertType<IsExact<typeof data, { n: number; by?: string; lines: string[] }>>(true);
    assertEquals(data, { n: 1, by: "u1", lines: ["map(lines): u1"] });
  });

  it("gives them to combinators and nested pipelines", async () => {
    const inner = pipeline({ name: "inner", steps: [own] });
    const p = pipeline({ name: "p", middleware: [withUser], steps: [when(() => true, inner)] });
    assertType<IsExact<Parameters<typeof p.run>[0], { n: number }>>(true);
    assertEquals(dataOf(await p.run({ n: 1 })), { n: 1, by: "u1" });
  });

  it("overrides the key of the middleware around it", async () => {
    const withNumber: AddingMiddleware<{ user: number }> = (_step, next) => (ctx) =>
      next({ ...ctx, user: 7 });
    const count = step({ name: "count", run: (ctx: { user: number }) => ({ got: ctx.user }) });
    const p = pipeline({ name: "p", middleware: [withUser, withNumber], steps: [count] });
    assertEquals(dataOf(await p.run()), { got: 7 });
  });

  it("promises nothing if it is unknown whether it is there", () => {
    const one = pipeline({ name: "p", middleware: [withUser].slice(1), steps: [own] });
    assertType<IsExact<Parameters<typeof one.run>[0], { user: User; n: number }>>(true);
    const other = pipeline({
      name: "p",
      middleware: [one.name === "p" ? plain : withUser],
      steps: [own],
    });
    assertType<IsExact<Parameters<typeof other.run>[0], { user: User; n: number }>>(true);
  });
});
