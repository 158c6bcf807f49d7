import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { choice, ConfigError, map, pipeline, step, waitFor, when } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";

const books = ledger();

/** A step that adds an effect under its key, and forbids that key to undo it. */
function effect<const N extends string>(name: N) {
  return step({
    name,
    run: (_ctx: object, { key, signal }) => books.addOnce(name, key, { signal }),
    undoByKey: { run: (_ctx, { effectKey }) => books.forbid(name, effectKey), timeout: 1_000 },
  });
}

describe("a sweep of a pipeline that waits for an event", () => {
  const approval = waitFor("approval", { timeout: 60_000 });
  const order = pipeline({ name: "order", steps: [effect("a"), approval, effect("b")] });

  it("is given the events of all its runs", async () => {
    const told: unknown[] = [];
    const events = {
      wait: (name: string, { runId }: { readonly runId: string }) => {
        told.push([name, runId]);
        return Promise.resolve({ approvedBy: "ann" });
      },
    };
    const report = await sweep(order, {}, { ledger: books, events });
    assertCompensated(report);
    assertEquals(report.unreached, []);
    assert(told.length > 10);
    assertEquals([...new Set(told.map(String))], ["approval,sweep"]);
  });

  it("is refused without them, and with others than an EventSource", async () => {
    const error = await assertRejects(() => sweep(order, {}, { ledger: books }), ConfigError);
    assertStringIncludes(error.message, "run() must be given 'events'");
    await assertRejects(
      // @ts-expect-error Type 'string' is not assignable to type 'EventSource'
      () => sweep(order, {}, { ledger: books, events: "approval" }),
      ConfigError,
      "Cannot sweep 'order' as 'events.wait' must be a function: current value is undefined",
    );
  });
});

describe("a sweep without cases", () => {
  const order = pipeline({ name: "order", steps: [effect("a")] });

  it("is refused if it has no faults", async () => {
    await assertRejects(
      () => sweep(order, {}, { ledger: books, faults: [] }),
      ConfigError,
      "Cannot sweep 'order' as 'faults' must have at least one fault: current value is an array of 0",
    );
  });

  it("is not accepted if all its cases are excepted", async () => {
    const except = ["a", "a!key", "order"];
    const report = await sweep(order, {}, { ledger: books, faults: ["before", "end"], except });
    assertEquals(report.rows, []);
    const { message } = assertThrows(() => assertCompensated(report), Error);
    const sentence = "Cannot accept 'order' as its sweep must have at least one case";
    assertStringIncludes(message, sentence);
  });
});

describe("the steps that a sweep does not reach", () => {
  const flow = pipeline({
    name: "flow",
    steps: [
      when(({ isGift }: { isGift: boolean }) => isGift, effect("wrap")),
      choice([({ isGift }: { isGift: boolean }) => isGift, effect("greet")], effect("bill")),
      map("mails", () => [1, 2], effect("mail"), { as: "to" }),
    ],
  });

  it("are listed by their paths, in the text too", async () => {
    const report = await sweep(flow, { isGift: false }, { ledger: books });
    assertCompensated(report);
    assertEquals(report.unreached, ["when(wrap)/wrap", "choice(greet, bill)/greet"]);
    assertStringIncludes(String(report), "\nno run has called 'when(wrap)/wrap'\n");
    assertStringIncludes(JSON.stringify(report), '"unreached":["when(wrap)/wrap"');
    const other = await sweep(flow, { isGift: true }, { ledger: books, only: "flow" });
    assertEquals(other.unreached, ["choice(greet, bill)/bill"]);
  });
});

describe("the hints of a sweep", () => {
  it("are the same with a later pivot", async () => {
    const save = step({
      name: "save",
      run: ({ id }: { id: string }) => books.addOnce("row", id),
      rollback: { run: ({ id }) => books.removeAll("row", id), timeout: 1_000 },
    });
    const ship = (pivot: boolean) => step({ name: "ship", pivot, run: () => {} });
    const found = [];
    for (const pivot of [false, true]) {
      const order = pipeline({ name: "order", steps: [save, ship(pivot)] });
      const report = await sweep(order, { id: "1" }, { ledger: books });
      const { message } = assertThrows(() => assertCompensated(report), Error);
      found.push(message.split("\n").slice(1));
    }
    assertEquals(found[1], found[0]);
    assertStringIncludes(String(found[1]), "give it an 'undoByKey'");
    assertStringIncludes(String(found[1]), "the same in save@1!effect1 (after)");
  });
});
