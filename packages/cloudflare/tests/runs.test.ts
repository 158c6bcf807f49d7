import { describe, it } from "node:test";
import { cancel, cloudflare, type CloudflareOptions, send } from "@runsheet/cloudflare";
import {
  fallback,
  map,
  parallel,
  pipeline,
  sleep,
  step,
  unwrap,
  waitFor,
} from "@runsheet/runsheet";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { type } from "arktype";
import { Instance, WorkflowEntrypoint } from "./support/platform.ts";

/** The output of an instance by default. */
interface Output {
  success: boolean;
  data?: Record<string, unknown>;
  error?: { name: string; message: string; cause?: { message: string } };
  rollback?: { completed: string[]; failed: unknown[] };
}

/** An effect that is written to a list, like its undo. */
function effect<const N extends string>(name: N, told: string[], output: object = {}) {
  return step({
    name,
    run: () => {
      told.push(name);
      return output;
    },
    rollback: () => void told.push(`undo ${name}`),
  });
}

const fails = step({ name: "fails", run: () => Promise.reject(new RangeError("no courier")) });

// deno-lint-ignore no-explicit-any -- any pipeline, with any data
function live(of: any, options: CloudflareOptions<any> = {}, instance = new Instance()) {
  const Entrypoint = cloudflare(WorkflowEntrypoint, of, options);
  return instance.live(new Entrypoint({}, {}), {}) as Promise<Output>;
}

describe("an instance of a Workflow that is a pipeline", () => {
  it("has its result as output, and a failure with the report of its rollback", async () => {
    const told: string[] = [];
    const good = await live(pipeline({ name: "order", steps: [effect("a", told, { a: 1 })] }));
    assertEquals(good, { success: true, data: { a: 1 } });
    const bad = await live(pipeline({ name: "order", steps: [effect("a", told), fails] }));
    assertEquals(bad, {
      success: false,
      error: { name: "RangeError", message: "no courier" },
      failedStep: "fails",
      rollback: { completed: ["a"], failed: [] },
    } as never);
    assertEquals(told, ["a", "a", "undo a"]);
  });

  it("fails with the run if its output is that of unwrap", async () => {
    const order = pipeline({ name: "order", steps: [fails] });
    await assertRejects(() => live(order, { output: unwrap }), RangeError, "no courier");
  });

  it("has a step for each call, named after the first call in flight", async () => {
    const told: string[] = [];
    const instance = new Instance();
    const steps = [effect("a", told), parallel(effect("b", told), effect("c", told)), fails];
    await live(pipeline({ name: "order", steps }), {}, instance);
    assertEquals(instance.names, [
      "run order",
      "a@1",
      "parallel(b, c)/b@1 and 1 more",
      "fails@1",
      "parallel(b, c)/c!undo",
      "parallel(b, c)/b!undo",
      "a!undo",
    ]);
  });

  it("makes each call once, even if the platform gives up waiting and calls its step again", async () => {
    const told: string[] = [];
    const instance = new Instance();
    instance.timesOut = true;
    const steps = [effect("a", told), parallel(effect("b", told), effect("c", told)), fails];
    await live(pipeline({ name: "order", steps }), {}, instance);
    assertEquals(told, ["a", "b", "c", "undo c", "undo b", "undo a"]);
  });

  it("waits in one place where the platform calls its step again, so that no call is missed", async () => {
    const instance = new Instance();
    instance.timesOut = true;
    const ms = 20;
    const quick = pipeline({ name: "quick", timeout: ms, steps: [effect("a", [])] });
    // While it runs, the timer of the pipeline that is over goes off.
    const slow = step({ name: "slow", run: () => delay(2 * ms) });
    const order = pipeline({ name: "order", steps: [fallback(quick, () => ({})), slow] });
    assertEquals(await live(order, {}, instance), { success: true, data: {} });
  });

  it("has names that the platform accepts, whatever the steps are called", async () => {
    const told: string[] = [];
    const names = ["new\nline", "x".repeat(300)];
    const steps = names.map((name) => effect(name, told)) as [never];
    assert((await live(pipeline({ name: "order", steps }))).success);
    assertEquals(told, names);
  });

  it("keeps an output that is too large for a step as a stream", async () => {
    const big = step({ name: "big", run: () => ({ big: "ä".repeat(300_000) }) });
    const size = step({ name: "size", run: ({ big }: { big: string }) => ({ size: big.length }) });
    const instance = new Instance();
    const output = ({ success, data }: { success: boolean; data?: { size: number } }) =>
      success && data!.size;
    const order = pipeline({ name: "order", steps: [big, size] });
    assertEquals(await live(order, { output: output as never }, instance) as unknown, 300_000);
    assertEquals(instance.streamed, ["big@1"]);
    instance.kill();
    assertEquals(await live(order, { output: output as never }, instance) as unknown, 300_000);
  });

  it("undoes an output that is too large for the record", async () => {
    const told: string[] = [];
    const huge = effect("huge", told, { huge: "x".repeat(5_000_000) });
    const { error, rollback } = await live(pipeline({ name: "order", steps: [huge] }));
    assertStringIncludes(
      error!.message,
      "Cannot record 'huge' as what it returns must have at most 4000000",
    );
    assertEquals(told, ["huge", "undo huge"]);
    assertEquals(rollback!.completed, ["huge"]);
  });

  it("does not return data that are too large for the platform, but says so", async () => {
    const big = step({ name: "big", run: () => ({ big: "x".repeat(300_000) }) });
    assertEquals(await live(pipeline({ name: "order", steps: [big] })), { success: true });
  });

  it("undoes what was done before an error that is too large for the record, and returns it cut", async () => {
    const told: string[] = [];
    for (const length of [500_000, 5_000_000]) {
      const fails = step({
        name: "fails",
        run: () => Promise.reject(new RangeError("no courier ".repeat(length / 10))),
      });
      const output = await live(pipeline({ name: "order", steps: [effect("a", told), fails] }));
      assertEquals(output.rollback, { completed: ["a"], failed: [] });
      assertEquals([output.error!.name, output.error!.message.length], ["RangeError", 1_000]);
    }
    assertEquals(told, ["a", "undo a", "a", "undo a"]);
  });

  it("is rolled back while it has steps for that", async () => {
    const told: string[] = [];
    const each = step({
      name: "each",
      run: () => void told.push("do"),
      rollback: () => void told.push("undo"),
    });
    const items = map("all", () => Array.from({ length: 100 }, (_, n) => n), each, {
      as: "n",
      concurrency: 4,
    });
    const order = pipeline({ name: "order", steps: [items] });
    const { success, error, rollback } = await live(order, { steps: 60 }, new Instance(60));
    assert(!success);
    assertStringIncludes(
      error!.cause!.message,
      "Cannot continue 'order' as the steps that are left must be enough for its undos: ",
    );
    const done = told.filter((what) => what === "do").length;
    assert(done > 8, `${done}`);
    assertEquals(told.filter((what) => what === "undo").length, done);
    assertEquals(rollback!.failed, []);
  });
});

describe("a Workflow whose pipeline declares deps", () => {
  const greet = pipeline({
    name: "greet",
    deps: type({ word: "string" }),
    steps: [step({ name: "say", run: ({ word }: { word: string }) => ({ said: word }) })],
  });
  const make = (word: unknown) => {
    const deps = (env: { WORD: unknown }) => ({ word: env.WORD as string });
    const Greet = cloudflare(WorkflowEntrypoint<{ WORD: unknown }>, greet, { deps });
    return new Greet({}, { WORD: word });
  };

  it("makes them from the bindings, and records none", async () => {
    const instance = new Instance();
    const output = await instance.live(make("hello"), {});
    assertEquals(output, { success: true, data: { said: "hello" } });
  });

  it("does not end in a deployment whose deps are not those that it declares", async () => {
    const instance = new Instance();
    const { said } = await parked(() => instance.live(make(1), {}));
    assertStringIncludes(
      said,
      "Cannot continue run 'run-1' of 'greet': Cannot run 'greet' as its deps",
    );
    assertEquals(await instance.live(make("hello"), {}), {
      success: true,
      data: { said: "hello" },
    });
  });
});

describe("a Workflow that waits for an event", () => {
  const twice = pipeline({
    name: "twice",
    steps: [
      waitFor("first, by ann", { provides: type({ n: "number" }) }),
      step({ name: "note", run: ({ n }: { n: number }) => ({ first: n }) }),
      sleep("a while", 1),
      waitFor("last", { provides: type({ n: "number" }) }),
    ],
  });

  it("is answered by messages, even before it waits, each once", async () => {
    const instance = new Instance();
    const posted: { type: string; payload: unknown }[] = [];
    await send({ sendEvent: (event) => Promise.resolve(void posted.push(event)) }, "last", {
      n: 2,
    });
    // As the emulation does after a crash.
    await instance.sendEvent(posted[0]!);
    await instance.sendEvent(posted[0]!);
    await send(instance, "first, by ann", { n: 1 });
    assertEquals((await live(twice, {}, instance)).data, { first: 1, n: 2 });
  });

  it("takes plain events of the platform, too", async () => {
    const instance = new Instance();
    for (const [type, n] of [["first_2c__20_by_20_ann", 1], ["last", 2]] as const) {
      await instance.sendEvent({ type, payload: { n } });
    }
    assertEquals((await live(twice, {}, instance)).data, { first: 1, n: 2 });
  });

  it("is rolled back when it is cancelled", async () => {
    const told: string[] = [];
    const instance = new Instance();
    const order = pipeline({ name: "order", steps: [effect("a", told), waitFor("approval")] });
    const running = live(order, {}, instance);
    await cancel(instance, "the customer left");
    const { success, error, rollback } = await running;
    assert(!success);
    assertEquals(error?.name, "AbortedError");
    assertEquals(rollback, { completed: told.length > 0 ? ["a"] : [], failed: [] });
  });
});

describe("a run that must not be continued", () => {
  const told: string[] = [];
  const approval = waitFor("approval");
  const order = pipeline({
    name: "order",
    steps: [effect("a", told), effect("b", told), approval],
  });

  /** The answer of a deployment to a run that another one has begun. */
  async function refusalOf(of: unknown, options = {}, args = {}): Promise<string> {
    told.length = 0;
    const instance = new Instance();
    void live(order, {}, instance);
    while (!instance.names.includes("b@1")) await new Promise((resolve) => setTimeout(resolve, 1));
    const { said } = await parked(() => {
      const Entrypoint = cloudflare(WorkflowEntrypoint, of as typeof order, options);
      return instance.live(new Entrypoint({}, {}), args);
    });
    assertEquals(told, ["a", "b"]);
    // Nothing is lost: the pipeline that began it continues it.
    const running = live(order, {}, instance);
    await send(instance, "approval");
    assert((await running).success);
    assertEquals(told, ["a", "b"]);
    return said;
  }

  const other = (...steps: unknown[]) => pipeline({ name: "order", steps: steps as [never] });
  const cases: [string, unknown, string, object?, object?][] = [
    [
      "a step was removed",
      other(effect("a", told), approval),
      "every step that it began with must be there: 'b' is not",
    ],
    [
      "a step lost its undo",
      other(effect("a", told), step({ name: "b", run: () => {} }), approval),
      "every undo that it began with must be there: 'rollback' of 'b' is not",
    ],
    [
      "a step was added before others",
      other(effect("new", told), effect("a", told), effect("b", told), approval),
      "steps may be added at its end only, and none may be moved: 'new' was",
    ],
    [
      "a policy has changed",
      other(effect("a", told), effect("b", told), waitFor("approval", { timeout: 1_000 })),
      "every policy must be the one that it began with: that of 'approval' was {}, " +
      'and is {"timeout":1000}',
    ],
    ["its version is another", order, "its version must be undefined: current value is 2", {
      version: "2",
    }],
    [
      "its id is used for other args",
      order,
      "a run of this id must have the args that it began with: these are others",
      {},
      { n: 2 },
    ],
  ];
  for (const [name, of, constraint, options, args] of cases) {
    it(`waits with a sentence, and nothing is called: ${name}`, async () => {
      const said = await refusalOf(of, options, args);
      assertEquals(said, `Cannot continue run 'run-1' of 'order' as ${constraint}`);
    });
  }

  it("continues with steps that were added at the end, and other handlers", async () => {
    const instance = new Instance();
    const begun = live(order, {}, instance);
    while (!instance.names.includes("b@1")) await new Promise((resolve) => setTimeout(resolve, 1));
    void begun;
    const now = other(effect("a", []), effect("b", []), approval, effect("c", [], { c: 3 }));
    const running = live(now, {}, instance);
    await send(instance, "approval");
    assertEquals((await running).data, { c: 3 });
  });
});

/** Runs an instance until it is parked; returns its output. */
async function parked(run: () => Promise<unknown>): Promise<{ said: string }> {
  const { error } = console;
  const printed = new Promise<string>((resolve) => console.error = resolve);
  try {
    run().catch(() => {});
    return { said: await printed };
  } finally {
    console.error = error;
  }
}
