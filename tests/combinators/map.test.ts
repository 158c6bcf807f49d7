import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import {
  AbortedError,
  choice,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  RequiresValidationError,
  type Step,
  step,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

const users = [{ email: "ann" }, { email: "bob" }, { email: "cy" }];

/** A step for an email that logs its effects and undos, and rejects some emails. */
function sender(log: unknown[], ...refused: string[]) {
  return step({
    name: "send",
    run: async ({ email }: { email: string }) => {
      await Promise.resolve();
      if (refused.includes(email)) throw new Error(`no ${email}`);
      log.push(email);
      return { sent: `to ${email}` };
    },
    rollback: (_ctx, { sent }) => void log.push(`undo ${sent}`),
  });
}

describe("map with a function", () => {
  it("collects the function's results under the key, and keeps the rest of the context", async () => {
    const lengths = map("lengths", (ctx: { words: string[] }) => ctx.words, (word) => word.length);
    const p = pipeline({ name: "p", steps: [lengths] });
    assertEquals(dataOf(await p.run({ words: ["a", "bcd"] })), {
      words: ["a", "bcd"],
      lengths: [1, 3],
    });
  });

  it("keeps the order of the items whichever finishes first", async () => {
    const gates = [deferred(), deferred(), deferred()];
    const finished: number[] = [];
    const each = map("out", () => [0, 1, 2], async (n) => {
      await gates[n]?.promise;
      finished.push(n);
      return `n${n}`;
    });
    const running = each.run({});
    for (const n of [2, 0, 1]) {
      gates[n]?.resolve();
      await drain();
    }
    assertEquals(dataOf(await running), { out: ["n0", "n1", "n2"] });
    assertEquals(finished, [2, 0, 1]);
  });

  it("gives the function the item, the frozen context and the index", async () => {
    const given: unknown[] = [];
    const each = map("out", () => ["a", "b"], (item, ctx: { factor: number }, { index }) => {
      given.push([item, ctx, Object.isFrozen(ctx), index]);
    });
    dataOf(await each.run({ factor: 2 }));
    assertEquals(given, [["a", { factor: 2 }, true, 0], ["b", { factor: 2 }, true, 1]]);
  });

  it("gives each item an idempotency key of its own, which is the same in every run of that id", async () => {
    const keys: string[] = [];
    const each = map("emails", () => users, (_user, _ctx, { key }) => void keys.push(key));
    const p = pipeline({ name: "p", steps: [pipeline({ name: "inner", steps: [each] })] });
    const expected = [0, 1, 2].map((index) => `r1/p/inner/map(emails)[${index}]`);
    await p.run({}, { runId: "r1" });
    assertEquals(keys.splice(0), expected);
    await p.run({}, { runId: "r1" });
    assertEquals(keys.splice(0), expected);
    await p.run();
    assertNotEquals(keys, expected);
  });

  it("runs the undos that the items deferred in the reverse order of the items, whichever finished first", async () => {
    const gates = [deferred(), deferred(), deferred()];
    const undone: unknown[] = [];
    const each = map("emails", () => [0, 1, 2], async (n, _ctx, { defer }) => {
      await gates[n]?.promise;
      defer(() => undone.push(`${n} first`));
      defer(({ error, key }) => undone.push(`${n} then`, error, key));
    });
    const running = pipeline({ name: "p", steps: [each, failAsync] }).run({}, { runId: "r" });
    for (const n of [1, 0, 2]) {
      gates[n]?.resolve();
      await drain();
    }
    const { rollback } = failureOf(await running);
    const undo = (n: number) => [
      `${n} then`,
      boom,
      `r/p/map(emails)[${n}]@1!defer2`,
      `${n} first`,
    ];
    assertEquals(undone, [...undo(2), ...undo(1), ...undo(0)]);
    const path = (n: number) => `map(emails)[${n}] (deferred)`;
    assertEquals(rollback.completed, [2, 2, 1, 1, 0, 0].map(path));
  });

  it("also runs the undos that a failed item had deferred", async () => {
    const undone: number[] = [];
    const each = map("out", () => [0, 1], (n, _ctx, { defer }) => {
      defer(() => undone.push(n));
      if (n === 1) throw boom;
    });
    const { error, failedStep } = failureOf(await pipeline({ name: "p", steps: [each] }).run());
    assertStrictEquals(error, boom);
    assertEquals(failedStep, "map(out)[1]");
    assertEquals(undone, [1, 0]);
  });

  it("fails with all errors in the order of the items when several fail", async () => {
    const gates = [deferred(), deferred(), deferred()];
    const errors = [new Error("zero"), new Error("one"), new Error("two")];
    const running = map("out", () => [0, 1, 2], (n) => gates[n]?.promise).run({});
    for (const n of [2, 0, 1]) {
      gates[n]?.reject(errors[n]);
      await drain();
    }
    const { error, failedStep } = failureOf(await running);
    assertInstanceOf(error, AggregateError);
    assertEquals(error.errors, errors);
    assertEquals(
      error.message,
      "Cannot finish 'map(out)' as none of it must fail: Error: zero; Error: one; Error: two",
    );
    assertEquals(failedStep, "map(out)");
  });

  it("does not count items that stopped because they were aborted", async () => {
    const stops: Record<string, (signal: AbortSignal) => unknown> = {
      reason: (signal) => signal.reason,
      "an AbortError": () => new DOMException("stopped", "AbortError"),
      "an error it caused": (signal) => new Error("stopped", { cause: signal.reason }),
    };
    const each = map(
      "out",
      () => ["boom", ...Object.keys(stops)],
      async (how, _ctx, { signal }) => {
        if (how === "boom") throw boom;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw stops[how]?.(signal);
      },
    );
    const { error, failedStep } = failureOf(await each.run({}));
    assertStrictEquals(error, boom);
    assertEquals(failedStep, "map(out)[0]");
  });

  it("fails with the user's own AbortError as with any other error", async () => {
    const own = new DOMException("the user's", "AbortError");
    for (const onFailure of ["abort", "settle"] as const) {
      const each = map("out", () => [0, 1], (n) => n === 1 ? Promise.reject(own) : n, {
        onFailure,
      });
      const { error, failedStep } = failureOf(await each.run({}));
      assertStrictEquals(error, own, onFailure);
      assertEquals(failedStep, "map(out)[1]");
    }
  });

  it("gives the items in flight the reason for the abort", async () => {
    const reasons: unknown[] = [];
    const each = map("out", () => [0, 1], async (n, _ctx, { signal }) => {
      if (n === 0) throw boom;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
    });
    failureOf(await each.run({}));
    assertInstanceOf(reasons[0], AbortedError);
    assertEquals(
      reasons[0].message,
      "Cannot go on in 'map(out)' as none of it must fail: Error: boom",
    );
    assertStrictEquals(reasons[0].cause, boom);
  });

  it("is among the steps executed when its collection throws, as the user's code was called", async () => {
    const each = map("out", (): number[] => {
      throw boom;
    }, (n) => n);
    const { meta } = failureOf(await pipeline({ name: "p", steps: [each] }).run());
    assertEquals(meta.stepsExecuted, ["map(out)"]);
  });

  it("asks the host for each item by its path", async () => {
    const host = new RecordingHost();
    const each = map("emails", () => ["a", "b"], (_item, _ctx, { defer }) => defer(() => {}));
    await pipeline({ name: "p", steps: [each, failAsync] }).run({}, { host });
    assertEquals(host.calls.map(({ id, kind, path }) => [id, kind, path]), [
      ["map(emails)[0]", "item", "map(emails)[0]"],
      ["map(emails)[1]", "item", "map(emails)[1]"],
      ["fail@1", "attempt", "fail"],
      ["map(emails)[1]@1!defer1", "undo", "map(emails)[1] (deferred)"],
      ["map(emails)[0]@1!defer1", "undo", "map(emails)[0] (deferred)"],
    ]);
  });
});

describe("map with a step", () => {
  it("spreads the item over the context, and collects the step's outputs", async () => {
    const seen: unknown[] = [];
    const look = step({
      name: "look",
      run: (ctx: { email: string; from: string }) => {
        seen.push(ctx);
        return { length: ctx.email.length };
      },
    });
    const each = map("out", () => users.slice(0, 2), look);
    const p = pipeline({ name: "p", steps: [each] });
    const data = dataOf(await p.run({ from: "me", email: "hidden" } as { from: string }));
    assertEquals(data.out, [{ length: 3 }, { length: 3 }]);
    assertEquals(seen, [{ from: "me", email: "ann" }, { from: "me", email: "bob" }]);
    assert(Object.isFrozen(seen[0]));
  });

  it("binds the item to the key that 'as' names", async () => {
    const double = step({ name: "double", run: ({ n }: { n: number }) => ({ m: n * 2 }) });
    assertEquals(dataOf(await map("out", () => [1, 2], double, { as: "n" }).run({})).out, [
      { m: 2 },
      { m: 4 },
    ]);
  });

  it("does not copy or freeze an item that 'as' binds", async () => {
    const items = [{ tags: [1] }];
    const look = step({ name: "look", run: ({ item }: { item: unknown }) => ({ item }) });
    const { out } = dataOf(await map("out", () => items, look, { as: "item" }).run({}));
    assertStrictEquals(out[0]?.item, items[0]);
    assertEquals(Object.isFrozen(items[0]), false);
  });

  for (
    const [item, shown] of [["bob", '"bob"'], [5, "5"], [null, "null"], [[1], "an array of 1"]]
  ) {
    it(`fails when an item is ${shown}, and undoes the others`, async () => {
      const log: unknown[] = [];
      const each = map("emails", () => [{ email: "ann" }, item as never], sender(log));
      const p = pipeline({ name: "p", steps: [each] });
      const { error, failedStep, rollback } = failureOf(await p.run({ email: "" } as never));
      assertInstanceOf(error, RequiresValidationError);
      assertEquals(
        error.message,
        "Cannot run 'map(emails)[1]' as its item, which 'as' does not name, must be an object of " +
          `keys: current value is ${shown}`,
      );
      assertEquals(failedStep, "map(emails)[1]");
      assertEquals(rollback.completed, ["map(emails)[0]/send"]);
      assertEquals(log, ["ann", "undo to ann"]);
    });
  }

  it("validates each item, and names the one that is wrong", async () => {
    const send = step({ name: "send", requires: type({ email: "string" }), run: () => {} });
    const each = map("emails", () => [{ email: "ann" }, { email: 5 }] as { email: string }[], send);
    const { error, failedStep } = failureOf(await each.run({}));
    assert(isRunsheetError(error, "REQUIRES_VALIDATION"));
    assertEquals(failedStep, "map(emails)[1]/send");
  });

  it("gives each undo the context and output of its own item, in reverse order of the items", async () => {
    const gates = users.map(() => deferred());
    const seen = new Map<string, unknown[]>();
    const undone: string[] = [];
    const send = step({
      name: "sendEmail",
      run: async (ctx: { email: string }) => {
        await gates[users.findIndex(({ email }) => email === ctx.email)]?.promise;
        const output = { id: `id of ${ctx.email}` };
        seen.set(ctx.email, [ctx, output]);
        return output;
      },
      rollback: (ctx, output) => {
        undone.push(ctx.email);
        assertStrictEquals(ctx, seen.get(ctx.email)?.[0]);
        assertEquals(output, seen.get(ctx.email)?.[1] as typeof output);
      },
    });
    const running = pipeline({ name: "p", steps: [map("emails", () => users, send), failAsync] })
      .run();
    for (const n of [1, 2, 0]) {
      gates[n]?.resolve();
      await drain();
    }
    const { rollback } = failureOf(await running);
    assertEquals(undone, ["cy", "bob", "ann"]);
    assertEquals(rollback, {
      completed: [2, 1, 0].map((n) => `map(emails)[${n}]/sendEmail`),
      failed: [],
    });
  });

  it("retries each item by the step's retry policy", async () => {
    const attempts: string[] = [];
    const send = step({
      name: "send",
      retry: { count: 1 },
      run: ({ email }: { email: string }, { attempt }) => {
        attempts.push(`${email} ${attempt}`);
        if (attempt === 1) throw boom;
      },
    });
    dataOf(await map("out", () => users.slice(0, 2), send, { concurrency: 1 }).run({}));
    assertEquals(attempts, ["ann 1", "ann 2", "bob 1", "bob 2"]);
  });

  it("may run a pipeline or another combinator for each item, all undone under their paths", async () => {
    const log: unknown[] = [];
    const send = sender(log);
    const steps: Record<string, Step<string, { email: string }, object>> = {
      "/inner/send": pipeline({ name: "inner", steps: [send] }),
      "/when(send)/send": when(() => true, send),
      "/choice(send)/send": choice([() => true, send]),
      "/parallel(send)/send": parallel(send),
      "/map(again)[0]/send": map("again", (_ctx: { email: string }) => [{}], send),
    };
    for (const [path, each] of Object.entries(steps)) {
      const p = pipeline({
        name: "p",
        steps: [map("out", () => users, each), failAsync],
      });
      const { rollback } = failureOf(await p.run());
      assertEquals(rollback.completed, [2, 1, 0].map((n) => `map(out)[${n}]${path}`));
    }
  });

  it("asks the host for each attempt by its path", async () => {
    const host = new RecordingHost();
    const p = pipeline({
      name: "p",
      steps: [map("emails", () => users.slice(1), sender([])), failAsync],
    });
    await p.run({}, { host });
    assertEquals(host.calls.map(({ id, kind }) => [id, kind]), [
      ["map(emails)[0]/send@1", "attempt"],
      ["map(emails)[1]/send@1", "attempt"],
      ["fail@1", "attempt"],
      ["map(emails)[1]/send!undo", "undo"],
      ["map(emails)[0]/send!undo", "undo"],
    ]);
  });
});
