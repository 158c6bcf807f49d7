import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type AnyStep,
  ArgsValidationError,
  choice,
  ConfigError,
  distribute,
  fallback,
  map,
  type Middleware,
  parallel,
  permanent,
  pipeline,
  RetryExhaustedError,
  type RetryPolicy,
  type RunInfo,
  step,
  typed,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { assertType, type IsExact } from "@std/testing/types";
import { cleanups } from "../support/cleanup.ts";
import { RecordingHost, ReplayingHost } from "../support/hosts.ts";
import { landing, listening } from "../support/landing.ts";
import { dataOf, failureOf, plainOf } from "../support/results.ts";
import { seeSpans } from "../support/spans.ts";
import { boom } from "../support/steps.ts";

/** A step that logs each key that it sends, and each key that it undoes. */
function keyed(log: string[]) {
  return step({
    name: "reserve",
    run: (_ctx, { key }) => {
      log.push(key);
      return { reservation: key };
    },
    rollback: (_ctx, { reservation }) => void log.push(`undo ${reservation}`),
  });
}

/** A step that fails the first times that it is called. */
function failingFirst(times: number, error: () => Error = () => boom) {
  let calls = 0;
  return step({
    name: "charge",
    run: () => {
      if (++calls <= times) throw error();
      return { calls };
    },
  });
}

function payment(log: string[], times: number, retry: RetryPolicy = { count: 2 }) {
  return pipeline({ name: "payment", retry, steps: [keyed(log), failingFirst(times)] });
}

describe("retry on a pipeline", () => {
  const { fakeTime } = cleanups();

  it("undoes a failed attempt, and tries again under another key", async () => {
    const log: string[] = [];
    const shop = pipeline({ name: "shop", steps: [payment(log, 2)] });
    const data = dataOf(await shop.run({}, { runId: "r" }));
    assertEquals(data, { reservation: "r/shop/payment@3/reserve", calls: 3 });
    assertEquals(log, [
      "r/shop/payment/reserve",
      "undo r/shop/payment/reserve",
      "r/shop/payment@2/reserve",
      "undo r/shop/payment@2/reserve",
      "r/shop/payment@3/reserve",
    ]);
  });

  it("does so for the outermost pipeline, which sees its args each time", async () => {
    const seen: unknown[] = [];
    const log: string[] = [];
    const shop = pipeline({
      name: "shop",
      argsSchema: type({ sku: "string" }).onUndeclaredKey("delete"),
      retry: { count: 1 },
      steps: [
        step({ name: "look", run: (ctx) => void seen.push(ctx) }),
        keyed(log),
        failingFirst(1),
      ],
    });
    const result = await shop.run({ sku: "tea", "+": 1 } as never, { runId: "r" });
    assertEquals(
      dataOf(result),
      { sku: "tea", reservation: "r/shop/@2/reserve", calls: 2 } as never,
    );
    assertEquals(seen, [{ sku: "tea" }, { sku: "tea" }]);
    assertEquals(result.meta.stepsExecuted, ["look", "reserve", "charge"]);
  });

  it("names steps, not attempts, in the result", async () => {
    const log: string[] = [];
    const failed = failureOf(
      await pipeline({ name: "shop", steps: [payment(log, 9, { count: 1 })] }).run({}),
    );
    assertEquals(failed.failedStep, "payment/charge");
    assertEquals(failed.rollback.completed, ["payment/reserve", "payment/reserve"]);
    const alone = failureOf(await payment([], 9, { count: 1 }).run({}));
    assertEquals(alone.failedStep, "charge");
    assertEquals(alone.rollback.completed, ["reserve", "reserve"]);
    assertEquals(alone.meta.stepsExecuted, ["reserve", "charge"]);
  });

  it("fails with all errors once its retries are exhausted, and leaves the last undo to the run", async () => {
    const log: string[] = [];
    const { error } = failureOf(await payment(log, 9, { count: 1 }).run({}, { runId: "r" }));
    assert(error instanceof RetryExhaustedError);
    assertEquals([error.attempts, error.errors], [2, [boom, boom]]);
    assertEquals(error.message, "Cannot retry 'payment' as its 1 retries are used up: Error: boom");
    assertEquals(log.at(-1), "undo r/payment/@2/reserve");
  });

  it("waits as its policy says, and calls 'retryIf' with the errors so far", async () => {
    const time = fakeTime();
    const start = time.now;
    const asked: number[] = [];
    const starts: number[] = [];
    const p = pipeline({
      name: "p",
      retry: {
        count: 5,
        delay: 100,
        backoff: "exponential",
        retryIf: (errors) => asked.push(errors.length) < 3,
      },
      steps: [
        step({ name: "look", run: () => void starts.push(time.now - start) }),
        failingFirst(9),
      ],
    });
    const running = p.run({});
    for (let n = 0; n < 40; n++) await time.tickAsync(10);
    const { error, failedStep } = failureOf(await running);
    assertStrictEquals(error, boom);
    assertEquals(failedStep, "charge");
    assertEquals(starts, [0, 100, 300]);
    assertEquals(asked, [1, 2, 3]);
  });

  it("does not follow a permanent error or a validation failure", async () => {
    const log: string[] = [];
    const given = permanent(new Error("declined"));
    const p = pipeline({
      name: "p",
      retry: { count: 3 },
      steps: [keyed(log), failingFirst(9, () => given)],
    });
    assertStrictEquals(failureOf(await p.run({})).error, given);
    assertEquals(log.length, 2);
    let checks = 0;
    const schema = type({ n: "number" }).narrow(() => ++checks > 9);
    const q = pipeline({ name: "q", argsSchema: schema, retry: { count: 3 }, steps: [] });
    const { error, failedStep } = failureOf(await q.run({ n: 1 }));
    assert(error instanceof ArgsValidationError);
    assertEquals([failedStep, checks], ["<args>", 1]);
  });

  it("stops if an undo fails, as the effect that is left would be made twice", async () => {
    const stuck = step({
      name: "stuck",
      run: () => {},
      rollback: () => {
        throw new Error("no refund");
      },
    });
    const p = pipeline({ name: "p", retry: { count: 3 }, steps: [stuck, failingFirst(9)] });
    const { error, rollback } = failureOf(await p.run({}));
    assertEquals(
      error.message,
      "Cannot retry 'p' as what it did must be undone first: Error: no refund",
    );
    assertStrictEquals(error.cause, boom);
    assertEquals(rollback.failed.map(({ step }) => step), ["stuck"]);
  });

  it("has a 'timeout' for each attempt, and undoes attempts of steps that land after it", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const charge = landing("charge", log);
    const { options, reports, watches } = listening();
    const p = pipeline({ name: "p", retry: { count: 1 }, timeout: 100, steps: [charge.step] });
    const running = p.run({}, options);
    await time.tickAsync(100);
    await time.tickAsync(0);
    assertEquals(charge.infos.map(({ key }) => key), ["r/p/charge", "r/p/@2/charge"]);
    charge.land(1);
    await time.tickAsync(99);
    charge.infos[1]!.signal.throwIfAborted();
    charge.land(2);
    await time.tickAsync(0);
    await Promise.all(watches);
    dataOf(await running);
    assertEquals(reports, ["charge@1 compensated"]);
    assertEquals(log, ["run charge1", "run charge1", "undo charge1"]);
  });

  it("ends at once when the run is aborted, in an attempt and in a wait", async () => {
    const time = fakeTime();
    for (const inWait of [false, true]) {
      const aborter = new AbortController();
      const log: string[] = [];
      const p = pipeline({
        name: "p",
        retry: { count: 9, delay: 1_000 },
        steps: [
          keyed(log),
          step({
            name: "s",
            run: (_ctx, { signal }) => {
              if (inWait) throw boom;
              return new Promise<void>((_, reject) =>
                signal.addEventListener("abort", () => reject(signal.reason))
              );
            },
          }),
        ],
      });
      const running = p.run({}, { signal: aborter.signal });
      await time.tickAsync(10);
      aborter.abort();
      const { error } = failureOf(await running);
      assertEquals((error as { code?: string }).code, "ABORTED");
      assertEquals((error as { errors?: unknown }).errors, inWait ? [boom] : undefined);
      assertEquals(log.length, 2);
    }
  });

  it("ends by the timeout of the pipeline around it, which keeps the errors of the attempts", async () => {
    const time = fakeTime();
    const inner = pipeline({
      name: "inner",
      retry: { count: Infinity, delay: 30, backoff: "fixed" },
      steps: [failingFirst(99)],
    });
    const running = pipeline({ name: "outer", timeout: 100, steps: [inner] }).run({});
    for (let n = 0; n < 10; n++) await time.tickAsync(10);
    const { error } = failureOf(await running);
    assertEquals((error as { code?: string }).code, "TIMEOUT");
    assertEquals((error as { errors?: unknown[] }).errors?.length, 4);
  });

  it("multiplies with the retries of its steps and of the pipelines in it", async () => {
    const keys: string[] = [];
    const s = step({
      name: "s",
      retry: { count: 1 },
      run: (_ctx, { key, attempt }: RunInfo) => {
        keys.push(`${key} ${attempt}`);
        throw boom;
      },
    });
    const inner = pipeline({ name: "inner", retry: { count: 1 }, steps: [s] });
    const outer = pipeline({ name: "outer", retry: { count: 1 }, steps: [inner] });
    const { error, failedStep } = failureOf(await outer.run({}, { runId: "r" }));
    assertEquals(keys, [
      ...["r/outer/inner/s", "r/outer/inner@2/s"].flatMap((key) => [`${key} 1`, `${key} 2`]),
      ...["r/outer/@2/inner/s", "r/outer/@2/inner@2/s"].flatMap((key) => [`${key} 1`, `${key} 2`]),
    ]);
    assert(error instanceof RetryExhaustedError);
    assertEquals(failedStep, "inner/s");
  });

  it("runs its middleware again in each attempt, which sees the steps' own paths", async () => {
    const seen: unknown[] = [];
    const see: Middleware = ({ name }, next) => async (ctx) => {
      const result = await next(ctx);
      seen.push(result.success ? name : [name, result.failedStep]);
      return result;
    };
    const inner = pipeline({ name: "inner", steps: [failingFirst(1)] });
    const p = pipeline({ name: "p", retry: { count: 1 }, middleware: [see], steps: [inner] });
    dataOf(await p.run({}));
    assertEquals(seen, [["inner", "inner/charge"], "inner"]);
  });

  for (
    const [name, wrap] of Object.entries({
      when: (p: ReturnType<typeof payment>) => when(() => true, p),
      choice: (p: ReturnType<typeof payment>) => choice([() => false, p], p),
      fallback: (p: ReturnType<typeof payment>) => fallback(p, () => ({})),
      "an alternative": (p: ReturnType<typeof payment>) =>
        fallback(step({ name: "no", run: () => Promise.reject(boom) }), p),
      parallel: (p: ReturnType<typeof payment>) => parallel(p),
      map: (p: ReturnType<typeof payment>) => map("all", () => [{}], p),
      distribute: (p: ReturnType<typeof payment>) => distribute("all", { skus: "sku" } as never, p),
    })
  ) {
    it(`works inside ${name}`, async () => {
      const log: string[] = [];
      const p = pipeline({
        name: "p",
        argsSchema: typed<{ skus: number[] }>(),
        steps: [wrap(payment(log, 1)) as AnyStep],
      });
      dataOf(await p.run({ skus: [1] }, { runId: "r" }));
      assertEquals(log.length, 3);
      assertEquals(log[1], `undo ${log[0]}`);
      assertEquals(log[2], log[0]!.replace("/reserve", "@2/reserve"));
    });
  }

  it("retries one item, and leaves the others alone", async () => {
    const log: string[] = [];
    const p = pipeline({ name: "p", steps: [map("all", () => [{}, {}, {}], payment(log, 1))] });
    dataOf(await p.run({}, { runId: "r" }));
    assertEquals(log.filter((line) => line.startsWith("undo")).length, 1);
    assertEquals(log.length, 5);
  });

  it("is replayed from a record, each call under an id of its own", async () => {
    const log: string[] = [];
    const make = () => pipeline({ name: "shop", steps: [payment(log, 1, { count: 1, delay: 5 })] });
    const recording = new RecordingHost();
    const first = await make().run({}, { host: recording, runId: "r" });
    assertEquals(recording.ids, [
      "payment/reserve@1",
      "payment/charge@1",
      "payment/reserve!undo",
      "payment@2/reserve@1",
      "payment@2/charge@1",
    ]);
    assertEquals(recording.sleeps, [{ id: "payment@2!wait", ms: 5 }]);
    assertEquals(recording.calls.map(({ path }) => path).at(-1), "payment/charge");
    const host = new ReplayingHost(recording.outcomes);
    assertEquals(plainOf(await make().run({}, { host, runId: "r" })), plainOf(first));
    assertEquals(host.unused, []);
    assertEquals(log.length, 3);
  });

  it("is observed as attempts, with a rollback and a wait between them", async () => {
    const { observer, tree, ends, spans } = seeSpans();
    const p = pipeline({ name: "p", steps: [payment([], 1, { count: 1, delay: 1 })] });
    const time = fakeTime();
    const running = p.run({}, { observer });
    for (let n = 0; n < 10; n++) await time.tickAsync(1);
    dataOf(await running);
    assertEquals(tree(), [
      "run ok",
      "  step payment ok",
      "    attempt payment@1 failed: boom",
      "      step payment/reserve ok",
      "        attempt payment/reserve@1 ok",
      "      step payment/charge failed: boom",
      "        attempt payment/charge@1 failed: boom",
      "    rollback payment@1!rollback ok",
      "      undo payment/reserve!undo ok",
      "    wait payment@2!wait ok",
      "    attempt payment@2 ok",
      "      step payment@2/reserve ok",
      "        attempt payment@2/reserve@1 ok",
      "      step payment@2/charge ok",
      "        attempt payment@2/charge@1 ok",
    ]);
    assertEquals(spans.at(-1)!.path, "payment/charge");
    assertEquals(ends.get(spans[2]!)?.failedStep, "payment/charge");
  });

  it("is exposed by the pipeline, as by a step", () => {
    const p = pipeline({ name: "p", retry: { count: 2 }, timeout: 5, steps: [] });
    assertEquals([p.retry, p.timeout], [{ count: 2 }, 5]);
  });

  it("can also be given to a builder", async () => {
    const p = pipeline({ name: "p", retry: { count: 1 } }).step(failingFirst(1)).build();
    const result = await p.run({});
    if (result.success) assertType<IsExact<typeof result.data, { readonly calls: number }>>(true);
    assertEquals(dataOf(result), { calls: 2 });
  });

  it("is checked when the pipeline is built", () => {
    assertThrows(
      () => pipeline({ name: "p", retry: { count: -1 }, steps: [] }),
      ConfigError,
      "Cannot retry pipeline 'p' as 'count' must be a non-negative integer: current value is -1",
    );
    assertThrows(
      () => pipeline({ name: "p", retry: 3 as never, steps: [] }),
      ConfigError,
      "Cannot retry pipeline 'p' as its definition must be an object: current value is 3",
    );
    assertThrows(
      () => pipeline({ name: "p", retry: null as never, steps: [] }),
      ConfigError,
      "Cannot retry pipeline 'p' as its definition must be an object: current value is null",
    );
  });
});
