import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type AnyStep, pipeline, step, unwrap } from "@runsheet/runsheet";
import { assertCompensated, type Ledger, ledger, sweep } from "@runsheet/runsheet/testing";
import { outcomes } from "../support/sweeps.ts";

const second = 1_000;

/** A step that books a seat under its key, and forbids that key to undo it. */
function bookSeat(
  books: Ledger,
  policy: { readonly timeout?: number; readonly afterMs?: number } = { timeout: second },
) {
  return step({
    name: "book",
    timeout: second,
    run: (_ctx, { key, signal }) => books.addOnce("seat", key, { signal }),
    undoByKey: { run: (_ctx, { effectKey }) => books.forbid("seat", effectKey), ...policy },
  });
}

/** A step that runs a pipeline of another step, with its own info. */
function running(name: string, inner: AnyStep, times = 1) {
  const flow = pipeline({ name: "flow", steps: [inner as ReturnType<typeof bookSeat>] });
  return step({
    name,
    run: async (_ctx: object, info) => {
      for (let n = 1; n <= times; n++) {
        unwrap(await flow.run({}, { ...info, runId: `${info.key}/${n}` }));
      }
    },
  });
}

const order = (first: ReturnType<typeof running>) =>
  pipeline({ name: "order", steps: [first, step({ name: "ship", run: () => {} })] });

describe("a sweep of a step that runs a pipeline", () => {
  it("injects faults into the undos inside, and lets the undo of the run have no timeout", async () => {
    const books = ledger();
    const report = await sweep(order(running("trip", bookSeat(books))), {}, { ledger: books });
    assertCompensated(report);
    const inside = outcomes(report).filter((line) => /!(key|defer1):/.test(line));
    assertEquals(inside, [
      "trip@1!defer1: before reported",
      "trip@1!defer1: after compensated",
      "trip@1/flow/book!key: before reported",
      "trip@1/flow/book!key: after compensated",
      "trip@1/flow/book!key: hang compensated",
    ]);
  });

  it("finds an undo inside that has no timeout, however deep", async () => {
    const books = ledger();
    const trip = running("trip", running("leg", bookSeat(books, {})));
    const report = await sweep(order(trip), {}, { ledger: books });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "1 of ");
    assertStringIncludes(message, "'trip@1/flow/leg@1/flow/book!key' hangs:");
    assertStringIncludes(message, "an undo that is asynchronous needs a 'timeout'");
  });

  it("accepts a step inside that copes with a lost request by itself", async () => {
    const books = ledger();
    const seat = step({
      name: "book",
      retry: { count: 1 },
      run: (_ctx, { key }) => books.addOnce("seat", key),
      undoByKey: { run: (_ctx, { effectKey }) => books.forbid("seat", effectKey), timeout: second },
    });
    const report = await sweep(order(running("trip", seat)), {}, { ledger: books });
    assertCompensated(report);
    const lost = outcomes(report).filter((line) => line.startsWith("trip@1!effect"));
    assertEquals(lost.length, 4);
  });

  it("tells several runs of one pipeline apart", async () => {
    const books = ledger();
    const report = await sweep(order(running("trip", bookSeat(books), 2)), {}, { ledger: books });
    assertCompensated(report);
    assertEquals(outcomes(report).filter((line) => line.includes("book!key: hang")), [
      "trip@1/flow/book!key: hang compensated",
      "trip@1/flow#2/book!key: hang compensated",
    ]);
  });

  it("infers the effects of the step where there is no ledger", async () => {
    const books = ledger();
    const setup = () => books.clear();
    assertCompensated(await sweep(order(running("trip", bookSeat(books))), {}, { setup }));
    const report = await sweep(order(running("trip", bookSeat(books, {}))), {}, { setup });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "'trip@1/flow/book!key' hangs:");
  });
});

describe("an undo inside that is delayed", () => {
  it("takes no time, and is reported to the sweep when it fails", async () => {
    const books = ledger();
    const seat = bookSeat(books, { timeout: second, afterMs: 86_400_000 });
    const only = "trip@1/flow/book!key: before";
    const report = await sweep(order(running("trip", seat)), {}, { ledger: books, only });
    assertEquals(outcomes(report), [`${only} reported`]);
    assertEquals(report.rows.at(0)?.failed.map(({ step }) => step), ["trip/flow/book"]);
  });
});

describe("an undo that fails by itself", () => {
  it("is a bug even if its error is an AggregateError without errors", async () => {
    const books = ledger();
    const seat = step({
      name: "book",
      run: (_ctx, { key }) => books.addOnce("seat", key),
      undoByKey: {
        timeout: second,
        async run(_ctx, { effectKey }) {
          await books.forbid("seat", effectKey);
          throw new AggregateError([]);
        },
      },
    });
    const report = await sweep(seat, {}, { ledger: books });
    assertEquals(report.rows.at(0)?.outcome, "failed");
  });
});
