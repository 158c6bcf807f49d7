import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { map, pipeline, step } from "@runsheet/runsheet";
import { boom, fail } from "../../../tests/support/steps.ts";
import { Tracing } from "./support/tracing.ts";

function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n);
}

/** The counts in the events of a collection's span: done, failed and total. */
function progressOf(tracing: Tracing, name: string): unknown[][] {
  return tracing.named(name).flatMap(({ events }) =>
    events.map(({ attributes = {} }) => Object.values(attributes))
  );
}

describe("the items of a collection", () => {
  it("have spans, the first hundred; the progress is an event at each tenth", async () => {
    const tracing = new Tracing();
    const lines = map("lines", () => range(330_000), (line) => line, { concurrency: 1_000 });
    await pipeline({ name: "import", steps: [lines] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(tracing.named("item map(lines)").length, 100);
    assertEquals(tracing.spans.length, 102);
    const tenths = range(10).map((n) => [33_000 * (n + 1), 0, 330_000]);
    assertEquals(progressOf(tracing, "map(lines)"), tenths);
    assertEquals(tracing.orphans, []);
  });

  it("that come from a stream are counted at 1, 2, 4, 8 and so on, and at the end", async () => {
    const tracing = new Tracing();
    const lines = map("lines", () => range(11).values(), (line) => line);
    await pipeline({ name: "import", steps: [lines] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(progressOf(tracing, "map(lines)"), [[1, 0], [2, 0], [4, 0], [8, 0], [11, 0]]);
  });

  it("are counted together if collections are inside one another", async () => {
    const tracing = new Tracing();
    const lines = map("lines", () => range(50), (line) => line);
    const pages = map("pages", () => range(50), pipeline({ name: "page", steps: [lines] }), {
      as: "page",
    });
    await pipeline({ name: "import", steps: [pages] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(tracing.named("item map(lines)").length, 100);
    assertEquals(tracing.named("page").length, 50);
  });

  it("that fail have spans after those, up to a hundred more", async () => {
    const tracing = new Tracing();
    const lines = map("lines", () => range(1_000), (line) => {
      if (line % 2 === 1) throw boom;
      return line;
    }, { onFailure: "collect" });
    await pipeline({ name: "import", steps: [lines] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    const items = tracing.named("item map(lines)");
    const failed = items.filter(({ attributes }) => attributes["error.type"] === "Error");
    assertEquals([items.length, failed.length], [200, 150]);
    assertEquals(tracing.orphans, []);
    assertEquals(progressOf(tracing, "map(lines)").at(-1), [1_000, 500, 1_000]);
  });

  it("have spans for the first hundred of their undos, and for those that fail", async () => {
    const tracing = new Tracing();
    const send = step({
      name: "send",
      run: ({ to }: { to: number }) => ({ sent: to }),
      rollback: (_ctx, { sent }) => {
        if (sent === 7) throw boom;
      },
    });
    const mails = map("mails", () => range(1_000), send, { as: "to" });
    await pipeline({ name: "flow", steps: [mails, fail] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    const undos = tracing.named("undo send");
    const failed = undos.filter(({ attributes }) => attributes["error.type"]);
    assertEquals(undos.length, 101);
    assertEquals(failed.map(({ attributes }) => attributes["runsheet.step.path"]), [
      "map(mails)[7]/send",
    ]);
    assertEquals(tracing.orphans, []);
  });
});
