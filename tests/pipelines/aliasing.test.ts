import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type AnyStep,
  distribute,
  filter,
  flatMap,
  type ItemOptions,
  type LateReport,
  map,
  type Middleware,
  parallel,
  pipeline,
  step,
  type StepInfo,
  type UndoPolicy,
} from "@runsheet/runsheet";
import { stub } from "@runsheet/runsheet/testing";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { deferred } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

/** An object whose readonly properties can be changed. */
type Open<T> = { -readonly [K in keyof T]: T[K] };

function open<T extends object>(value: T): Open<T> {
  return value;
}

describe("later changes have no effect:", () => {
  const { fakeTime } = cleanups();

  it("to a step's, its retry policy and its rollback", async () => {
    const calls: string[] = [];
    const definition = open({
      name: "s" as string,
      retry: open({ count: 1 }),
      timeout: 60_000,
      run: (): Promise<void> => {
        calls.push("run");
        throw boom;
      },
      rollback: () => {},
    });
    const s = step(definition);
    definition.retry.count = 5;
    definition.retry = { count: 5 };
    definition.timeout = 1;
    definition.name = "other";
    definition.run = () => Promise.resolve();
    const { failedStep } = failureOf(await s.run({}));
    assertEquals([failedStep, calls], ["s", ["run", "run"]]);
  });

  it("to a rollback with a policy, and to one that is deferred", async () => {
    const calls: string[] = [];
    const undo = (name: string) =>
      open<UndoPolicy>({
        run: () => {
          calls.push(name);
          throw boom;
        },
        retry: open({ count: 1 }),
      });
    const [rollback, part] = [undo("rollback"), undo("defer")];
    const s = step({
      name: "s",
      run: (_ctx, { defer }) => {
        defer(part);
        spoil(part);
      },
      rollback: rollback as { run: () => void },
    });
    spoil(rollback);
    failureOf(await pipeline({ name: "p", steps: [s, fail] }).run());
    assertEquals(calls, ["rollback", "rollback", "defer", "defer"]);

    function spoil(policy: Open<UndoPolicy>): void {
      open(policy.retry!).count = 5;
      policy.retry = { count: 5 };
      policy.run = () => {};
    }
  });

  const item = { as: "n" } as const;
  const busy = (call: () => Promise<void>) => step({ name: "busy", run: call });
  const groups: Record<string, (options: ItemOptions, call: () => Promise<void>) => AnyStep> = {
    map: (options, call) => map("m", () => [1, 2, 3], call, options),
    "map of a step": (options, call) =>
      map("m", () => [1, 2, 3], busy(call), { ...item, ...options }),
    filter: (options, call) =>
      filter("m", () => [1, 2, 3], () => call().then(() => true), options as { concurrency: 1 }),
    flatMap: (options, call) => flatMap("m", () => [1, 2, 3], () => call().then(() => []), options),
    distribute: (options, call) =>
      distribute(
        "m",
        { list: "n" },
        step({ name: "s", run: (_: { n: number }) => call() }),
        options,
      ),
    parallel: (options, call) =>
      parallel.with(options as { concurrency: 1 })(busy(call), busy(call), busy(call)),
  };
  for (const [combinator, make] of Object.entries(groups)) {
    it(`to the options of ${combinator}, by itself and with a fake in it`, async () => {
      const options = open<ItemOptions>({ concurrency: 1 });
      let inFlight = 0;
      let most = 0;
      const call = async () => {
        most = Math.max(most, ++inFlight);
        await Promise.resolve();
        inFlight--;
      };
      const target = make(options, call);
      options.concurrency = 10;
      const p = pipeline({ name: "p", steps: [target] });
      dataOf(await p.run({ list: [1, 2, 3] } as never));
      assertEquals(most, 1);
      dataOf(await stub(p, {}).run({ list: [1, 2, 3] } as never));
      assertEquals(most, 1);
    });
  }

  it("to a mapping", async () => {
    const mapping: Record<string, string> = { list: "n" };
    const s = step({ name: "s", run: ({ n }: { n: number }) => ({ twice: n * 2 }) });
    const twice = distribute("m", mapping as { list: "n" }, s);
    mapping["other"] = "m";
    delete mapping["list"];
    const { m } = dataOf(await pipeline({ name: "p", steps: [twice] }).run({ list: [1, 2] }));
    assertEquals(m, [{ twice: 2 }, { twice: 4 }]);
  });

  it("to a pipeline's, its steps and its middleware", async () => {
    const names: string[] = [];
    const layer: Middleware = ({ name }, next) => {
      names.push(name);
      return next;
    };
    const definition = open({
      name: "p" as string,
      argsSchema: type({ n: "number" }),
      steps: [step({ name: "a", run: () => {} })] as AnyStep[],
      middleware: [layer],
      timeout: 60_000,
    });
    const list = pipeline(definition);
    const builder = pipeline({ ...definition, steps: undefined as never }) as unknown as {
      step(step: AnyStep): typeof builder;
      build(): AnyStep;
    };
    const ways = [list, builder.step(definition.steps[0]!)];
    definition.steps.push(fail);
    definition.middleware.push(() => () => Promise.reject(boom));
    definition.name = "other";
    definition.argsSchema = type({ n: "string" }) as never;
    definition.timeout = 1;
    for (const way of ways) {
      const p = "build" in way ? way.build() : way;
      const result = await p.run({ n: 1 } as never);
      assertEquals([dataOf(result), p.name], [{ n: 1 }, "p"]);
    }
    assertEquals(names, ["a", "a"]);
  });

  it("to the options of a run", async () => {
    const time = fakeTime();
    const late: string[] = [];
    const gate = deferred<void>();
    const options = open({
      runId: "r1",
      onLate: ({ outcome }: LateReport) => void late.push(outcome),
      waitUntil: (watch: Promise<unknown>) => void watches.push(watch),
    });
    const watches: Promise<unknown>[] = [];
    const keys: string[] = [];
    const slow = step({
      name: "slow",
      timeout: 5,
      run: async (_ctx, info) => {
        await Promise.resolve();
        keys.push(info.key);
        await gate.promise;
      },
    });
    const running = slow.run({}, options);
    options.runId = "r2";
    options.onLate = () => void late.push("to another");
    options.waitUntil = () => {};
    await time.tickAsync(5);
    await running;
    gate.resolve();
    await Promise.all(watches);
    assert(keys[0]?.startsWith("r1/"), keys[0]);
    assertEquals(late, ["no-handler"]);
  });

  it("and options may be getters of a class", async () => {
    const controller = new AbortController();
    controller.abort(boom);
    const { error } = failureOf(await step({ name: "s", run: () => {} }).run({}, controller));
    assertStrictEquals(error.cause, boom);
    class Charge {
      get name() {
        return "charge" as const;
      }
      run() {
        return { charged: true };
      }
    }
    const charge = step(new Charge());
    assertEquals([charge.name, dataOf(await charge.run({}))], ["charge", { charged: true }]);
  });

  it("and a getter of a definition is read once", () => {
    let reads = 0;
    const retry = {
      get count() {
        return reads++ === 0 ? 1 : -1;
      },
    };
    step({
      name: "s",
      get retry() {
        return retry;
      },
      run: () => {},
    });
    assertEquals(reads, 1);
  });
});

describe("a middleware", () => {
  it("receives the name and the schemas of a step, frozen, and the same in every run", async () => {
    const seen: StepInfo[] = [];
    const requires = type({ n: "number" });
    const meddling: Middleware = (info, next) => {
      seen.push(info);
      for (const key of ["name", "requires", "execute"] as const) {
        assertThrows(
          () => Object.assign(info, { [key]: () => ({ ok: true, output: {} }) }),
          TypeError,
        );
      }
      return next;
    };
    const s = step({ name: "s", requires, run: ({ n }) => ({ m: n }) });
    const p = pipeline({ name: "p", steps: [s], middleware: [meddling, meddling] });
    for (let n = 0; n < 2; n++) assertEquals(dataOf(await p.run({ n })), { n, m: n });
    assertEquals(Reflect.ownKeys(seen[0]!), ["name", "requires", "provides"]);
    assertStrictEquals(seen[0]?.requires, requires);
    assertEquals(new Set(seen).size, 1);
  });
});
