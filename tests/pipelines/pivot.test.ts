import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type AnyStep,
  choice,
  ConfigError,
  distribute,
  fallback,
  isRunsheetError,
  map,
  type Middleware,
  parallel,
  pipeline,
  type Result,
  sleep,
  step,
  when,
} from "@runsheet/runsheet";
import { assertType, type IsExact } from "@std/testing/types";
import { stub } from "@runsheet/runsheet/testing";
import { cleanups } from "../support/cleanup.ts";
import { RecordingHost, ReplayingHost } from "../support/hosts.ts";
import { landing, listening } from "../support/landing.ts";
import { dataOf, failureOf, plainOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** The point of no return, which has a rollback that is never called. */
function shipping(log: string[], extra: { retry?: { count: number }; idempotent?: boolean } = {}) {
  return step({
    name: "ship",
    ...extra,
    pivot: true,
    run: (_ctx, { defer }) => {
      defer(() => log.push("undo a part of ship"));
      log.push("ship");
      return { parcel: 1 };
    },
    rollback: () => void log.push("undo ship"),
  });
}

function told(result: Result<unknown>) {
  const { committed, failedStep, rollback: { completed, failed } } = failureOf(result);
  return { committed, failedStep, undone: [...completed, ...failed.map(({ step }) => step)] };
}

describe("a pivot", () => {
  const { fakeTime } = cleanups();

  it("keeps everything that it and the steps around it have done", async () => {
    const log: string[] = [];
    const steps = [logged("a", log), shipping(log), logged("b", log), fail];
    const result = await pipeline({ name: "p", steps: steps as AnyStep[] }).run({} as never);
    assertEquals(told(result), { committed: "ship", failedStep: "fail", undone: [] });
    assertEquals(log, ["a", "ship", "b"]);
    assertStrictEquals(failureOf(result).error, boom);
  });

  it("changes nothing in a run that succeeds, or fails before it or in it", async () => {
    const log: string[] = [];
    const good = await pipeline({ name: "p", steps: [logged("a", log), shipping(log)] }).run();
    assertEquals(dataOf(good), { a: "done", parcel: 1 } as never);
    assert(!("committed" in good));
    log.length = 0;
    const before = await pipeline({ name: "p", steps: [logged("a", log), fail, shipping(log)] })
      .run();
    assertEquals(told(before), { committed: undefined, failedStep: "fail", undone: ["a"] });
    assert(!("committed" in before));
    const broken = step({ name: "ship", pivot: true, run: () => Promise.reject(boom) });
    const within = await pipeline({ name: "p", steps: [logged("a", log), broken] }).run();
    assertEquals(told(within).undone, ["a"]);
  });

  it("is itself undone if its output is refused, as it has not succeeded", async () => {
    const log: string[] = [];
    const ship = step({
      name: "ship",
      pivot: true,
      run: () => [] as unknown as { parcel: number },
      rollback: () => void log.push("undo ship"),
    });
    const result = await pipeline({ name: "p", steps: [logged("a", log), ship] }).run();
    assertEquals(told(result), { committed: undefined, failedStep: "ship", undone: ["ship", "a"] });
  });

  it("is reported by its path, and commits the pipelines around its own", async () => {
    const log: string[] = [];
    const fulfil = pipeline({ name: "fulfil", steps: [logged("pack", log), shipping(log)] });
    const p = pipeline({ name: "p", steps: [logged("a", log), fulfil, fail] });
    assertEquals(told(await p.run()), {
      committed: "fulfil/ship",
      failedStep: "fail",
      undone: [],
    });
    assertEquals(log, ["a", "pack", "ship"]);
  });

  it("lets the failed attempt's own parts be undone", async () => {
    const log: string[] = [];
    const mail = step({
      name: "mail",
      retry: { count: 1 },
      run: (_ctx, { defer, attempt }) => {
        defer(() => log.push(`undo draft ${attempt}`));
        throw boom;
      },
      undoByKey: (_ctx, { effectKey }) => void log.push(`undo ${effectKey}`),
    });
    const p = pipeline({ name: "p", steps: [shipping(log), logged("b", log), mail] });
    const result = await p.run({}, { runId: "r" });
    assertEquals(log, [
      "ship",
      "b",
      "undo r/p/mail",
      "undo draft 1",
      "undo r/p/mail~2",
      "undo draft 2",
    ]);
    const own = ["mail", "mail (deferred)"];
    assertEquals(told(result).undone, [...own, ...own]);
  });

  it("keeps the rest of a group if one branch fails after it", async () => {
    for (const undoConcurrency of [1, 2]) {
      const log: string[] = [];
      const refused = step({
        name: "refused",
        run: () => [] as unknown as { n: number },
        rollback: () => void log.push("undo refused"),
      });
      const p = pipeline({
        name: "p",
        steps: [
          shipping(log),
          parallel.with({ undoConcurrency })(logged("b", log), refused, logged("c", log)),
        ],
      });
      const result = await p.run();
      assertEquals(told(result).undone, ["parallel(b, refused, c)/refused"]);
      assertEquals(log, ["ship", "b", "c", "undo refused"]);
    }
  });

  it("does not keep steps that are recovered from after it from being undone", async () => {
    const log: string[] = [];
    const recover: Middleware = ({ name }, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success || name !== "cards" ? result : { success: true, data: {} };
    };
    let tries = 0;
    const flaky = step({
      name: "flaky",
      run: () => {
        if (++tries === 1) throw boom;
      },
    });
    const both = (name: string, last: AnyStep) =>
      pipeline({ name, steps: [logged(name, log), last] as AnyStep[] });
    const p = pipeline({
      name: "p",
      middleware: [recover],
      steps: [
        shipping(log),
        fallback(both("mail", fail), () => ({})),
        both("cards", fail),
        map("each", () => [{}], both("item", fail), { onFailure: "collect" }),
        pipeline({
          name: "again",
          retry: { count: 1 },
          steps: [logged("again", log), flaky] as AnyStep[],
        }),
        fail,
      ] as AnyStep[],
    });
    const result = await p.run({} as never);
    assertEquals(log, [
      "ship",
      ...["mail", "undo mail", "cards", "undo cards", "item", "undo item"],
      ...["again", "undo again", "again"],
    ]);
    assertEquals(told(result).committed, "ship");
  });

  it("rules out an alternative and another attempt of a pipeline", async () => {
    const log: string[] = [];
    const group = (retry: { count: number }) =>
      pipeline({ name: "group", retry, steps: [shipping(log), fail] });
    const p = pipeline({
      name: "p",
      steps: [fallback(group({ count: 0 }), () => void log.push("alternative"))],
    });
    assertEquals(told(await p.run()).committed, "fallback(group)/group/ship");
    assertEquals(told(await group({ count: 5 }).run()).committed, "ship");
    assertEquals(log, ["ship", "ship"]);
  });

  it("may come in a later attempt of a pipeline, after others were undone", async () => {
    const log: string[] = [];
    let tries = 0;
    const flaky = step({
      name: "flaky",
      run: () => {
        if (++tries === 1) throw boom;
      },
    });
    const group = pipeline({
      name: "group",
      retry: { count: 1 },
      steps: [logged("a", log), flaky, shipping(log)],
    });
    const result = await pipeline({ name: "p", steps: [group, fail] }).run();
    assertEquals(log, ["a", "undo a", "a", "ship"]);
    assertEquals(told(result), {
      committed: "group/ship",
      failedStep: "fail",
      undone: ["group/a"],
    });
  });

  it("may be the alternative, in a branch, and more than one", async () => {
    const log: string[] = [];
    const hand = step({ name: "hand", pivot: true, run: () => {} });
    const p = pipeline({
      name: "p",
      steps: [
        when(() => true, shipping(log)),
        choice([() => true, hand], shipping(log)),
        fallback(fail, hand),
        fail,
      ],
    });
    assertEquals(told(await p.run()).committed, "fallback(fail, hand)/hand");
  });

  it("is not undone by an abort or a timeout after it, which still fail the run", async () => {
    const time = fakeTime();
    for (const how of ["abort", "timeout"]) {
      const log: string[] = [];
      const aborter = new AbortController();
      const hang = step<object, object>({ name: "hang", run: () => new Promise(() => {}) });
      const p = pipeline({
        name: "p",
        ...(how === "timeout" && { timeout: 50 }),
        steps: [logged("a", log), shipping(log), hang],
      });
      const running = p.run({}, { signal: aborter.signal, onLate: () => {} });
      await time.tickAsync(10);
      if (how === "abort") aborter.abort();
      await time.tickAsync(40);
      const result = await running;
      assert(isRunsheetError(failureOf(result).error, how === "abort" ? "ABORTED" : "TIMEOUT"));
      assertEquals(told(result), { committed: "ship", failedStep: "hang", undone: [] });
      assertEquals(log, ["a", "ship"]);
    }
  });

  it("has not succeeded if it is given up, and is undone when it lands late", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const { options, reports, watches } = listening();
    const slow = landing("slow", log);
    const ship = step({
      name: "ship",
      pivot: true,
      timeout: 10,
      run: () => new Promise<{ n: number }>((resolve) => setTimeout(() => resolve({ n: 1 }), 30)),
      rollback: () => void log.push("undo ship"),
    });
    const running = pipeline({ name: "p", steps: [logged("a", log), ship, slow.step] }).run(
      {},
      options,
    );
    await time.tickAsync(10);
    assertEquals(told(await running), { committed: undefined, failedStep: "ship", undone: ["a"] });
    await time.tickAsync(20);
    await Promise.all(watches);
    assertEquals([log, reports], [["a", "undo a", "undo ship"], ["ship@1 compensated"]]);
  });

  it("does not run undos that its success defers afterwards, and is one effect with 'idempotent'", async () => {
    const log: string[] = [];
    let later = () => {};
    const a = step({
      name: "a",
      run: (_ctx, { defer }) => {
        later = () => defer(() => log.push("undo a"));
      },
    });
    const p = pipeline({
      name: "p",
      steps: [a, shipping(log, { idempotent: true, retry: { count: 1 } }), fail],
    });
    const running = p.run();
    later();
    assertEquals(told(await running).committed, "ship");
    later();
    assertEquals(log, ["ship"]);
  });

  it("stays if a middleware fails after it", async () => {
    const log: string[] = [];
    const breaks: Middleware = ({ name }, next) => async (ctx) => {
      const result = await next(ctx);
      if (name === "ship") throw boom;
      return result;
    };
    const p = pipeline({
      name: "p",
      middleware: [breaks],
      steps: [logged("a", log), shipping(log)],
    });
    assertEquals(told(await p.run()), { committed: "ship", failedStep: "ship", undone: [] });
  });

  it("is printed with the result, and replayed from a record", async () => {
    const make = () => pipeline({ name: "p", steps: [logged("a", []), shipping([]), fail] });
    const host = new RecordingHost();
    const first = await make().run({}, { host });
    assertEquals(JSON.parse(JSON.stringify(first)).committed, "ship");
    assertEquals(host.ids.filter((id) => id.includes("!")), []);
    const replaying = new ReplayingHost(host.outcomes);
    const second = await make().run({}, { host: replaying });
    assertEquals(plainOf(second), plainOf(first));
    assertEquals([replaying.unused, told(second).committed], [[], "ship"]);
  });

  it("stays a pivot when it is stubbed", async () => {
    const p = pipeline({ name: "p", steps: [shipping([]), fail] });
    const result = await stub(p, { ship: () => ({ parcel: 2 }) }).run();
    assertEquals(told(result).committed, "ship");
  });

  it("is typed", async () => {
    const result = await pipeline({ name: "p" }).step(shipping([])).build().run();
    const { committed } = result;
    assertType<IsExact<typeof committed, string | undefined>>(true);
    if (result.success) assertType<IsExact<typeof result.data, { readonly parcel: number }>>(true);
    // @ts-expect-error: a boolean
    assertThrows(() => step({ name: "s", pivot: "yes", run: () => {} }), ConfigError);
  });

  const message = (define: () => unknown) => assertThrows(define, ConfigError).message;

  it("is refused in groups and collections, however deep", () => {
    const group = pipeline({ name: "group", steps: [when(() => true, shipping([]))] });
    const none = "as none of its steps must be a pivot: current value is";
    assertEquals(message(() => parallel(fail, group)), `Cannot create parallel() ${none} "ship"`);
    assertEquals(message(() => map("k", () => [], group)), `Cannot create map(k) ${none} "ship"`);
    assertEquals(
      message(() => distribute("k", {} as never, shipping([]))),
      `Cannot create distribute(k) ${none} "ship"`,
    );
    assertEquals(
      message(() => step({ name: "s", pivot: 1 as never, run: () => {} })),
      "Cannot create step 's' as 'pivot' must be a boolean: current value is 1",
    );
  });

  describe("in a strict pipeline", () => {
    const ship = shipping([]);
    const define = (...after: AnyStep[]) =>
      pipeline({ name: "p", strict: true, steps: [idle("first"), ship, ...after] as AnyStep[] });
    const idle = (name: string, retry?: { count: number }) => step({ name, run: () => {}, retry });
    const sentence = (name: string) =>
      `Cannot create strict pipeline 'p' as '${name}' must have a 'retry', or stand in a pipeline ` +
      "that has one: it comes after the pivot 'ship'";

    it("must be followed by steps with 'retry'", () => {
      define(idle("mail", { count: 3 }), sleep("wait", 5));
      assertEquals(message(() => define(idle("mail"))), sentence("mail"));
      const nested = pipeline({ name: "q", steps: [parallel(idle("a", { count: 1 }), idle("b"))] });
      assertEquals(message(() => define(nested)), sentence("b"));
      define(pipeline({ name: "q", retry: { count: 1 }, steps: [parallel(idle("a"))] }));
      assertEquals(message(() => define(map("k", () => [1], (n) => n))), sentence("map(k)"));
    });

    it("may be followed by a step with an alternative, and be in one branch", () => {
      define(fallback(idle("mail"), () => ({})));
      assertEquals(message(() => define(fallback(idle("a"), idle("b")))), sentence("b"));
      const way = choice([() => true, ship], idle("collect"));
      pipeline({ name: "p", strict: true, steps: [way] });
      const define2 = () => pipeline({ name: "p", strict: true, steps: [way, idle("mail")] });
      assertEquals(message(define2), sentence("mail"));
      pipeline({ name: "p", steps: [ship, idle("mail")] });
    });
  });
});
