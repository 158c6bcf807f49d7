import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  AbortedError,
  type AnyStep,
  map,
  parallel,
  pipeline,
  step,
  TimeoutError,
} from "@runsheet/runsheet";
import type { FakeTime } from "@std/testing/time";
import { cleanups } from "../support/cleanup.ts";
import { never } from "../support/deferred.ts";
import { failureOf } from "../support/results.ts";

/** Fails with a new "503" at each attempt. */
function busy(delay: number): AnyStep {
  return step({
    name: "busy",
    retry: { count: 100, delay, backoff: "fixed" },
    run: async () => {
      await Promise.resolve();
      throw new Error("503");
    },
  });
}

/** Fails twice with a "503", and then hangs. */
function stuck(): AnyStep {
  return step({
    name: "stuck",
    retry: { count: 100 },
    run: (_ctx, { attempt }) => attempt < 3 ? Promise.reject<void>(new Error("503")) : never(),
  });
}

const places: Record<string, (inner: AnyStep) => AnyStep> = {
  "a pipeline": (inner) => inner,
  "a pipeline in it": (inner) => pipeline({ name: "inner", steps: [inner] }),
  "a parallel group": (inner) => parallel(inner, step({ name: "other", run: () => {} })),
  "an item": (inner) => map("results", () => [{}], inner),
  "a middleware": (inner) =>
    pipeline({
      name: "inner",
      middleware: [(_step, next) => async (ctx) => await next(ctx)],
      steps: [inner],
    }),
};

describe("the errors of attempts whose run is ended", () => {
  const { fakeTime } = cleanups();

  for (const [place, within] of Object.entries(places)) {
    for (
      const [what, inner] of [["before a retry", busy(400)], ["in an attempt", stuck()]] as const
    ) {
      it(`are in the error of the run's timeout, in ${place}, ${what}`, async () => {
        const time = fakeTime();
        const running = pipeline({ name: "p", timeout: 1_000, steps: [within(inner)] }).run({});
        await pass(time, 1_000);
        const { error } = failureOf(await running);
        assertInstanceOf(error, TimeoutError);
        assertMessages(error, inner);
      });

      it(`are in the error of an abort, in ${place}, ${what}`, async () => {
        const time = fakeTime();
        const controller = new AbortController();
        const whole = pipeline({ name: "p", steps: [within(inner)] });
        const running = whole.run({}, { signal: controller.signal });
        await pass(time, 1_000);
        controller.abort(new Error("gone"));
        const { error } = failureOf(await running);
        assertInstanceOf(error, AbortedError);
        assertMessages(error, inner);
      });
    }
  }

  it("are those of all branches", async () => {
    const time = fakeTime();
    const both = parallel(busy(400), stuck());
    const running = pipeline({ name: "p", timeout: 1_000, steps: [both] }).run({});
    await pass(time, 1_000);
    const { error } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.errors?.length, 5);
  });

  it("are at most the latest hundred", async () => {
    const time = fakeTime();
    const running = pipeline({
      name: "p",
      timeout: 150,
      steps: [step({
        name: "often",
        retry: { count: 1_000, delay: 1, backoff: "fixed" },
        run: (_ctx, { attempt }) => Promise.reject(new Error(String(attempt))),
      })],
    }).run({});
    await pass(time, 150, 1);
    const { error } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.errors?.length, 100);
    assert(Number(error.errors?.at(-1)?.message) > 100);
  });

  it("are absent if no attempt had failed", async () => {
    const time = fakeTime();
    const hung = step({ name: "hung", run: never });
    const running = pipeline({ name: "p", timeout: 1_000, steps: [hung] }).run({});
    await pass(time, 1_000);
    const { error } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.errors, undefined);
  });
});

/** Advances the time in short steps, as each may start a new timer. */
async function pass(time: FakeTime, ms: number, step = 100): Promise<void> {
  for (let now = 0; now < ms; now += step) await time.tickAsync(step);
}

function assertMessages(error: TimeoutError | AbortedError, { name }: AnyStep): void {
  const count = name === "busy" ? 3 : 2;
  assertEquals(error.errors?.map(({ message }) => message), Array(count).fill("503"));
}
