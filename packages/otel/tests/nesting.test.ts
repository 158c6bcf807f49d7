import { describe, it } from "node:test";
import { context, createContextKey } from "@opentelemetry/api";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { choice, map, type Middleware, pipeline, step } from "@runsheet/runsheet";
import { observeAll } from "@runsheet/runsheet/observe";
import { failAsync } from "../../../tests/support/steps.ts";
import { Tracing, withContextManager } from "./support/tracing.ts";

describe("the application's own spans", () => {
  withContextManager();

  it("nest in the step whose predicate, middleware or item makes them", async () => {
    const tracing = new Tracing();
    const mark = async (name: string) => {
      await Promise.resolve();
      tracing.mark(name);
    };
    const timing: Middleware = (_step, next) => async (ctx) => {
      await mark("before");
      const result = await next(ctx);
      await mark("after");
      return result;
    };
    const hello = step({ name: "hello", run: () => mark("hello's") });
    const isLarge = async () => {
      await mark("isLarge's");
      return true;
    };
    const items = map("mails", () => ["ada", "bob"], (to) => mark(`${to}'s`));
    const flow = pipeline({
      name: "flow",
      middleware: [timing],
      steps: [choice([isLarge, hello]), items],
    });
    await flow.run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(tracing.tree(), [
      "run flow",
      "  choice(hello)",
      "    before",
      "    isLarge's",
      "    hello",
      "      hello's",
      "    after",
      "  map(mails)",
      "    before",
      "    item map(mails)",
      "      ada's",
      "    item map(mails)",
      "      bob's",
      "    after",
    ]);
  });

  it("nest in each of many concurrent runs of one pipeline", async () => {
    const tracing = new Tracing();
    const charge = step({
      name: "charge",
      run: async ({ order }: { order: number }) => {
        await Promise.resolve();
        tracing.mark(`charge ${order}`);
      },
      rollback: async ({ order }) => {
        await Promise.resolve();
        tracing.mark(`refund ${order}`);
      },
    });
    const flow = pipeline({ name: "flow", steps: [charge, failAsync] });
    const observer = otel({ tracerProvider: tracing.provider });
    const orders = Array.from({ length: 50 }, (_, order) => order);
    await Promise.all(orders.map((order) => flow.run({ order }, { runId: `${order}`, observer })));
    for (const order of orders) {
      for (
        const [own, outer] of [[`charge ${order}`, "charge"], [`refund ${order}`, "undo charge"]]
      ) {
        const [span] = tracing.named(own!);
        const parent = tracing.parentOf(span!);
        assertEquals([parent?.name, parent?.attributes["runsheet.run.id"]], [outer, `${order}`]);
      }
    }
  });

  it("see the values that the caller and a middleware have put into the context", async () => {
    const tracing = new Tracing();
    const tenant = createContextKey("tenant");
    const seen: unknown[] = [];
    const setTenant: Middleware = (_step, next) => (ctx) =>
      context.with(context.active().setValue(tenant, "acme"), () => next(ctx));
    const see = step({
      name: "see",
      retry: { count: 1 },
      run: async () => {
        await Promise.resolve();
        seen.push(context.active().getValue(tenant));
      },
    });
    const observer = otel({ tracerProvider: tracing.provider });
    await pipeline({ name: "flow", middleware: [setTenant], steps: [see] }).run({}, { observer });
    await context.with(
      context.active().setValue(tenant, "globex"),
      () => see.run({}, { observer }),
    );
    assertEquals(seen, ["acme", "globex"]);
  });

  it("belong to a run that a step starts, which is inside that step", async () => {
    const tracing = new Tracing();
    observeAll(otel({ tracerProvider: tracing.provider }));
    try {
      const inner = pipeline({
        name: "inner",
        steps: [step({ name: "a", run: () => tracing.mark("a's") })],
      });
      const outer = step({ name: "outer", run: async () => void await inner.run({}) });
      await pipeline({ name: "flow", steps: [outer] }).run({});
    } finally {
      observeAll();
    }
    assertEquals(tracing.tree(), [
      "run flow",
      "  outer",
      "    run inner",
      "      a",
      "        a's",
    ]);
  });
});

describe("a run inside a step that is given the step's info", () => {
  withContextManager();

  it("is part of the trace, with its undos, which run after it has ended", async () => {
    const tracing = new Tracing();
    const charge = step({
      name: "charge",
      run: () => tracing.mark("POST charge"),
      rollback: async () => {
        await Promise.resolve();
        tracing.mark("POST refund");
      },
    });
    const pay = pipeline({ name: "pay", steps: [charge] });
    const order = step({
      name: "order",
      run: async (_ctx, info) => void await pay.run({}, info),
    });
    await pipeline({ name: "flow", steps: [order, failAsync] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(tracing.tree(), [
      "run flow ! Error",
      "  order",
      "    run pay",
      "      charge",
      "        POST charge",
      "      rollback pay",
      "        undo charge -> charge",
      "          POST refund",
      "  fail ! Error",
      "  rollback flow",
      "    undo order (deferred) -> order",
    ]);
    assertEquals(tracing.orphans, []);
  });
});

describe("without a context manager", () => {
  it("the tree of the run is whole, and the application's spans begin traces of their own", async () => {
    const tracing = new Tracing();
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: () => tracing.mark("POST charge"),
      rollback: () => {},
    });
    await pipeline({ name: "flow", steps: [charge, failAsync] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(tracing.tree(), [
      "run flow ! Error",
      "  charge",
      "    attempt charge",
      "  fail ! Error",
      "  rollback flow",
      "    undo charge -> charge",
      "POST charge",
    ]);
  });
});
