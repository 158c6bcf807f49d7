import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  choice,
  ChoiceNoMatchError,
  ConfigError,
  isRunsheetError,
  parallel,
  pipeline,
  PredicateError,
  type ProvidesOf,
  type RequiresOf,
  step,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

const notify = step({ name: "notify", run: (_: { amount: number }) => ({ notified: true }) });
const card = step({
  name: "card",
  run: (_: { method: string }) => ({ paidBy: "card", last4: "4242" }),
});
const bank = step({ name: "bank", run: (): { paidBy: string } => ({ paidBy: "bank" }) });

describe("when", () => {
  const large = when((ctx) => ctx.amount > 100, notify);

  it("runs the step when the predicate holds", async () => {
    const result = await pipeline({ name: "p", steps: [large] }).run({ amount: 500 });
    assertEquals(dataOf(result), { amount: 500, notified: true });
    assertEquals(result.meta.stepsExecuted, ["when(notify)"]);
  });

  it("skips it otherwise: it adds nothing, and is not in stepsExecuted", async () => {
    const result = await pipeline({ name: "p", steps: [large] }).run({ amount: 5 });
    assertEquals(dataOf(result), { amount: 5 });
    assertEquals(result.meta.stepsExecuted, []);
  });

  it("also skips a group that contains nothing else, which is then not in stepsExecuted either", async () => {
    const result = await pipeline({ name: "p", steps: [parallel(large)] }).run({ amount: 5 });
    assertEquals(result.meta.stepsExecuted, []);
  });

  it("waits for an asynchronous predicate", async () => {
    const later = when(async (ctx) => await Promise.resolve(ctx.amount > 100), notify);
    assertEquals(
      dataOf(await pipeline({ name: "p", steps: [later] }).run({ amount: 500 })).notified,
      true,
    );
  });

  it("makes what the step provides optional", () => {
    assertType<IsExact<ProvidesOf<typeof large>, { notified?: true }>>(true);
    assertType<IsExact<RequiresOf<typeof large>, { amount: number }>>(true);
  });

  it("undoes a step that ran, by its path, and none that was skipped", async () => {
    const log: string[] = [];
    const steps = [when(() => true, logged("a", log)), when(() => false, logged("b", log)), fail];
    const { rollback } = failureOf(await pipeline({ name: "p", steps }).run());
    assertEquals(log, ["a", "undo a"]);
    assertEquals(rollback.completed, ["when(a)/a"]);
  });

  for (
    const [how, predicate] of Object.entries({
      throws: () => {
        throw boom;
      },
      rejects: () => Promise.reject(boom),
    })
  ) {
    it(`fails with a PredicateError when the predicate ${how}, and undoes what was done`, async () => {
      const log: string[] = [];
      const p = pipeline({
        name: "p",
        steps: [logged("a", log), when(predicate, logged("b", log))],
      });
      const failure = failureOf(await p.run());
      assertInstanceOf(failure.error, PredicateError);
      assertStrictEquals(failure.error.cause, boom);
      assertEquals(failure.failedStep, "when(b)");
      assertEquals(log, ["a", "undo a"]);
    });
  }

  it("fails with the path of the step that failed inside it", async () => {
    const failure = failureOf(await pipeline({ name: "p", steps: [when(() => true, fail)] }).run());
    assertStrictEquals(failure.error, boom);
    assertEquals(failure.failedStep, "when(fail)/fail");
  });

  it("refuses anything that is not a predicate, or not a step", () => {
    const noPredicate = assertThrows(() => when(true as never, notify), ConfigError);
    assertEquals(
      noPredicate.message,
      "Cannot create when() as 'predicate' must be a function: current value is true",
    );
    const noStep = assertThrows(() => when(() => true, {} as never), ConfigError);
    assertEquals(
      noStep.message,
      "Cannot create when() as 'step' must be a step: current value is an object with keys []",
    );
  });
});

describe("choice", () => {
  const pay = choice([(ctx) => ctx.method === "card", card], bank);

  it("runs the first branch that matches, and asks no predicate after it", async () => {
    const asked: string[] = [];
    const ask = (name: string, answer: boolean) => () => {
      asked.push(name);
      return Promise.resolve(answer);
    };
    const log: string[] = [];
    const chosen = choice(
      [ask("a", false), logged("a", log)],
      [ask("b", true), logged("b", log)],
      [ask("c", true), logged("c", log)],
    );
    dataOf(await pipeline({ name: "p", steps: [chosen] }).run());
    assertEquals(asked, ["a", "b"]);
    assertEquals(log, ["b"]);
  });

  it("runs the default when none matches", async () => {
    const result = await pipeline({ name: "p", steps: [pay] }).run({ method: "cash" });
    assertEquals(dataOf(result).paidBy, "bank");
    assertEquals(result.meta.stepsExecuted, ["choice(card, bank)"]);
  });

  it("fails without a match or a default, and undoes what was done", async () => {
    const log: string[] = [];
    const none = choice([() => false, logged("a", log)], [() => false, logged("b", log)]);
    const failure = failureOf(
      await pipeline({ name: "p", steps: [logged("first", log), none] }).run(),
    );
    assertInstanceOf(failure.error, ChoiceNoMatchError);
    assertEquals(
      failure.error.message,
      "Cannot choose in 'choice(a, b)' as one of its 2 predicates must hold: none does",
    );
    assertEquals(failure.failedStep, "choice(a, b)");
    assertEquals(log, ["first", "undo first"]);
    assertEquals(failure.meta.stepsExecuted, ["first"]);
  });

  it("undoes only the branch that ran", async () => {
    const log: string[] = [];
    const chosen = choice([() => false, logged("a", log)], logged("b", log));
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [chosen, fail] }).run());
    assertEquals(log, ["b", "undo b"]);
    assertEquals(rollback.completed, ["choice(a, b)/b"]);
  });

  it("may have steps that return nothing", async () => {
    const nothing = step({ name: "nothing", run: () => {} });
    assertEquals(
      dataOf(await pipeline({ name: "p", steps: [choice([() => true, nothing])] }).run()),
      {},
    );
  });

  it("distinguishes branches of the same name", async () => {
    const log: string[] = [];
    const twice = choice([() => false, logged("a", log)], logged("a", log));
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [twice, fail] }).run());
    assertEquals(rollback.completed, ["choice(a, a)/a#2"]);
  });

  it("fails with a PredicateError when a predicate throws", async () => {
    const throwing = choice([() => Promise.reject(boom), card], bank);
    const { error } = failureOf(
      await pipeline({ name: "p", steps: [throwing] }).run({ method: "" }),
    );
    assert(isRunsheetError(error, "PREDICATE"));
    assertStrictEquals(error.cause, boom);
  });

  it("has certain keys if every branch provides them and there is a default", () => {
    assertType<IsExact<ProvidesOf<typeof pay>, { paidBy: string; last4?: "4242" }>>(true);
    const noDefault = choice([(ctx) => ctx.method === "card", card]);
    assertType<IsExact<ProvidesOf<typeof noDefault>, { paidBy?: "card"; last4?: "4242" }>>(true);
  });

  const refused: [why: string, make: () => unknown, message: string][] = [
    [
      "without a branch",
      () => choice(...[] as unknown as [never]),
      "it must have at least one branch: current value is 0",
    ],
    [
      "with a default before the end",
      () => choice(bank as never, [() => true, card]),
      `'branches[0]' must be a pair of a predicate and a step, as only the last may be a default: current value is "bank"`,
    ],
    [
      "with a branch that is not a step",
      () => choice([() => true, 42 as never]),
      "'branches[0][1]' must be a step: current value is 42",
    ],
    [
      "with a predicate that is not a function",
      () => choice([true as never, bank]),
      "'branches[0][0]' must be a function: current value is true",
    ],
    [
      "with a branch of another length",
      () => choice([() => true] as never),
      "'branches[0]' must be a pair of a predicate and a step: current value is an array of 1",
    ],
    [
      "with a default that is not a step",
      () => choice([() => true, bank], 42 as never),
      "'branches[1]' must be a step: current value is 42",
    ],
  ];
  for (const [why, make, message] of refused) {
    it(`is refused ${why}`, () => {
      assertEquals(assertThrows(make, ConfigError).message, `Cannot create choice() as ${message}`);
    });
  }
});

describe("strict mode", () => {
  const id = type({ id: "string" });
  const a = step({ name: "a", provides: id, run: () => ({ id: "a" }) });
  const b = step({ name: "b", provides: id, run: () => ({ id: "b" }) });

  it("lets exclusive branches of a choice provide the same key", () => {
    pipeline({ name: "p", strict: true, steps: [choice([() => true, a], b)] });
  });

  it("sees a branch of a choice that provides what another step does", () => {
    // @ts-expect-error step 'choice(b)' provides 'id', which a step before it provides, too, and the pipeline is strict
    const make = () => pipeline({ name: "p", strict: true, steps: [a, choice([() => true, b])] });
    assert(isRunsheetError(assertThrows(make), "STRICT_OVERLAP"));
  });

  it("sees two branches of a parallel that provide the same key", () => {
    const error = assertThrows(() =>
      pipeline({ name: "p", strict: true, steps: [parallel(a, b)] })
    );
    assert(isRunsheetError(error, "STRICT_OVERLAP"));
    assertEquals(error.steps, ["a", "b"]);
  });

  it("sees a step inside a when", () => {
    // @ts-expect-error step 'when(b)' provides 'id', which a step before it provides, too, and the pipeline is strict
    const make = () => pipeline({ name: "p", strict: true, steps: [a, when(() => true, b)] });
    assert(isRunsheetError(assertThrows(make), "STRICT_OVERLAP"));
  });
});
