import { describe, it } from "node:test";
import { assertType, type IsExact } from "@std/testing/types";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ConfigError,
  distribute,
  type ItemFailure,
  map,
  parallel,
  pipeline,
  RequiresValidationError,
  type Step,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { Flights } from "../support/collections.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

const sendEmail = step({
  name: "sendEmail",
  requires: type({ accountId: "string", orgId: "string" }),
  provides: type({ emailId: "string" }),
  run: ({ accountId, orgId }) => ({ emailId: `${orgId}/${accountId}` }),
});
const report = step({
  name: "report",
  run: ({ account, region }: { account: string; region: string }) => ({ id: account + region }),
});

describe("distribute", () => {
  it("runs the step for every item of a list, bound to the key that the step requires", async () => {
    const emails = distribute("emails", { accountIds: "accountId" }, sendEmail);
    const p = pipeline({ name: "p", steps: [emails] });
    const args = { orgId: "o1", accountIds: ["a1", "a2"] };
    assertEquals(dataOf(await p.run(args)), {
      ...args,
      emails: [{ emailId: "o1/a1" }, { emailId: "o1/a2" }],
    });
  });

  it("runs it for every combination of several lists, the first varying slowest", async () => {
    const reports = distribute("reports", { accounts: "account", regions: "region" }, report);
    const { reports: ids } = dataOf(
      await reports.run({ accounts: ["a", "b"], regions: ["x", "y", "z"] }),
    );
    assertEquals(ids.map(({ id }) => id), ["ax", "ay", "az", "bx", "by", "bz"]);
  });

  it("keeps the order of the combinations whichever finishes first", async () => {
    const gates = [0, 1, 2].map(() => deferred());
    const each = step({
      name: "each",
      run: async ({ n }: { n: number }) => {
        await gates[n]?.promise;
        return { n };
      },
    });
    const running = distribute("out", { list: "n" }, each).run({ list: [0, 1, 2] });
    for (const n of [2, 1, 0]) {
      gates[n]?.resolve();
      await drain();
    }
    assertEquals(dataOf(await running).out, [{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  it("makes the combinations only when there is room for them", async () => {
    const list = Array.from({ length: 10_000 }, (_, n) => n);
    const flights = new Flights();
    const each = step({
      name: "each",
      run: ({ a, b }: { a: number; b: number }) =>
        flights.fly(a + b === 20 ? Promise.reject(boom) : undefined),
    });
    const product = distribute("out", { as: "a", bs: "b" }, each, { concurrency: 4 });
    const { error, failedStep } = failureOf(await product.run({ as: list, bs: list }));
    assertStrictEquals(error, boom);
    assertEquals(failedStep, "distribute(out)[20]/each");
    assertEquals(flights.most, 4);
    assert(flights.started < 30, `${flights.started} started`);
  });

  it("stops making combinations when the caller aborts", async () => {
    const list = Array.from({ length: 10_000 }, (_, n) => n);
    const controller = new AbortController();
    const flights = new Flights();
    const each = step({
      name: "each",
      run: (_ctx: { a: number; b: number }) => flights.fly(never()),
    });
    const product = distribute("out", { as: "a", bs: "b" }, each, { concurrency: 4 });
    const running = product.run({ as: list, bs: list }, { signal: controller.signal });
    await drain();
    controller.abort();
    failureOf(await running);
    assertEquals(flights.started, 4);
  });

  it("passes the other keys through, but not the lists", async () => {
    const seen: unknown[] = [];
    const look = step({
      name: "look",
      run: (ctx: { item: number }) => void seen.push(ctx, Object.isFrozen(ctx)),
    });
    const p = pipeline({ name: "p", steps: [distribute("out", { items: "item" }, look)] });
    const args = { items: [1], other: "o" };
    await p.run(args);
    assertEquals(seen, [{ item: 1, other: "o" }, true]);
  });

  it("may bind an item under the key of its list, or of another", async () => {
    const swap = step({ name: "swap", run: ({ a, b }: { a: number; b: number }) => ({ a, b }) });
    const same = distribute("out", { a: "a", b: "b" }, swap);
    assertEquals(dataOf(await same.run({ a: [1], b: [2] })).out, [{ a: 1, b: 2 }]);
    const crossed = distribute("out", { a: "b", b: "a" }, swap);
    assertEquals(dataOf(await crossed.run({ a: [1], b: [2] })).out, [{ a: 2, b: 1 }]);
  });

  it("gives an empty list for an empty list, alone or among others", async () => {
    const reports = distribute("reports", { accounts: "account", regions: "region" }, report);
    const p = pipeline({ name: "p", steps: [reports] });
    for (const [accounts, regions] of [[[], []], [["a"], []], [[], ["x"]]]) {
      const result = await p.run({ accounts: accounts!, regions: regions! });
      assertEquals(dataOf(result).reports, []);
      assertEquals(result.meta.stepsExecuted, ["distribute(reports)"]);
    }
  });

  const wrongLists: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    ["abc", '"abc"'],
    [{ 0: "a", length: 1 }, "an object with keys [0,length]"],
    [new Set(["a"]), "a Set"],
  ];
  for (const [list, shown] of wrongLists) {
    it(`fails when a list is ${shown}, and undoes the steps before`, async () => {
      const first = step({ name: "first", run: () => {}, rollback: () => {} });
      const emails = distribute("emails", { accountIds: "accountId" }, sendEmail);
      const p = pipeline({ name: "p", steps: [first, emails] });
      const { error, failedStep, rollback } = failureOf(
        await p.run({ orgId: "o", accountIds: list } as never),
      );
      assertInstanceOf(error, RequiresValidationError);
      assertEquals(
        error.message,
        `Cannot run 'distribute(emails)' as 'accountIds' must be an array: current value is ${shown}`,
      );
      assertEquals(failedStep, "distribute(emails)");
      assertEquals(rollback.completed, ["first"]);
    });
  }

  it("fails when the second of two lists is absent although the first is empty", async () => {
    const reports = distribute("reports", { accounts: "account", regions: "region" }, report);
    const { error } = failureOf(await reports.run({ accounts: [] } as never));
    assertInstanceOf(error, RequiresValidationError);
    assert(error.message.includes("'regions' must be an array"));
  });

  it("validates each item, and gives the step the value that the schema returns", async () => {
    const parse = step({
      name: "parse",
      requires: type({ text: "string.numeric.parse" }),
      provides: type({ n: "number" }),
      run: ({ text }) => ({ n: text }),
    });
    const numbers = distribute("numbers", { texts: "text" }, parse);
    assertEquals(dataOf(await numbers.run({ texts: ["1", "2"] })).numbers, [{ n: 1 }, { n: 2 }]);
    const { error, failedStep } = failureOf(await numbers.run({ texts: ["1", "two"] }));
    assertInstanceOf(error, RequiresValidationError);
    assertEquals(failedStep, "distribute(numbers)[1]/parse");
  });

  it("gives each undo the context and output of its own item, in reverse order", async () => {
    const seen: unknown[][] = [];
    const undone: unknown[][] = [];
    const each = step({
      name: "sendEmail",
      run: async (ctx: { account: string; region: string }) => {
        for (let n = 0; n < 5 - seen.length; n++) await Promise.resolve();
        const output = { id: ctx.account + ctx.region };
        seen.push([ctx, output]);
        return output;
      },
      rollback: (ctx, output) => void undone.push([ctx, output]),
    });
    const emails = distribute("emails", { accounts: "account", regions: "region" }, each);
    const p = pipeline({ name: "p", steps: [emails, failAsync] });
    const { rollback } = failureOf(await p.run({ accounts: ["a", "b"], regions: ["x", "y"] }));
    assertEquals(
      undone.map(([, output]) => output),
      ["by", "bx", "ay", "ax"].map((id) => ({ id })),
    );
    for (const [ctx, output] of undone) {
      const its = seen.find(([other]) => other === ctx);
      assertEquals(output, its?.[1]);
    }
    assertEquals(rollback.completed, [3, 2, 1, 0].map((n) => `distribute(emails)[${n}]/sendEmail`));
  });

  it("runs pipelines and combinators, and names them in its paths", async () => {
    const each = step({
      name: "each",
      run: (_ctx: { item: number }) => {},
      rollback: () => {},
    });
    const steps: Record<string, Step<string, { item: number }, object>> = {
      "inner/each": pipeline({ name: "inner", steps: [each] }),
      "parallel(each)/each": parallel(each),
      "map(again)[0]/each": map("again", (_ctx: { item: number }) => [{}], each),
      "distribute(again)[0]/each": distribute("again", { item: "item" }, each) as never,
    };
    for (const [path, inner] of Object.entries(steps)) {
      const outer = distribute("out", { items: "item" }, inner);
      const p = pipeline({ name: "p", steps: [outer, failAsync] });
      const items = (path.startsWith("distribute") ? [[1], [2]] : [1, 2]) as number[];
      assertEquals(
        failureOf(await p.run({ items })).rollback.completed,
        [1, 0].map((n) => `distribute(out)[${n}]/${path}`),
      );
    }
  });

  it("asks the host for each attempt by its path", async () => {
    const host = new RecordingHost();
    const reports = distribute("reports", { accounts: "account", regions: "region" }, report);
    await reports.run({ accounts: ["a", "b"], regions: ["x"] }, { host });
    assertEquals(host.calls.map(({ id, kind }) => [id, kind]), [
      ["distribute(reports)[0]/report@1", "attempt"],
      ["distribute(reports)[1]/report@1", "attempt"],
    ]);
  });

  it("needs a list in place of each mapped key", () => {
    const emails = distribute("emails", { accountIds: "accountId" }, sendEmail);
    type Needs = { orgId: string; readonly accountIds: readonly string[] };
    type Gives = { emails: { emailId: string }[] };
    assertType<IsExact<typeof emails, Step<"distribute(emails)", Needs, Gives>>>(true);
  });

  it("has failures in its type only when they are collected", () => {
    const options = { onFailure: "collect" } as const;
    const emails = distribute("emails", { accountIds: "accountId" }, sendEmail, options);
    type Item = { accountId: unknown };
    type Emails = Awaited<ReturnType<typeof emails.run>> & { success: true };
    assertType<
      IsExact<Emails["data"]["emails"], ({ emailId: string } | ItemFailure<Item>)[]>
    >(true);
  });

  const wrong: Record<string, [() => unknown, string]> = {
    "an empty key": [
      () => distribute("", { accountIds: "accountId" }, sendEmail),
      `Cannot create a distribute() as 'name' must be a string that is not empty: current value is ""`,
    ],
    "anything but a step": [
      () => distribute("emails", { accountIds: "accountId" } as never, (() => {}) as never),
      "Cannot create distribute(emails) as 'step' must be a step: current value is function " +
      "(anonymous)",
    ],
    "a mapping that is not an object": [
      () => distribute("emails", "accountIds" as never, sendEmail),
      `Cannot create distribute(emails) as 'mapping' must be an object of keys: current value is ` +
      `"accountIds"`,
    ],
    "a mapping that is a list": [
      () => distribute("emails", ["accountId"] as never, sendEmail),
      `Cannot create distribute(emails) as 'mapping' must be an object of keys: current value is an ` +
      `array of 1`,
    ],
    "an empty mapping": [
      () => distribute("emails", {}, sendEmail),
      "Cannot create distribute(emails) as 'mapping' must have at least one key: current value is an " +
      "object with keys []",
    ],
    "a mapping to something that is not a key": [
      () => distribute("emails", { accountIds: 5 as never }, sendEmail),
      "Cannot create distribute(emails) as 'mapping.accountIds' must be a key of 'sendEmail': current " +
      "value is 5",
    ],
    "a mapping to an empty key": [
      () => distribute("emails", { accountIds: "" as never }, sendEmail),
      "Cannot create distribute(emails) as 'mapping.accountIds' must be a key of 'sendEmail': current " +
      `value is ""`,
    ],
    "a mapping to a key that the step does not require": [
      () => distribute("emails", { accountIds: "acountId" as never }, sendEmail),
      "Cannot create distribute(emails) as 'mapping.accountIds' must be among the keys [accountId, " +
      `orgId] that 'sendEmail' requires: current value is "acountId"`,
    ],
    "two lists for one key": [
      () => distribute("emails", { accountIds: "accountId", users: "accountId" }, sendEmail),
      "Cannot create distribute(emails) as 'mapping.users' must be a key that no other list is mapped " +
      `to: current value is "accountId"`,
    ],
  };
  for (const [what, [create, message]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      assertEquals(assertThrows(create, ConfigError).message, message);
    });
  }

  it("cannot know the keys of a step without a schema, and accepts any", async () => {
    const bare = step({ name: "bare", run: (ctx) => ({ ...ctx }) });
    const out = distribute("out", { items: "item" as never }, bare);
    assertEquals(dataOf(await out.run({ items: [1] } as never)).out as unknown, [{ item: 1 }]);
  });
});
