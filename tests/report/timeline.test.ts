import { describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { ConfigError, map, pipeline, step } from "@runsheet/runsheet";
import { observeAll } from "@runsheet/runsheet/observe";
import { html, type TimedSpan, timeline, tree } from "@runsheet/runsheet/report";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain } from "../support/deferred.ts";
import { idle } from "../support/flows.ts";
import { firstOf, outline, recorded } from "../support/recorded.ts";
import { boom, fail } from "../support/steps.ts";

const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
const order = pipeline({
  name: "order",
  steps: [reserve, pipeline({ name: "fulfil", steps: [fail] })],
});

describe("a timeline", () => {
  const { after } = cleanups();

  it("records the parts of a run, as a tree", async () => {
    assertEquals(outline(await recorded(order)), [
      "run",
      "  step reserve",
      "    attempt reserve",
      "  step fulfil",
      "    step fulfil/fail",
      "      attempt fulfil/fail",
      "  rollback",
      "    undo reserve",
    ]);
  });

  it("records when each part began and ended, inside the times of the whole", async () => {
    const run = await recorded(order);
    const check = ({ from, to, parts }: TimedSpan, whole: TimedSpan): void => {
      assert(to !== undefined && whole.to !== undefined);
      assertLessOrEqual(whole.from, from);
      assertLessOrEqual(from, to);
      assertLessOrEqual(to, whole.to);
      parts.forEach((part) => check(part, whole));
    };
    check(run, run);
    assertLessOrEqual(Math.abs(run.from - Date.now()), 600_000, "times must be those of the clock");
  });

  it("records the order in which spans began, even if the clock does not advance", async () => {
    const { now } = performance;
    performance.now = () => 1;
    after(() => void (performance.now = now));
    const run = await recorded(order);
    const orders = (timed: TimedSpan): number[] => [timed.order, ...timed.parts.flatMap(orders)];
    assertEquals(orders(run), [0, 1, 2, 3, 4, 5, 6, 7]);
    assertEquals([run.from, run.to], [performance.timeOrigin + 1, performance.timeOrigin + 1]);
  });

  it("records how each part ended", async () => {
    const { end, span, parts } = await recorded(order, {}, { runId: "o1" });
    assertEquals(span.runId, "o1");
    assertEquals(end, { ok: false, error: boom, failedStep: "fulfil/fail" });
    assertEquals(parts[0]?.end, { ok: true, ran: true });
  });

  it("shows parts in progress, which have no end yet", async () => {
    const gate = deferred();
    const observer = timeline();
    const running = step({ name: "slow", run: () => gate.promise }).run({}, { observer });
    await drain();
    const run = firstOf(observer.runs);
    assertEquals(["end" in run, "to" in run, run.parts.length], [false, false, 1]);
    gate.resolve();
    await running;
    assertEquals(run.end, { ok: true });
  });

  it("records the progress of a group", async () => {
    const items = map("items", () => [1, 2, 3], (n: number) => n);
    assertEquals((await recorded(pipeline({ name: "p", steps: [items] }))).parts[0]?.progress, {
      done: 3,
      failed: 0,
      total: 3,
    });
  });

  it("keeps the latest runs, up to its limit", async () => {
    const observer = timeline({ keep: 2 });
    for (const runId of ["a", "b", "c"]) await idle("one").run({}, { observer, runId });
    assertEquals(observer.runs.map(({ span }) => span.runId), ["b", "c"]);
  });

  it("keeps a thousand runs by default", async () => {
    const observer = timeline();
    for (let n = 0; n <= 1_000; n++) await idle("one").run({}, { observer, runId: String(n) });
    assertEquals(observer.runs.length, 1_000);
    assertEquals(firstOf(observer.runs).span.runId, "1");
  });

  it("distinguishes concurrent runs", async () => {
    const observer = timeline();
    const names = ["a", "b", "c"];
    await Promise.all(names.map((name) => idle(name).run({}, { observer })));
    assertEquals(
      observer.runs.map((run) => outline(run)),
      names.map((name) => [
        `run ${name}`,
        `  attempt ${name}`,
      ]),
    );
  });

  it("records every run of the process on request", async () => {
    const watcher = timeline();
    observeAll(watcher);
    after(() => observeAll());
    await idle("one").run({});
    assertEquals(watcher.runs.length, 1);
  });

  it("holds no args and no data", async () => {
    const secret = step({ name: "s", run: (_: { token: string }) => ({ key: "s3cret" }) });
    assertEquals(
      JSON.stringify(await recorded(secret, { token: "s3cret" })).includes("s3cret"),
      false,
    );
  });

  it("has made what is drawn", () => {
    for (const draw of [html, tree]) {
      for (const wrong of [undefined, {}, []]) {
        assertThrows(() => draw(wrong as never), ConfigError, "one of the 'runs' of a timeline");
      }
    }
  });

  it("refuses to keep nothing or half a run, and unknown options", () => {
    for (const keep of [0, -1, 1.5, NaN, "3" as never]) {
      assertThrows(() => timeline({ keep }), ConfigError, "'keep' must be a positive integer");
    }
    assertThrows(() => timeline({ size: 1 } as never), ConfigError, "must be among keep");
  });
});
