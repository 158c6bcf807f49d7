import process from "node:process";
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type Host,
  type Middleware,
  type Outcome,
  parallel,
  permanent,
  pipeline,
  type Result,
  step,
  TimeoutError,
} from "@runsheet/runsheet";
import { checkout, type Effects } from "../support/checkout.ts";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost, ReplayingHost, SuspendingHost, throughJson } from "../support/hosts.ts";
import { dataOf, failureOf, plainOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

const observe: Middleware = (_step, next) => (ctx) => next(ctx);
const replace: Middleware = ({ name }, next) => async (ctx) => {
  const result = await next(ctx);
  return result.success && name === "log" ? { success: true, data: { logged: true } } : result;
};
const recover: Middleware = ({ name }, next) => async (ctx) => {
  const result = await next(ctx);
  return !result.success && name === "ship" ? { success: true, data: { shipped: false } } : result;
};
const shortCircuit: Middleware = ({ name }, next) => (ctx) =>
  name === "reserve" ? { success: true, data: { reservation: "known" } } : next(ctx);

const cases = {
  "a success, with a retry and deferred undos": {},
  "a failure and its rollback": { fails: true },
  "a rollback that fails in part": { fails: true, refunds: false },
  "a middleware that observes": { fails: true, middleware: [observe] },
  "a middleware that replaces data": { middleware: [replace] },
  "a middleware that recovers": { fails: true, middleware: [recover, observe] },
  "a middleware that answers for a step": { fails: true, middleware: [shortCircuit] },
};

/** Returns the rejection of a run; fails if the run returns a result. */
async function rejection(run: Promise<unknown>): Promise<unknown> {
  const rejected = await run.then(() => undefined, (reason) => ({ reason }));
  assert(rejected, "the run did not reject");
  return rejected.reason;
}

describe("a run that is replayed from its record", () => {
  for (const [name, options] of Object.entries(cases)) {
    it(`returns an equal result and starts nothing again: ${name}`, async () => {
      const effects: Effects = [];
      const one = checkout(effects, options);
      const recording = new RecordingHost();
      const first = await one.run({ sku: "tea" }, { host: recording });
      const count = effects.length;
      assert(count > 0);
      const host = new ReplayingHost(recording.outcomes);
      const second = await one.run({ sku: "tea" }, { host });
      assertEquals(plainOf(second), plainOf(first));
      assertEquals(effects.length, count);
      assertEquals(host.unused, []);
    });

    it(`returns an equal result when the record is stored as JSON: ${name}`, async () => {
      const recording = new RecordingHost();
      const one = checkout([], options);
      const first = await one.run({ sku: "tea" }, { host: recording });
      const host = new ReplayingHost(throughJson(recording.outcomes));
      const second = await one.run({ sku: "tea" }, { host });
      assertEquals(JSON.stringify(plainOf(second)), JSON.stringify(plainOf(first)));
      assertEquals(host.unused, []);
      if (first.success) return;
      const messages = (result: Result<unknown>) => {
        const { error, rollback } = failureOf(result);
        return [error, ...rollback.failed.map(({ error }) => error)].map(({ message }) => message);
      };
      assertEquals(messages(second), messages(first));
    });
  }

  it("ends its retries where they ended: the record says that an error was permanent", async () => {
    let attempts = 0;
    const s = step({
      name: "s",
      retry: { count: 3 },
      run: () => {
        attempts++;
        throw permanent(new Error("declined"));
      },
    });
    const recording = new RecordingHost();
    const first = failureOf(await s.run({}, { host: recording }));
    const host = new ReplayingHost(throughJson(recording.outcomes));
    const second = failureOf(await s.run({}, { host }));
    assertEquals([attempts, first.error.message, second.error.message], [
      1,
      "declined",
      "declined",
    ]);
    assertEquals(host.unused, []);
  });

  it("fails when the record does not have a call", async () => {
    const reason = await rejection(
      checkout([], {}).run({ sku: "tea" }, { host: new ReplayingHost(new Map()) }),
    );
    assertEquals(
      (reason as Error).message,
      "Cannot replay 'reserve@1' as it must be in the record, once",
    );
  });
});

describe("a run that its host suspends", () => {
  const ids = async (): Promise<string[]> => {
    const host = new RecordingHost();
    await checkout([], { fails: true }).run({ sku: "tea" }, { host });
    return [...host.ids, ...host.sleeps.map(({ id }) => id)];
  };

  it("rejects with the same reason at any call or wait, and nothing is called afterwards", async () => {
    const all = await ids();
    assertEquals(all.length, 13);
    const uninterrupted: Effects = [];
    await checkout(uninterrupted, { fails: true }).run({ sku: "tea" }, {
      host: new RecordingHost(),
    });
    for (const stop of all) {
      const effects: Effects = [];
      const recording = new RecordingHost();
      const host = new SuspendingHost(recording, (id) => id === stop);
      const one = checkout(effects, { fails: true });
      assertStrictEquals(await rejection(one.run({ sku: "tea" }, { host })), host.reason);
      const made = [...recording.ids];
      const count = effects.length;
      await drain();
      assertEquals(recording.ids, made, `something was called after ${stop}`);
      assertEquals(host.after, [], `something was asked of the host after ${stop}`);
      assertEquals(effects.length, count);
      assertEquals(effects, uninterrupted.slice(0, count));
      assert(count < uninterrupted.length);
      assert(!made.includes(stop));
    }
  });

  it("rejects even when a middleware catches and hides it", async () => {
    const hide: Middleware = (_step, next) => async (ctx) => {
      try {
        return await next(ctx);
      } catch {
        return { success: true, data: { reservation: "hidden", charge: "hidden" } };
      }
    };
    for (const stop of await ids()) {
      const recording = new RecordingHost();
      const host = new SuspendingHost(recording, (id) => id === stop);
      const one = checkout([], { fails: true, middleware: [hide] });
      assertStrictEquals(await rejection(one.run({ sku: "tea" }, { host })), host.reason);
      assertEquals(host.after, [], `something was asked of the host after ${stop}`);
    }
  });

  it("rejects in the same way when a nested pipeline has the middleware that hides it", async () => {
    const hide: Middleware = (_step, next) => async (ctx) => {
      await Promise.resolve(next(ctx)).catch(() => {});
      return { success: true, data: {} };
    };
    const a = step({ name: "a", run: () => {}, rollback: () => {} });
    const inner = pipeline({ name: "inner", steps: [a, a], middleware: [hide] });
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "inner/a@1");
    const one = pipeline({ name: "p", steps: [inner, a] });
    assertStrictEquals(await rejection(one.run({}, { host })), host.reason);
    assertEquals(host.after, []);
  });

  it("calls nothing for attempts that land after the suspension", async () => {
    const controller = new AbortController();
    const gate = deferred();
    let undone = 0;
    const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
    const slow = step({
      name: "slow",
      run: () => {
        controller.abort();
        return gate.promise;
      },
      rollback: () => void undone++,
    });
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "reserve!undo");
    const watches: Promise<unknown>[] = [];
    const run = pipeline({ name: "p", steps: [reserve, slow] }).run({}, {
      host,
      signal: controller.signal,
      waitUntil: (watch) => void watches.push(watch),
    });
    assertStrictEquals(await rejection(run), host.reason);
    gate.resolve();
    await Promise.all(watches);
    assertEquals(watches.length, 1);
    assertEquals(host.after, []);
    assertEquals(undone, 0);
  });

  it("makes no call for a branch beside the one that was suspended", async () => {
    const gate = deferred();
    const stopped = step({ name: "stopped", run: () => {} });
    const first = step({ name: "first", run: () => gate.promise, rollback: () => {} });
    const second = step({ name: "second", run: () => {} });
    const branch = pipeline({ name: "branch", steps: [first, second] });
    const recording = new RecordingHost();
    const host = new SuspendingHost(recording, (id) => id.endsWith("stopped@1"));
    const rejected = rejection(
      pipeline({ name: "p", steps: [parallel(branch, stopped)] }).run({}, { host }),
    );
    await drain();
    gate.resolve();
    assertStrictEquals(await rejected, host.reason);
    await drain();
    assertEquals(recording.ids, ["parallel(branch, stopped)/branch/first@1"]);
    assertEquals(host.after, []);
  });

  it("leaves no rejection unhandled when a middleware does not wait", async () => {
    const careless: Middleware = (_step, next) => (ctx) => {
      next(ctx);
      return { success: true, data: {} };
    };
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const one = pipeline({ name: "p", steps: [checkout([], {})], middleware: [careless] });
      const host = new SuspendingHost(new RecordingHost(), () => true);
      assertStrictEquals(await rejection(one.run({ sku: "tea" }, { host })), host.reason);
      await drain();
    } finally {
      process.off("unhandledRejection", note);
    }
    assertEquals(unhandled, []);
  });

  for (const reason of [undefined, null, "later", Symbol("suspended"), { ok: true }]) {
    it(`rejects with a reason that is not an Error: ${String(reason)}`, async () => {
      const one = checkout([], {});
      const perform = () => Promise.reject(reason);
      const sleep = () => Promise.reject(reason);
      const suspendsCalls: Host = { perform, sleep: () => Promise.resolve() };
      const suspendsWaits: Host = { perform: (_call, fn) => fn(), sleep };
      for (const host of [suspendsCalls, suspendsWaits]) {
        assertStrictEquals(await rejection(one.run({ sku: "tea" }, { host })), reason);
      }
    });
  }

  it("rejects with the error that a host throws synchronously", async () => {
    const reason = new Error("thrown");
    const fail = (): never => {
      throw reason;
    };
    for (const host of [{ perform: fail, sleep: fail }]) {
      assertStrictEquals(
        await rejection(checkout([], {}).run({ sku: "tea" }, { host })),
        reason,
      );
    }
  });

  it("rejects when it is suspended while its signal aborts a wait", async () => {
    const controller = new AbortController();
    const reason = new Error("suspended");
    const host: Host = {
      perform: (call, fn) => call.kind === "undo" ? Promise.reject(reason) : fn(),
      sleep: () => {
        controller.abort();
        return Promise.resolve();
      },
    };
    const run = checkout([], {}).run({ sku: "tea" }, { host, signal: controller.signal });
    assertStrictEquals(await rejection(run), reason);
  });

  it("rejects when its signal aborts a wait during which it was suspended", async () => {
    const controller = new AbortController();
    const reason = new Error("suspended");
    const tooLong = new AbortController();
    const landed = deferred();
    const suspended = deferred();
    const slow = step({
      name: "slow",
      retry: { count: 1, delay: 1_000 },
      run: async (_ctx, { defer }) => {
        await landed.promise;
        defer(() => {});
        throw new Error("too late");
      },
    });
    const host: Host = {
      perform: (call, fn) => {
        if (call.kind !== "undo") return fn(tooLong.signal);
        suspended.resolve();
        return Promise.reject(reason);
      },
      sleep: (_call, _ms, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          landed.resolve();
        }),
    };
    const run = rejection(slow.run({}, { host, signal: controller.signal }));
    tooLong.abort(new TimeoutError("too long", 1));
    await suspended.promise;
    await drain();
    controller.abort();
    assertStrictEquals(await run, reason);
  });
});

describe("a run that is resumed with the record from before its suspension", () => {
  for (const fails of [false, true]) {
    it(`has the same result, each effect once (${fails ? "failure" : "success"})`, async () => {
      const uninterrupted: Effects = [];
      const complete = new RecordingHost();
      // Deferred undos cannot be resumed, so an attempt and its undo must be on the same side.
      const args = { sku: "tea" };
      const whole = await checkout(uninterrupted, { fails }).run(args, { host: complete });
      const resumable = complete.ids.filter((_id, n) =>
        !complete.ids.slice(n).some((id) => id.includes("!defer"))
      );
      assert(resumable.length > 1);
      const before = complete.ids.slice(
        0,
        complete.ids.findIndex((id) => id.includes("charge")) + 1,
      );
      for (const stop of [...before, ...resumable]) {
        const effects: Effects = [];
        const one = checkout(effects, { fails });
        const first = new RecordingHost();
        await rejection(one.run(args, { host: new SuspendingHost(first, (id) => id === stop) }));
        const second = new RecordingHost(first.outcomes);
        assertEquals(
          JSON.stringify(plainOf(await one.run(args, { host: second }))),
          JSON.stringify(plainOf(whole)),
        );
        assertEquals(effects, uninterrupted, `suspended at ${stop}`);
      }
    });
  }

  it("may be resumed again and again, one call at a time", async () => {
    const effects: Effects = [];
    const done = step({
      name: "done",
      run: () => void effects.push("done"),
      rollback: () => void effects.push("undone"),
    });
    const fail = step({
      name: "fail",
      retry: { count: 2, delay: 1 },
      run: () => {
        effects.push("failed");
        throw boom;
      },
    });
    const one = pipeline({
      name: "p",
      steps: [done, pipeline({ name: "q", steps: [done] }), fail],
    });
    let known = new Map<string, Outcome>();
    for (let calls = 0;; calls++) {
      const recording = new RecordingHost(known);
      const host = new SuspendingHost(
        recording,
        (id) =>
          !id.endsWith("!wait") && !known.has(id) && recording.ids.some((id) => !known.has(id)),
      );
      const ended = await one.run({}, { host }).catch(() => undefined);
      known = recording.outcomes;
      if (!ended) continue;
      assertEquals(calls, 6);
      assertEquals(failureOf(ended).rollback.completed, ["q/done", "done"]);
      break;
    }
    assertEquals(effects, ["done", "done", "failed", "failed", "failed", "undone", "undone"]);
  });

  it("keeps its data", async () => {
    const first = new RecordingHost();
    const one = checkout([], {});
    const stops = (id: string) => id === "ship@1";
    await rejection(one.run({ sku: "tea" }, { host: new SuspendingHost(first, stops) }));
    const host = new RecordingHost(throughJson(first.outcomes));
    const data = dataOf(await one.run({ sku: "tea" }, { host }));
    assertEquals(data, { sku: "tea", reservation: "one tea", charge: "paid" });
  });
});
