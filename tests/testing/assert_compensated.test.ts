import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { map, pipeline, step } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";

describe("assertCompensated", () => {
  it("names the first twenty, and counts the rest", async () => {
    const books = ledger();
    const many = map("lines", () => Array(30).keys(), (n) => books.add("line", n));
    const report = await sweep(many, {}, { ledger: books, faults: ["before"] });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "60 of 60 cases are not right");
    assertEquals(message.match(/only: /g)?.length, 20);
    assert(message.endsWith("  and 10 more"));
  });

  it("first says which steps have no undo", async () => {
    const books = ledger();
    const write = step({
      name: "write",
      run: ({ line }: { line: string }) => books.add("line", line),
    });
    const charge = step({ name: "charge", run: () => books.add("charge") });
    const steps = [map("lines", () => ["a", "b"], write, { as: "line" }), charge];
    const report = await sweep(pipeline({ name: "p", steps }), {}, { ledger: books });
    const [, ...lines] = assertThrows(() => assertCompensated(report), Error).message.split("\n");
    assertEquals(lines.slice(0, 3), [
      "  'map(lines)/write' has no undo: give it a 'rollback', or let it 'defer' one; if it runs a pipeline, pass it the step's info",
      "  'charge' has no undo: give it a 'rollback', or let it 'defer' one; if it runs a pipeline, pass it the step's info",
      "  the run of 'p' fails at its end:",
    ]);
    assertEquals(lines.some((line) => line.includes("except")), false);
  });

  it("does not suggest to except a step because of an effect that another one has left", async () => {
    const books = ledger();
    const charge = step({
      name: "charge",
      run: () => books.add("charge"),
      rollback: () => {},
    });
    const notify = step({
      name: "notify",
      run: () => books.add("mail"),
      rollback: () => books.removeAll("mail"),
    });
    const one = pipeline({ name: "p", steps: [charge, notify] });
    const found = async (only: string) => {
      const report = await sweep(one, {}, { ledger: books, only });
      return assertThrows(() => assertCompensated(report), Error).message;
    };
    assertStringIncludes(await found("charge@1: after"), `except: "charge: after"`);
    const other = await found("notify@1: before");
    assertStringIncludes(other, "charge is left, by 'charge'");
    assertEquals(other.includes("except"), false);
    assertEquals(other.includes("defer"), false);
  });

  it("rejects a sweep that proves nothing: fakes that write to no ledger", async () => {
    const deaf = step({ name: "deaf", run: () => {}, rollback: () => {} });
    const report = await sweep(pipeline({ name: "p", steps: [deaf] }), {}, { ledger: ledger() });
    assertEquals(report.effects, []);
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertEquals(
      message,
      "Cannot accept 'p' as its sweep must see at least one effect: fakes must write what they do to the 'ledger' " +
        "that the sweep is given, or steps must have an undo",
    );
  });

  it("rejects a sweep that proves nothing: no ledger, and no undo", async () => {
    const report = await sweep(step({ name: "idle", run: () => {} }), {});
    assertThrows(() => assertCompensated(report), Error, "must see at least one effect");
    const undoable = step({ name: "undoable", run: () => {}, rollback: () => {} });
    assertCompensated(await sweep(undoable, {}, { except: "undoable: after" }));
  });

  it("throws an error that fits a terminal: it carries no list of rows", async () => {
    const books = ledger();
    const charge = step({ name: "charge", run: () => books.add("charge") });
    const report = await sweep(charge, {}, { ledger: books });
    assertEquals(assertThrows(() => assertCompensated(report), Error).cause, undefined);
  });
});
