// Which failures of a group count: genuine ones, but not those of code that stopped because another
// branch had failed.
import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  isRunsheetError,
  map,
  type Middleware,
  parallel,
  pipeline,
  step,
  unwrap,
} from "@runsheet/runsheet";
import { deferred, drain, never } from "../support/deferred.ts";
import { failureOf } from "../support/results.ts";

const boom = new Error("boom");

type Beside = (getSignal: () => AbortSignal, isOver: Promise<void>) => unknown;

/** The error of a group in which one branch fails while another is still running. */
async function groupError(beside: Beside, middleware: Middleware[] = []): Promise<Error> {
  const over = deferred();
  const failing = step({
    name: "failing",
    run: async () => {
      await drain();
      throw boom;
    },
  });
  const other = step({
    name: "other",
    run: async (_ctx, info) => {
      await beside(() => info.signal, over.promise);
    },
  });
  const branch = pipeline({ name: "branch", steps: [other], middleware });
  const running = pipeline({ name: "p", steps: [parallel(failing, branch)] }).run();
  await drain();
  await drain();
  over.resolve();
  return failureOf(await running).error;
}

/** Waits for the signal, and throws an error made from its reason. */
function stopWith(make: (reason: Error) => unknown): Beside {
  return (getSignal) => {
    const signal = getSignal();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(make(signal.reason)));
    });
  };
}

function rethrown(cause: unknown): Error {
  return new Error("wrapped", { cause });
}

const abortError = () => new DOMException("aborted", "AbortError");

describe("code that stops because another branch has failed", () => {
  const stops: Record<string, Beside> = {
    "throws the signal's reason": stopWith((reason) => reason),
    "throws an error with that reason as its cause": stopWith(rethrown),
    "throws an error with that reason deep among its causes": stopWith((reason) =>
      rethrown(rethrown(rethrown(reason)))
    ),
    "throws an AbortError of a library that has read the signal": stopWith(abortError),
    "waits for a timer with the signal": (getSignal) =>
      delay(60_000, undefined, { signal: getSignal() }),
    "aborts a controller of its own when its signal does": (getSignal) => {
      const own = new AbortController();
      getSignal().addEventListener("abort", () => own.abort());
      return new Promise((_resolve, reject) => {
        own.signal.addEventListener("abort", () => reject(own.signal.reason));
      });
    },
    "has started a run of its own with the signal": async (getSignal) => {
      const held = step({ name: "held", run: never });
      unwrap(await held.run({}, { signal: getSignal() }));
    },
  };
  for (const [how, beside] of Object.entries(stops)) {
    it(`has not failed by itself when it ${how}`, async () => {
      assertStrictEquals(await groupError(beside), boom);
    });
  }

  it("has not failed by itself when a middleware wraps what it throws", async () => {
    const wrapping: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success ? result : { ...result, error: rethrown(result.error) };
    };
    assertStrictEquals(await groupError(stopWith((reason) => reason), [wrapping]), boom);
  });

  it("is reported to a middleware with the reason for which it was aborted", async () => {
    const seen: unknown[] = [];
    const watching: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      if (!result.success) {
        seen.push(isRunsheetError(result.error, "ABORTED") && result.error.cause);
      }
      return result;
    };
    await groupError(stopWith(abortError), [watching]);
    assertEquals(seen, [boom]);
  });
});

describe("code that fails after another branch has failed", () => {
  const own = new Error("own");
  const circular = new Error("circular");
  circular.cause = circular;
  const hostile = Object.defineProperty(new Error("hostile"), "name", {
    get() {
      throw own;
    },
  });
  const fails: Record<string, [Error, "with" | "without"]> = {
    "an error": [own, "with"],
    "an AbortError, which cannot come from the signal": [abortError(), "without"],
    "an AbortError caused by another signal": [
      Object.assign(rethrown(new Error("another")), { name: "AbortError" }),
      "with",
    ],
    "an error that is its own cause": [circular, "with"],
    "an error whose name cannot be read": [hostile, "with"],
  };
  for (const [what, [error, signal]] of Object.entries(fails)) {
    it(`has failed as well when it throws ${what} (${signal} its signal)`, async () => {
      const failure = await groupError(async (getSignal, isOver) => {
        if (signal === "with") getSignal();
        await isOver;
        throw error;
      });
      assertInstanceOf(failure, AggregateError);
      assertEquals(failure.errors.length, 2);
      assertStrictEquals(failure.errors[0], boom);
      assertStrictEquals(failure.errors[1], error);
    });
  }

  it("has failed as well when its effects cannot be undone as a middleware recovers", async () => {
    const stuck = new Error("stuck");
    const recovering: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success ? result : { success: true, data: {} };
    };
    const failing = step({
      name: "failing",
      run: async () => {
        await drain();
        throw boom;
      },
    });
    const stopping = step({
      name: "stopping",
      run: async (_ctx, { signal, defer }) => {
        defer(() => Promise.reject(stuck));
        await stopWith((reason) => reason)(() => signal, never());
      },
    });
    const branch = pipeline({ name: "branch", steps: [stopping], middleware: [recovering] });
    const { error } = failureOf(
      await pipeline({ name: "p", steps: [parallel(failing, branch)] }).run(),
    );
    assertInstanceOf(error, AggregateError);
    const [first, second] = error.errors;
    assertStrictEquals(first, boom);
    assert(isRunsheetError(second, "ROLLBACK"));
    assertEquals(second.causes, [stuck]);
  });
});

describe("an item's own AbortError", () => {
  it("fails the group even if the item had read its signal, when nothing has aborted it", async () => {
    const own = abortError();
    const each = map("out", () => [0, 1], (_n, _ctx, { signal }) => {
      signal.throwIfAborted();
      throw own;
    }, { onFailure: "settle" });
    const { error } = failureOf(await each.run({}));
    assertInstanceOf(error, AggregateError);
    assertStrictEquals(error.errors[0], own);
    assertStrictEquals(error.errors[1], own);
  });

  it("is listed beside the failures of the others, if they have not aborted it", async () => {
    const own = Object.assign(new Error("my own connection was reset"), { name: "AbortError" });
    const gates = [deferred(), deferred()];
    const running = map("out", () => [0, 1], (n) => gates[n]!.promise).run({});
    await drain();
    gates[0]!.reject(boom);
    await drain();
    gates[1]!.reject(own);
    const { error } = failureOf(await running);
    assertInstanceOf(error, AggregateError);
    assertStrictEquals(error.errors[0], boom);
    assertStrictEquals(error.errors[1], own);
  });
});
