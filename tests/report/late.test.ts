import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { step } from "@runsheet/runsheet";
import { html, type TimedSpan, timeline } from "@runsheet/runsheet/report";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { idle } from "../support/flows.ts";
import { firstOf, recorded, wordsOf } from "../support/recorded.ts";
import { thrower } from "../support/steps.ts";

describe("a page of a run with a late attempt", () => {
  const { fakeTime } = cleanups();

  it("says what a late success counts as, and what failed late", async () => {
    const time = fakeTime();
    const gate = deferred();
    const charge = step({
      name: "charge",
      timeout: 50,
      retry: { count: 1, delay: 1_000 },
      run: () => gate.promise,
    });
    const observer = timeline();
    const running = charge.run({}, { observer });
    await time.tickAsync(50);
    await drain();
    gate.resolve();
    await running;
    assertStringIncludes(
      html(firstOf(observer.runs)),
      "» <b>attempt 1, landed late, in time to be the success of the step</b>",
    );
  });

  it("says that a late attempt has no undo, and stays", async () => {
    const time = fakeTime();
    const gate = deferred();
    const observer = timeline();
    const charge = step({ name: "charge", timeout: 50, run: () => gate.promise });
    const running = charge.run({}, { observer });
    await time.tickAsync(50);
    await running;
    gate.resolve();
    await drain();
    const words = wordsOf(html(firstOf(observer.runs)));
    assert(words.some((line) => /^‼ charge .*has no undo after/.test(line)), words.join("\n"));
    assert(words.includes("‼ attempt 1, landed late, has no undo"), words.join("\n"));
    assertFalse(words.some((line) => line.startsWith("Every undo succeeded")));
  });

  it("says that an attempt has failed late, or not landed yet", async () => {
    const time = fakeTime();
    const gate = deferred();
    const observer = timeline();
    const charge = step({ name: "charge", timeout: 50, run: () => gate.promise });
    const running = charge.run({}, { observer });
    await time.tickAsync(50);
    await running;
    assertStringIncludes(html(firstOf(observer.runs)), "attempt 1, given up, not landed yet");
    gate.reject(new Error("too late"));
    await drain();
    const page = html(firstOf(observer.runs));
    assertStringIncludes(page, "attempt 1, given up, failed late");
    assertStringIncludes(page, "Error: too late");
  });

  it("says that an attempt was undone, or could not be, without having landed, once its time was over", async () => {
    const time = fakeTime();
    const cases = [
      [() => {}, "» attempt 1, given up, undone"],
      [thrower, "‼ attempt 1, given up, could not be undone"],
    ] as const;
    for (const [undo, words] of cases) {
      const observer = timeline();
      const charge = step({ name: "charge", timeout: 50, run: never, undoByKey: undo });
      const running = charge.run({}, { observer, onLate: () => {} });
      await time.tickAsync(50);
      await running;
      await time.tickAsync(60_000);
      await drain();
      const page = wordsOf(html(firstOf(observer.runs)));
      assert(page.includes(words), page.join("\n"));
      const rows = page.slice(page.indexOf("What ran"));
      assertEquals(rows.filter((line) => line.startsWith("TimeoutError")).length, 1);
    }
  });

  it("gives the run half of its axis, however long after it the last attempt landed", async () => {
    const run = await recorded(idle("a"));
    const late: TimedSpan = { ...run, span: { ...run.span, kind: "late" }, from: 60, to: 60_000 };
    const page = html({ ...run, from: 0, to: 100, parts: [late] });
    assertEquals([...page.matchAll(/left:([\d.]+)%;width:([\d.]+)%/g)].map(([, ...at]) => at), [
      ["0", "50"],
      ["30", "70"],
    ]);
  });
});
