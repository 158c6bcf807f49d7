// Steps that find their inputs under other names of the context.
import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  type AnyStep,
  map,
  type Middleware,
  parallel,
  pipeline,
  resource,
  step,
  StrictOverlapError,
  withInputs,
} from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { describe as describeStep, mermaid } from "@runsheet/runsheet/graph";
import { assertCompensated, ledger, runStep, stub, sweep } from "@runsheet/runsheet/testing";
import { type } from "arktype";
import { RecordingHost } from "../support/hosts.ts";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

/** A step that logs the contexts that it sees, forward and back. */
function sending(log: unknown[]) {
  return step({
    name: "send",
    requires: type({ email: "string", "copy?": "string" }),
    provides: type({ mail: "string" }),
    run: (ctx, { defer }) => {
      log.push({ ...ctx });
      defer(() => log.push("deferred"));
      return { mail: `to ${ctx.email}` };
    },
    rollback: (ctx, { mail }) => log.push([{ ...ctx }, mail]),
  });
}

describe("a step whose inputs have other names", () => {
  it("sees them only under its own names, and is undone with the same context", async () => {
    const log: unknown[] = [];
    const send = withInputs(sending(log), { email: "owner", copy: "second" });
    const p = pipeline({ name: "p", steps: [send, fail] });
    const args = { owner: "ada", email: "somebody's", copy: "somebody's", more: 1 };
    const { error, rollback } = failureOf(await p.run(args));
    assertEquals([error, rollback.completed], [boom, ["send", "send (deferred)"]]);
    const seen = { owner: "ada", email: "ada", more: 1 };
    assertEquals(log, [seen, [seen, "to ada"], "deferred"]);
  });

  it("adds its output, and leaves the other names in the context as they are", async () => {
    const send = withInputs(sending([]), { email: "owner" });
    const p = pipeline({ name: "p", steps: [send, withInputs(sending([]), { email: "mail" })] });
    const args = { owner: "ada", email: "cy" };
    assertEquals(dataOf(await p.run(args)), { ...args, mail: "to to ada" });
    const inner = pipeline({ name: "inner", steps: [sending([])] });
    const outer = pipeline({ name: "outer", steps: [withInputs(inner, { email: "owner" })] });
    assertEquals(dataOf(await outer.run(args)), { ...args, mail: "to ada" });
  });

  it("names a missing or invalid input by the step's own name", async () => {
    const p = pipeline({ name: "p", steps: [withInputs(sending([]), { email: "owner" })] });
    for (const args of [{ email: "ada" }, { owner: 7, email: "ada" }]) {
      const { error, failedStep } = failureOf(await p.run(args as never));
      assertEquals([failedStep, error.name], ["send", "RequiresValidationError"]);
      assert(error.message.includes("email must be a string"), error.message);
    }
  });

  it("has the same path, key, policies and undos as without, and the same description", async () => {
    const keys: string[] = [];
    const charge = step({
      name: "charge",
      retry: { count: 2 },
      timeout: 5_000,
      run: (_ctx: { amount: number }, { key }) => void keys.push(key),
      undoByKey: () => {},
    });
    const deposit = withInputs(charge, { amount: "deposit" });
    assertEquals(
      [deposit.name, deposit.retry, deposit.timeout, deposit.undos],
      [charge.name, charge.retry, charge.timeout, charge.undos],
    );
    for (const one of [charge, deposit]) {
      const p = pipeline({ name: "p", steps: [parallel(one as AnyStep)] });
      dataOf(await p.run({ amount: 1, deposit: 1 } as never, { runId: "r" }));
    }
    assertEquals(keys[1], keys[0]);
    const [described, other] = [charge, deposit].map((one) => describeStep(one));
    assertEquals(other, described);
    assertEquals(mermaid(deposit), mermaid(charge));
    const send = withInputs(sending([]), { email: "owner" });
    assertEquals(describeStep(send).needs, ["owner"]);
    const nested = pipeline({ name: "nested", steps: [send] });
    assertEquals(describeStep(withInputs(nested, { owner: "buyer" })).needs, ["buyer"]);
  });

  it("gives middleware the pipeline's context, and sees the keys that it adds", async () => {
    const seen: unknown[] = [];
    const layer: Middleware = ({ name, requires }, next) => (ctx) => {
      seen.push(name, requires, { ...ctx });
      return next({ ...ctx, owner: "bo" });
    };
    const send = withInputs(sending([]), { email: "owner" });
    const p = pipeline({ name: "p", middleware: [layer], steps: [send] });
    assertEquals(dataOf(await p.run({ owner: "ada" })), { owner: "ada", mail: "to bo" });
    assertEquals(seen, ["send", undefined, { owner: "ada" }]);
  });

  it("gives resources and deps to the step, and not to a host, under either name", async () => {
    const connection = resource({
      name: "connection",
      acquire: () => ({ secret: true }),
      release: () => {},
    });
    const use = step({
      name: "use",
      run: ({ db }: { db: { secret: boolean } }) => ({ found: db.secret }),
    });
    const p = pipeline({ name: "p", steps: [connection, withInputs(use, { db: "connection" })] });
    const host = new RecordingHost();
    assertEquals(dataOf(await p.run({}, { host })), { found: true });
    assertEquals(host.calls.map(({ ctx }) => ctx), [{}]);
  });

  it("keeps its names when a fake replaces it, or a part of it", async () => {
    const inner = pipeline({ name: "inner", steps: [sending([])] });
    const args = { owner: "ada" };
    const fake = ({ email }: { email: string }) => ({ mail: `fake to ${email}` });
    const fakes = { send: step({ name: "other", run: fake }), function: fake };
    for (const stand of [fakes.send, fakes.function]) {
      for (const one of [sending([]), inner, withInputs(inner, { email: "email" })]) {
        const p = pipeline({ name: "p", steps: [withInputs(one, { email: "owner" })] });
        const stubbed = stub(p, { send: stand });
        assertEquals(dataOf(await stubbed.run(args)), { owner: "ada", mail: "fake to ada" });
        assertEquals(dataOf(await p.run(args)), { owner: "ada", mail: "to ada" });
        const alone = stub(withInputs(one, { email: "owner" }), { send: stand });
        assertEquals(dataOf(await pipeline({ name: "q", steps: [alone] }).run(args)).owner, "ada");
      }
    }
    // As with the step itself, a function's context is validated.
    const strict = stub(pipeline({ name: "p", steps: [withInputs(sending([]), { email: "n" })] }), {
      send: () => ({ mail: "never" }),
    });
    failureOf(await strict.run({ n: 1 } as never));
  });

  it("runs alone, in the test kit and in a sweep, with its undo", async () => {
    const books = ledger();
    const charge = step({
      name: "charge",
      run: async (ctx: { amount: number }, { key }) => {
        await books.add("charge", key, { amount: ctx.amount });
        return { charged: ctx.amount };
      },
      undoByKey: {
        timeout: 1_000,
        run: (_ctx, { effectKey }) => books.forbid("charge", effectKey),
      },
    });
    const deposit = withInputs(charge, { amount: "deposit" });
    assertEquals((await runStep(deposit, { deposit: 5 })).output, { charged: 5 });
    const p = pipeline({ name: "p", steps: [deposit, withInputs(charge, { amount: "rest" })] });
    const report = await sweep(p, { deposit: 5, rest: 7 }, { ledger: books });
    assertCompensated(report);
    assertEquals(report.effects.map((effect) => effect.step), ["charge", "charge#2"]);
  });

  it("continues in another process that has given the input another name", async () => {
    const table = new Table();
    const seen: unknown[] = [];
    const first = table.worker();
    const flow = (name: "a" | "b", onSend: () => unknown) =>
      pipeline({
        name: "p",
        steps: [
          step({ name: "find", run: () => ({ a: "ada", b: "bo" }) }),
          withInputs(step({ name: "use", run: ({ x }: { x: string }) => ({ x2: x }) }), {
            x: name,
          }),
          step({ name: "wait", run: () => onSend() as void }),
          step({ name: "see", run: ({ x2 }: { x2: string }) => void seen.push(x2) }),
        ],
      });
    const dying = flow("a", () => {
      first.kill();
      return new Promise(() => {});
    });
    void durable(dying, { store: first }).run({}, { runId: "r" });
    await first.death;
    const second = durable(flow("b", () => {}), { store: table.worker() });
    dataOf(await second.run({}, { runId: "r" }));
    assertEquals(seen, ["ada"]);
  });

  it("is checked by its other names in a strict pipeline", () => {
    const argsSchema = type({ owner: "string" });
    const send = sending([]);
    const strict = (steps: AnyStep[]) =>
      pipeline({ name: "p", strict: true, argsSchema, steps: steps as never });
    strict([withInputs(send, { email: "owner" })]);
    const { message } = assertThrows(() => strict([withInputs(send, { email: "buyer" })]), Error);
    assert(message.includes("'send' must find 'buyer' in the context"), message);
    const twice = [withInputs(send, { email: "owner" }), withInputs(send, { email: "owner" })];
    assertThrows(() => strict(twice), StrictOverlapError);
  });

  it("stays a pivot: refused in groups, and followed by steps with 'retry' in a strict pipeline", () => {
    const ship = withInputs(
      step({ name: "ship", pivot: true, run: (_ctx: { to: string }) => {} }),
      { to: "address" },
    );
    assertThrows(
      () => parallel(ship),
      Error,
      'none of its steps must be a pivot: current value is "ship"',
    );
    const argsSchema = type({ address: "string" });
    const after = (retry?: { count: number }) =>
      withInputs(step({ name: "mail", retry, run: (_ctx: { to: string }) => {} }), {
        to: "address",
      });
    const strict = (last: AnyStep) =>
      pipeline({ name: "p", strict: true, argsSchema, steps: [ship, last] as never });
    strict(after({ count: 1 }));
    assertThrows(() => strict(after()), Error, "'mail' must have a 'retry'");
  });

  it("may use names that every object has", async () => {
    const all = step({
      name: "all",
      run: (ctx: Record<string, unknown>) => ({ seen: [ctx.constructor, ctx.toString] }),
    });
    const odd = withInputs(all as AnyStep, { constructor: "hasOwnProperty", toString: "valueOf" });
    const p = pipeline({ name: "p", steps: [odd] });
    const args = { hasOwnProperty: 1 };
    assertEquals((dataOf(await p.run(args as never)) as { seen: unknown[] }).seen[0], 1);
  });

  it("is frozen, and copies its names", async () => {
    const inputs: { email: "owner" } = { email: "owner" };
    const send = withInputs(sending([]), inputs);
    Object.assign(inputs, { email: "buyer" });
    assert(Object.isFrozen(send));
    assertEquals(dataOf(await send.run({ owner: "ada" })), { mail: "to ada" });
    assertFalse("runUnknown" in withInputs(pipeline({ name: "p", steps: [] }), {}));
  });

  it("is refused at once when an argument is wrong", () => {
    const send = sending([]);
    const bad = withInputs as (step: unknown, inputs: unknown) => unknown;
    for (
      const [step, inputs, message] of [
        [{}, { email: "a" }, "Cannot rename the inputs of a step as 'step' must be a step"],
        [send, undefined, "Cannot rename the inputs of 'send' as its definition must be an object"],
        [
          send,
          { email: 1 },
          "'inputs.email' must be a string that is not empty: current value is 1",
        ],
        [send, { email: "" }, "'inputs.email' must be a string that is not empty"],
        [send, { email: "__proto__" }, "'inputs.email' must be another key"],
        [
          send,
          { subject: "title" },
          "Cannot rename the inputs of 'send' as they must be among the keys [email, copy] that it " +
          'requires: current value is "subject"',
        ],
      ] as const
    ) {
      const thrown = assertThrows(() => bad(step, inputs), Error);
      assertEquals(thrown.name, "ConfigError");
      assert(thrown.message.includes(message), thrown.message);
    }
  });

  it("takes items of a collection under other names, each undone with its own", async () => {
    const log: unknown[] = [];
    const send = withInputs(sending(log), { email: "address" });
    const p = pipeline({
      name: "p",
      steps: [map("mails", (ctx: { to: string[] }) => ctx.to, send, { as: "address" }), fail],
    });
    failureOf(await p.run({ to: ["ada", "bo"] }));
    const undone = log.filter((entry) => Array.isArray(entry)).map(([ctx]) => ctx.email);
    assertEquals(undone, ["bo", "ada"]);
  });
});
