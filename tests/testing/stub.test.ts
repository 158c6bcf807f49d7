import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  choice,
  ConfigError,
  distribute,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  step,
  when,
} from "@runsheet/runsheet";
import { recorder, stub } from "@runsheet/runsheet/testing";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

const real = (name: string): never => {
  throw new Error(`the real '${name}' was called`);
};
const send = step({
  name: "send",
  requires: type({ email: "string" }),
  provides: type({ sent: "string" }),
  retry: { count: 1 },
  timeout: 1_000,
  run: () => real("send"),
  rollback: () => real("undo of send"),
});
const log = step({ name: "log", run: (): { logged: number } => real("log") });
const fakeSend = ({ email }: { email: string }) => ({ sent: `to ${email}` });
const fakes = { send: fakeSend, log: () => ({ logged: 1 }) };

describe("stub", () => {
  const { fakeTime } = cleanups();

  it("replaces steps inside all combinators and pipelines, by name", async () => {
    const tree = pipeline({
      name: "tree",
      steps: [
        log,
        when((_: { email: string }) => true, send),
        choice([(_: { email: string }) => false, log], send),
        parallel(log, pipeline({ name: "inner", steps: [send, log] })),
        map("mapped", (ctx: { all: string[] }) => ctx.all, send, { as: "email", concurrency: 1 }),
        distribute("spread", { all: "email" }, send, { onFailure: "collect" }),
        pipeline({ name: "built" }).step(send).build(),
      ],
      output: type({ "+": "delete", mapped: "object[]", spread: "object[]", sent: "string" }),
    });
    const host = recorder();
    const data = dataOf(await stub(tree, fakes).run({ email: "a", all: ["x", "y"] }, { host }));
    const each = [{ sent: "to x" }, { sent: "to y" }];
    assertEquals<unknown>(data, { mapped: each, spread: each, sent: "to a" });
    assertEquals(host.order, [
      "log@1",
      "when(send)/send@1",
      "choice(log, send)/send@1",
      "parallel(log, inner)/log@1",
      "parallel(log, inner)/inner/send@1",
      "parallel(log, inner)/inner/log@1",
      "map(mapped)[0]/send@1",
      "map(mapped)[1]/send@1",
      "distribute(spread)[0]/send@1",
      "distribute(spread)[1]/send@1",
      "built/send@1",
    ]);
  });

  it("keeps the options of combinators", async () => {
    const each = { concurrency: 1, onFailure: "collect" } as const;
    const tree = pipeline({
      name: "tree",
      steps: [
        distribute("spread", { all: "email" }, send, each),
        map("mapped", (ctx: { all: string[] }) => ctx.all, send, { ...each, as: "email" }),
        parallel.with({ concurrency: 1 })(send, send),
      ],
      immutable: "deep",
    });
    let now = 0;
    let most = 0;
    const data = dataOf(
      await stub(tree, {
        send: async ({ email }) => {
          most = Math.max(most, ++now);
          await Promise.resolve();
          now--;
          if (email === "x") throw boom;
          return { sent: email };
        },
      }).run({ all: ["x", "y"], email: "a" }),
    );
    assertEquals([data.spread, data.mapped].map((list) => list.map((one) => "error" in one)), [
      [true, false],
      [true, false],
    ]);
    assertEquals(most, 1);
    assert(Object.isFrozen(data.spread));
  });

  it("replaces one step by its path, and prefers a path to a name", async () => {
    const inner = pipeline({ name: "inner", steps: [log] });
    const tree = pipeline({ name: "tree", steps: [log, log, inner] });
    const logs: string[] = [];
    const logging = (text: string) => () => void logs.push(text);
    await stub(tree, {
      "log#2": logging("second"),
      "inner/log": logging("inner"),
      log: logging(""),
    })
      .run();
    assertEquals(logs, ["", "second", "inner"]);
  });

  it("replaces a combinator or a nested pipeline as a whole", async () => {
    const inner = pipeline({ name: "inner", steps: [log] });
    const mapped = map("mapped", (ctx: { all: string[] }) => ctx.all, () => real("mapper"));
    const tree = pipeline({ name: "tree", steps: [inner, mapped] });
    const faked = stub(tree, {
      inner: () => ({ logged: 2 }),
      "map(mapped)": () => ({ mapped: [] }),
    });
    const data = dataOf(await faked.run({ all: ["x"] }));
    assertEquals<unknown>(data, { all: ["x"], logged: 2, mapped: [] });
  });

  it("keeps the type, and leaves the original unchanged", async () => {
    const tree = pipeline({ name: "tree", steps: [log] });
    const same: typeof tree = stub(tree, { log: () => ({ logged: 7 }) });
    assertEquals(dataOf(await same.run()).logged, 7);
    assertEquals(failureOf(await tree.run()).error.message, "the real 'log' was called");
  });

  it("keeps schemas, retries and middleware around a function, but not the rollback", async () => {
    const names: string[] = [];
    const tree = pipeline({
      name: "tree",
      steps: [send, log],
      middleware: [({ name }, next) => (ctx) => {
        names.push(name);
        return next(ctx);
      }],
    });
    const host = recorder();
    const sometimes = stub(tree, {
      send: (_ctx, { attempt }) => {
        if (attempt === 1) throw boom;
        return { sent: "yes" };
      },
    });
    const { failedStep, rollback } = failureOf(await sometimes.run({ email: "a" }, { host }));
    assertEquals([failedStep, rollback.completed], ["log", []]);
    assertEquals(host.calls.map(({ id, timeout }) => [id, timeout]), [
      ["send@1", 1_000],
      ["send@2", 1_000],
      ["log@1", undefined],
    ]);
    assertEquals(names, ["send", "log"]);
    const { error } = failureOf(
      await stub(tree, { send: () => ({ sent: 1 }) }).run({ email: "a" }),
    );
    assert(isRunsheetError(error, "PROVIDES_VALIDATION"));
  });

  it("keeps the options about abandoned attempts around a function", async () => {
    const time = fakeTime();
    const starts: number[] = [];
    const slowly = async (): Promise<void> => {
      starts.push(time.now);
      await new Promise((resolve) => setTimeout(resolve, 30));
    };
    const failing = () => slowly().then(() => Promise.reject(new Error("late")));
    const never = step({
      name: "never",
      timeout: 5,
      overlap: "never",
      retry: { count: 1 },
      run: failing,
    });
    const patient = step({ name: "patient", timeout: 5, graceMs: 100, run: slowly });
    for (const original of [never, patient]) {
      const fake = original === never ? failing : slowly;
      const results = [];
      for (
        const target of [
          original,
          stub(pipeline({ name: "p", steps: [original] }), {
            [original.name]: fake,
          }),
        ]
      ) {
        starts.splice(0);
        const began = time.now;
        const running = target.run({});
        for (let ms = 0; ms < 200; ms += 5) {
          await time.tickAsync(5);
          await drain();
        }
        const result = await running;
        results.push([starts.map((start) => start - began), result.success || result.error.name]);
      }
      const [first, second] = results;
      assertEquals(
        first,
        original === never ? [[0, 30], "RetryExhaustedError"] : [[0], true],
      );
      assertEquals(first, second);
    }
  });

  it("takes a step with its own rollback, under the path of the original", async () => {
    const undone: unknown[] = [];
    const other = step({
      name: "other",
      run: () => ({ sent: "by other" }),
      rollback: (_ctx, output) => undone.push(output),
    });
    const tree = pipeline({ name: "tree", steps: [send, log] });
    const { rollback } = failureOf(await stub(tree, { send: other }).run({ email: "a" }));
    assertEquals(rollback.completed, ["send"]);
    assertEquals(undone, [{ sent: "by other" }]);
  });

  it("may be put into another pipeline, and run many times at once", async () => {
    const faked = stub(pipeline({ name: "inner", steps: [send] }), { send: fakeSend });
    const outer = pipeline({ name: "outer", steps: [faked] });
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => outer.run({ email: String(n) })),
    );
    assertEquals(results.map((result) => dataOf(result).sent), results.map((_, n) => `to ${n}`));
  });

  it("has no undo by key for a step that a function replaces", async () => {
    const log: string[] = [];
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: () => ({ id: 1 }),
      rollback: () => log.push("refund"),
      undoByKey: () => log.push("void"),
    });
    const tree = pipeline({ name: "tree", steps: [charge] });
    const failing = stub(tree, { charge: (_ctx, { key }) => Promise.reject(new Error(key)) });
    const result = await failing.run({}, { runId: "r" });
    assert(!result.success && isRunsheetError(result.error, "RETRY_EXHAUSTED"));
    assertEquals(result.error.errors.map(({ message }) => message), [
      "r/tree/charge",
      "r/tree/charge",
    ]);
    assertEquals(log, []);
  });

  it("replaces a step that is not in a pipeline", async () => {
    assertEquals(dataOf(await stub(log, { log: () => ({ logged: 1 }) }).run({})), { logged: 1 });
  });

  it("refuses unknown names, and lists the known ones", () => {
    const tree = pipeline({
      name: "tree",
      steps: [log, parallel(log, send), pipeline({ name: "inner", steps: [send] })],
    });
    const error = assertThrows(() => stub(tree, { snd: fakeSend }), ConfigError);
    assertEquals(
      error.message,
      "Cannot stub 'tree' as a fake must stand for one of its steps [log, parallel(log, send), " +
        'parallel(log, send)/log, parallel(log, send)/send, inner, inner/send]: current value is "snd"',
    );
    assertThrows(() => stub(tree, { toString: fakeSend }), ConfigError);
    assertThrows(() => stub(tree, { tree: fakeSend }), ConfigError);
  });

  it("refuses anything that is not a fake, or not a step", () => {
    const tree = pipeline({ name: "tree", steps: [log] });
    // @ts-expect-error a string is not a fake
    const bad = () => stub(tree, { log: "nothing" });
    assertThrows(bad, ConfigError, "the fake for 'log' must be a function or a step");
    // @ts-expect-error an object is not a step
    assertThrows(() => stub({}, {}), ConfigError, "'target' must be a step");
  });
});
