import { describe, it } from "node:test";
import * as vm from "node:vm";
import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { isRunsheetError, map, type Middleware, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { deferred } from "../support/deferred.ts";
import { logged, SECRET } from "../support/logged.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

/** Its data is read through an accessor. */
class Charge {
  readonly #id: string;
  readonly amount = 5;
  constructor(id: string) {
    this.#id = id;
  }
  get id(): string {
    return this.#id;
  }
}

/** Its data is read through a method. */
class Money {
  readonly #cents = 5;
  cents(): number {
    return this.#cents;
  }
}

/** All its data is in its own keys. */
class Order {
  readonly id = "o1";
  total(): number {
    return 5;
  }
}

/** Runs a step with this output after an effect; returns the result and the undone outputs. */
async function runWith(output: unknown, more: object = {}) {
  const undone: unknown[] = [];
  const effect = step({
    name: "effect",
    run: () => {},
    rollback: () => void undone.push("effect"),
  });
  const give = step({
    name: "give",
    ...more,
    run: () => output as object,
    rollback: (_ctx, output) => void undone.push(output),
  });
  const result = await pipeline({ name: "p", steps: [effect, give] }).run();
  return { result, undone };
}

describe("an output that is refused, and undone,", () => {
  const notPlain = "must be plain data, of which a copy loses nothing: current value is";
  // Created in the test, as workerd creates no Response outside of one.
  const refused: Record<string, [output: () => unknown, problem: string]> = {
    "a Response": [() => new Response("text"), `${notPlain} a Response`],
    "a URL": [() => new URL("https://shop.example"), `${notPlain} a URL`],
    "a Date": [() => new Date(0), `${notPlain} a Date`],
    "a RegExp": [() => /x/, `${notPlain} a RegExp`],
    "a Blob": [() => new Blob([]), `${notPlain} a Blob`],
    "an AbortController": [() => new AbortController(), `${notPlain} a AbortController`],
    "a WeakMap": [() => new WeakMap(), `${notPlain} a WeakMap`],
    "an instance with accessors": [() => new Charge("c1"), `${notPlain} a Charge`],
    "an instance of a class that extends one with accessors": [
      () => new (class Refund extends Charge {})("c1"),
      `${notPlain} a Refund`,
    ],
    "an instance with private fields": [() => new Money(), `${notPlain} a Money`],
    "an object that inherits data": [
      () => Object.create({ id: 1 }),
      `${notPlain} an object with keys []`,
    ],
    "an Error": [
      () => new RangeError("odd"),
      "must not be an error, which is to be thrown: current value is RangeError: odd",
    ],
    "an Error of another realm": [
      () => vm.runInNewContext("new RangeError('odd')"),
      "must not be an error, which is to be thrown: current value is RangeError: odd",
    ],
  };
  for (const [what, [make, problem]] of Object.entries(refused)) {
    it(`is ${what}`, async () => {
      const output = make();
      const { result, undone } = await runWith(output);
      const { error, failedStep } = failureOf(result);
      assert(isRunsheetError(error, "PROVIDES_VALIDATION"));
      // Bun runs all files in one process, where @hono/node-server replaces Response by its own:
      // Response$1.
      const told = error.message.replace(/Response\$\d+$/, "Response");
      assertEquals(told, `Cannot use the output of 'give' as it ${problem}`);
      assertEquals(failedStep, "give");
      assertStrictEquals(undone[0], output);
      assertEquals(undone[1], "effect");
    });
  }

  it("is the output of a late attempt", async () => {
    const undone: unknown[] = [];
    const watches: Promise<unknown>[] = [];
    const output = new Charge("c1");
    const gate = deferred<object>();
    const late = step({
      name: "late",
      timeout: 1,
      run: () => gate.promise,
      rollback: (_ctx, output) => void undone.push(output),
    });
    failureOf(await late.run({}, { waitUntil: (watch) => watches.push(watch) }));
    gate.resolve(output);
    await Promise.all(watches);
    assertStrictEquals(undone[0], output);
    assertEquals(undone.length, 1);
  });
});

describe("an output that is as good as any", () => {
  const accepted: Record<string, [output: object, keys: object]> = {
    "an instance with keys of its own": [new Order(), { id: "o1" }],
    "an instance of a class without members": [
      new (class Point {
        x = 1;
      })(),
      { x: 1 },
    ],
    "an empty instance of a class without members": [new (class Empty {})(), {}],
    "an object without a prototype": [Object.assign(Object.create(null), { n: 1 }), { n: 1 }],
    "an object of another realm": [vm.runInNewContext("({ n: 1 })"), { n: 1 }],
    "an object with a getter of its own": [{
      get n() {
        return 1;
      },
    }, { n: 1 }],
    "an object with success: true": [{ success: true, data: 1 }, { success: true, data: 1 }],
    "an object with success: false": [{ success: false, error: boom }, {
      success: false,
      error: boom,
    }],
  };
  for (const [what, [output, keys]] of Object.entries(accepted)) {
    it(`is ${what}`, async () => {
      assertEquals<unknown>(dataOf((await runWith(output)).result), keys);
    });
  }
});

describe("a step that forgets to unwrap the result of a run", () => {
  const problem = "must be the data of a run, which 'unwrap' gives, and not its result: it";
  const inner = pipeline({ name: "inner", steps: [fail] });

  it("fails when that run has failed, for the same reason, and is undone", async () => {
    const failed = failureOf(await inner.run());
    for (const given of [failed, { ...failed }]) {
      const { result, undone } = await runWith(given);
      const { error } = failureOf(result);
      assert(isRunsheetError(error, "PROVIDES_VALIDATION"));
      assertEquals(
        error.message,
        `Cannot use the output of 'give' as it ${problem} failed in 'fail'`,
      );
      assertStrictEquals(error.cause, boom);
      assertStrictEquals(undone[0], given);
      assertEquals(undone[1], "effect");
    }
  });

  it("fails when that run has succeeded, so that it is found at once", async () => {
    const ok = await pipeline({ name: "ok", steps: [] }).run({ token: SECRET });
    const { error } = failureOf((await runWith(ok)).result);
    assertEquals(error.message, `Cannot use the output of 'give' as it ${problem} succeeded`);
    logged(error);
  });

  it("fails even if it declares provides", async () => {
    const provides = type({ "meta?": "object", "error?": "object" });
    const { error } = failureOf((await runWith(await inner.run(), { provides })).result);
    assertStringIncludes(error.message, "'unwrap'");
  });

  it("may return it under a key", async () => {
    const failed = await inner.run();
    const data = dataOf<object>((await runWith({ failed })).result);
    assertStrictEquals(Reflect.get(data, "failed"), failed);
  });
});

describe("the keys that provides declares are read from an instance", () => {
  const schemas = {
    arktype: type({ id: "string" }),
    zod: z.object({ id: z.string() }),
    valibot: v.object({ id: v.string() }),
  };
  for (const [validator, provides] of Object.entries(schemas)) {
    it(`by ${validator}, and its rollback gets the same`, async () => {
      const charge = new Charge("c1");
      const undone: { id: string }[] = [];
      const give = step({
        name: "give",
        provides,
        run: () => charge,
        rollback: (_ctx, output) => void undone.push(output),
      });
      const seen: { id: string }[] = [];
      const look = step({ name: "look", run: (ctx: { id: string }) => void seen.push(ctx) });
      failureOf(await pipeline({ name: "p", steps: [give, look, fail] }).run());
      assertEquals([seen[0]?.id, undone[0]?.id], ["c1", "c1"]);
      assert(Object.isFrozen(undone[0]) && !Object.isFrozen(charge));
    });
  }

  it("also from a Response", async () => {
    const provides = z.object({ status: z.number(), ok: z.boolean() });
    const { result } = await runWith(new Response("text", { status: 201 }), { provides });
    assertEquals<unknown>(dataOf(result), { status: 201, ok: true });
  });

  it("and refused when they are missing", async () => {
    const provides = z.object({ refundId: z.string() });
    const { result, undone } = await runWith(new Charge("c1"), { provides });
    const { error } = failureOf(result);
    assertStringIncludes(error.message, "as it must be what it provides: refundId: Invalid input");
    assert(undone[0] instanceof Charge);
  });

  it("but where its keys are not known, the instance is refused", async () => {
    const provides = z.object({ id: z.string() }).or(z.object({ name: z.string() }));
    const { error } = failureOf((await runWith(new Charge("c1"), { provides })).result);
    assertStringIncludes(error.message, "must be plain data");
  });
});

describe("an instance that would lose something in a copy is refused", () => {
  const charge = new Charge("c1");
  const look = step({ name: "look", run: (_: { id: string }) => {} });

  it("as args", async () => {
    const { error } = failureOf(await look.run(charge));
    assert(isRunsheetError(error, "ARGS_VALIDATION"));
    assertStringIncludes(error.message, "plain data");
  });

  it("as an item", async () => {
    const { error } = failureOf(await map("m", () => [charge], look).run({}));
    assert(isRunsheetError(error, "REQUIRES_VALIDATION"));
    assertStringIncludes(error.message, "plain data");
  });

  it("as the value that a schema returns", async () => {
    const provides = z.object({ id: z.string() }).transform(() => charge);
    const { error } = failureOf((await runWith({ id: "c1" }, { provides })).result);
    assert(isRunsheetError(error, "PROVIDES_VALIDATION"));
    assertStringIncludes(error.toJSON().message, "plain data");
  });

  it("as a context, or as data, of middleware", async () => {
    const layers: Middleware[] = [
      (_step, next) => () => next(charge as never),
      () => () => ({ success: true, data: charge as never }),
    ];
    for (const layer of layers) {
      const p = pipeline({
        name: "p",
        steps: [step({ name: "s", run: () => {} })],
        middleware: [layer],
      });
      assertStringIncludes(failureOf(await p.run()).error.message, "plain data");
    }
  });
});
