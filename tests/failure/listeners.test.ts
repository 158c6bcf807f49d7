import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  AbortedError,
  type AnyStep,
  type Host,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  type RunInfo,
  type RunOptions,
  step,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain, never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { countListeners, mostListeners } from "../support/signals.ts";
import { boom } from "../support/steps.ts";

const eleven = Array.from({ length: 11 }, (_, n) => ({ n }));

/** A step that fails once and waits before its retry. */
function busy(delay: number) {
  return step({
    name: "busy",
    retry: { count: 1, delay },
    run: (_ctx, { attempt }) => {
      if (attempt === 1) throw new Error("busy");
    },
  });
}

const waiting = pipeline({ name: "p", steps: [map("out", () => eleven, busy(1_000))] });

// Node 20 warns of a leak at eleven listeners on one signal.
describe("eleven items that wait for a retry", () => {
  const cleanup = cleanups();

  it("add one listener to any signal", async () => {
    const time = cleanup.fakeTime();
    const most = mostListeners(cleanup);
    const running = waiting.run({}, { signal: new AbortController().signal });
    await time.tickAsync(1_000);
    dataOf(await running);
    assertEquals(most(), 1);
  });

  it("add one to any signal even if a host waits", async () => {
    const most = mostListeners(cleanup);
    const waits: (() => void)[] = [];
    const host: Host = {
      perform: (_call, fn) => fn(),
      sleep: (_call, _ms, signal) =>
        new Promise((resolve) => {
          signal?.addEventListener("abort", () => {});
          waits.push(resolve);
        }),
    };
    const running = waiting.run({}, { host, signal: new AbortController().signal });
    await drain();
    assertEquals(waits.length, 11);
    for (const end of waits) end();
    dataOf(await running);
    assertEquals(most(), 1);
  });

  it("all end at once when the run is aborted, and leave no timer", async () => {
    const time = cleanup.fakeTime();
    const aborter = new AbortController();
    const running = waiting.run({}, { signal: aborter.signal });
    await time.tickAsync(500);
    aborter.abort();
    assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
    assert(!time.next(), "a timer was left");
  });

  it("all end at once when a sibling fails", async () => {
    const time = cleanup.fakeTime();
    const failing = step({
      name: "failing",
      retry: { count: 1, delay: 500 },
      run: () => Promise.reject(boom),
    });
    const group = parallel(failing, ...eleven.map(() => busy(1_000)));
    const running = pipeline({ name: "p", steps: [group] }).run();
    await time.tickAsync(500);
    const { error } = failureOf(await running);
    assert(isRunsheetError(error, "RETRY_EXHAUSTED"));
    assertStrictEquals(error.lastError, boom);
    assert(!time.next(), "a timer was left");
  });
});

describe("eleven runs on one signal", () => {
  const cleanup = cleanups();

  it("add one listener to it, which is removed with the last of them", async () => {
    const most = mostListeners(cleanup);
    const { signal } = new AbortController();
    const left = countListeners(signal);
    const ends: (() => void)[] = [];
    const held = step({ name: "held", run: () => new Promise<void>((end) => void ends.push(end)) });
    const runs = eleven.map(() => held.run({}, { signal }));
    await drain();
    assertEquals(left(), 1);
    ends.pop()!();
    await Promise.race(runs);
    assertEquals(left(), 1);
    for (const end of ends) end();
    for (const result of await Promise.all(runs)) dataOf(result);
    assertEquals([left(), most()], [0, 1]);
  });

  it("are all aborted by it, each with an error of its own", async () => {
    const aborter = new AbortController();
    const runs = eleven.map(({ n }) =>
      step({ name: `held ${n}`, run: never }).run({}, { signal: aborter.signal })
    );
    await drain();
    aborter.abort("gone");
    for (const [n, result] of (await Promise.all(runs)).entries()) {
      const { error } = failureOf(result);
      assertInstanceOf(error, AbortedError);
      assertEquals(error.cause, "gone");
      assert(error.message.includes(`'held ${n}'`), error.message);
    }
  });

  it("can follow one another: a signal whose runs have ended may be used again", async () => {
    const aborter = new AbortController();
    const { signal } = aborter;
    dataOf(await step({ name: "first", run: () => Promise.resolve() }).run({}, { signal }));
    const second = step({ name: "second", run: never }).run({}, { signal });
    aborter.abort();
    assert(isRunsheetError(failureOf(await second).error, "ABORTED"));
  });
});

describe("a signal that is incomplete", () => {
  const gone = new Error("gone");
  const ended = { aborted: false, reason: undefined, removeEventListener() {} };

  async function runOn(signal: object) {
    const s = step({ name: "s", run: () => Promise.resolve({ done: true }) });
    return await s.run({}, { signal } as RunOptions);
  }

  it("may lack removeEventListener", async () => {
    const result = await runOn({ aborted: false, addEventListener() {} });
    assertEquals(dataOf(result), { done: true });
  });

  it("may have one that throws", async () => {
    const removeEventListener = () => {
      throw gone;
    };
    const result = await runOn({ aborted: false, addEventListener() {}, removeEventListener });
    assertEquals(dataOf(result), { done: true });
  });

  it("fails the run when it cannot be listened to", async () => {
    const addEventListener = () => {
      throw gone;
    };
    const failure = failureOf(await runOn({ ...ended, addEventListener }));
    assertStrictEquals(failure.error, gone);
    assertEquals(failure.failedStep, "<options>");
  });

  it("fails the run when it does not say whether it has aborted", async () => {
    const signal = { addEventListener() {}, removeEventListener() {} };
    Object.defineProperty(signal, "aborted", {
      get() {
        throw gone;
      },
    });
    assertStrictEquals(failureOf(await runOn(signal)).error, gone);
  });

  it("aborts the run for the error that its reason throws", async () => {
    let abort = () => {};
    const addEventListener = (_type: string, listener: () => void) => abort = listener;
    const signal = Object.defineProperty({ ...ended, addEventListener }, "reason", {
      get() {
        throw gone;
      },
    });
    const running = step({ name: "s", run: never }).run({}, { signal } as unknown as RunOptions);
    abort();
    const { error } = failureOf(await running);
    assert(isRunsheetError(error, "ABORTED"));
    assertStrictEquals(error.cause, gone);
  });
});

describe("an abort after the end", () => {
  const gone = new Error("gone");
  const over: Record<string, (s: AnyStep) => AnyStep> = {
    "a step": (s) => s,
    "a pipeline with a timeout": (s) =>
      pipeline({ name: "timed", timeout: 10_000, steps: [s] as const }),
    "a step with a timeout": (s) => s,
    "a group": (s) => parallel(s),
    "an item": (s) => map("out", () => [{}], s),
  };
  for (const [what, inside] of Object.entries(over)) {
    for (const when of what === "a step" ? ["in time"] : ["in time", "only then"]) {
      it(`of ${what} does not reach the signal of a step in it that is read ${when}`, async () => {
        const aborter = new AbortController();
        const infos: RunInfo[] = [];
        const keeping = step({
          name: "keeping",
          timeout: what === "a step with a timeout" ? 10_000 : undefined,
          run: (_ctx, info) => {
            infos.push(info);
            if (when === "in time") info.signal.throwIfAborted();
          },
        });
        let isAborted: boolean | undefined;
        const abort = step({
          name: "abort",
          run: () => {
            const { signal } = infos[0]!;
            aborter.abort(gone);
            isAborted = signal.aborted;
          },
        });
        const steps: readonly AnyStep[] = [inside(keeping), abort];
        const p = pipeline({ name: "p", steps });
        failureOf(await p.run({}, { signal: aborter.signal }));
        assertEquals(isAborted, false);
      });
    }
  }
});
