// Observers: by the options of a run, everywhere in the process, several at once, and of parts of a
// run.
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, pipeline, step, toJSON } from "@runsheet/runsheet";
import { all, events, observe, observeAll, type RunEvent } from "@runsheet/runsheet/observe";
import { cleanups } from "../support/cleanup.ts";
import { seeSpans } from "../support/spans.ts";
import { boom, fail, logged } from "../support/steps.ts";

const p = pipeline({ name: "p", steps: [logged("a", [])] });

describe("observe", () => {
  it("refuses anything that is not a function", () => {
    assertThrows(
      () => observe({} as never),
      Error,
      "Cannot observe runs as 'observer' must be a function",
    );
  });

  it("must have made the observer that run accepts", async () => {
    function observer() {}
    const result = await p.run({}, { observer: observer as never });
    assertEquals(result.failedStep, "<options>");
    assertEquals(
      result.error?.message,
      "Cannot run 'p' as 'observer' must be made by 'observe': current value is function observer",
    );
  });

  it("leaves out everything inside a span for which it returns false, but not the span's siblings", async () => {
    const seen: string[] = [];
    const observer = observe(({ kind, id }) => {
      seen.push(id === "" ? kind : `${kind} ${id}`);
      return id === "inner" ? false : undefined;
    });
    const inner = pipeline({ name: "inner", steps: [logged("a", [])] });
    await pipeline({ name: "p", steps: [inner, logged("b", []), fail] }).run({}, { observer });
    assertEquals(seen, [
      "run",
      "step inner",
      "step b",
      "attempt b@1",
      "step fail",
      "attempt fail@1",
      "rollback !rollback",
      "undo b!undo",
      "undo inner/a!undo",
    ]);
  });

  it("follows concurrent runs separately", async () => {
    const { observer, spans, ends } = seeSpans();
    await Promise.all([1, 2, 3].map((n) => p.run({}, { observer, runId: `r${n}` })));
    assertEquals(spans.length, 9);
    assert(
      spans.every((span) => ends.has(span) && (span.parent?.runId ?? span.runId) === span.runId),
    );
  });
});

describe("observeAll", () => {
  const { after } = cleanups();

  it("sees every run, beside the run's own observer, until it is stopped", async () => {
    after(() => observeAll());
    const [everywhere, own] = [seeSpans(), seeSpans()];
    observeAll(everywhere.observer);
    await p.run({}, { runId: "r1" });
    await p.run({}, { runId: "r2", observer: own.observer });
    observeAll();
    await p.run({}, { runId: "r3" });
    const runs = (seen: typeof own) =>
      seen.spans.filter(({ kind }) => kind === "run").map(({ runId }) => runId);
    assertEquals([runs(everywhere), runs(own)], [["r1", "r2"], ["r2"]]);
    assertEquals(own.tree(), ["run ok", "  step a ok", "    attempt a@1 ok"]);
  });
});

describe("all", () => {
  it("refuses what is no watcher, as observeAll does", () => {
    const why = "as 'watcher' must be made by 'observe': current value is";
    for (const wrong of [{}, () => {}, 5, null, [], observe] as never[]) {
      assertThrows(() => observeAll(wrong), ConfigError, `Cannot observe all runs ${why}`);
      assertThrows(() => all(observe(() => {}), wrong), ConfigError, `Cannot observe runs ${why}`);
    }
    assertThrows(() => all(undefined as never), ConfigError, `${why} undefined`);
  });

  it("gives the same spans to each", async () => {
    const [one, other] = [seeSpans(), seeSpans()];
    await p.run({}, { observer: all(one.observer, other.observer) });
    assertEquals(one.tree(), ["run ok", "  step a ok", "    attempt a@1 ok"]);
    assert(one.spans.length === 3 && one.spans.every((span, n) => span === other.spans[n]));
  });

  it("leaves a span out for the one that returns false, and not for the others", async () => {
    const { observer, tree } = seeSpans();
    const kinds: string[] = [];
    const none = observe(({ kind }) => {
      kinds.push(kind);
      return false;
    });
    await p.run({}, { observer: all(none, observer) });
    assertEquals(kinds, ["run"]);
    assertEquals(tree(), ["run ok", "  step a ok", "    attempt a@1 ok"]);
  });
});

describe("events", () => {
  const list = async (one = p) => {
    const told: RunEvent[] = [];
    await one.run({}, { observer: events((event) => void told.push(event)), runId: "r" });
    return told;
  };

  it("report starts and ends with ids in place of objects, and with times", async () => {
    const told = await list();
    assertEquals(told.map(({ type, kind, id, parentId }) => [type, kind, id, parentId]), [
      ["start", "run", "", undefined],
      ["start", "step", "a", ""],
      ["start", "attempt", "a@1", "a"],
      ["end", "attempt", "a@1", "a"],
      ["end", "step", "a", ""],
      ["end", "run", "", undefined],
    ]);
    const [first] = told;
    assert(Math.abs(first!.at - Date.now()) < 3_600_000);
    for (const event of told) {
      assert(event.at >= first!.at);
      if (event.type === "end") assert(event.durationMs >= 0 && event.ok);
    }
  });

  it("are lines of JSON: no args, no data, and the essentials of an error", async () => {
    const spy = pipeline({
      name: "spy",
      steps: [
        step({ name: "a", run: () => ({ secret: "x-secret" }), rollback: () => {} }),
        step({ name: "b", run: () => Promise.reject(boom) }),
      ],
    });
    const told = await list(spy as never);
    const lines = told.map((event) => JSON.parse(JSON.stringify(event)));
    assert(!JSON.stringify(lines).includes("x-secret"));
    const end = lines.find(({ type, id }) => type === "end" && id === "b");
    assertEquals(end.error, toJSON(boom));
    const undo = lines.find(({ kind }) => kind === "undo");
    assertEquals([undo.parentId, undo.ofId, undo.of], ["!rollback", "a", undefined]);
  });
});
