import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import { type AnyStep, pipeline, resource, type RetryPolicy, step } from "@runsheet/runsheet";
import { html, type TimedSpan, timeline } from "@runsheet/runsheet/report";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { idle } from "../support/flows.ts";
import { firstOf, recorded, wordsOf } from "../support/recorded.ts";
import { fail, thrower } from "../support/steps.ts";

/** Gives up a charge after 50 ms, while it waits for a gate. */
async function givenUp(time: FakeTime, policy: { retry?: RetryPolicy } = {}) {
  const gate = deferred();
  const observer = timeline();
  const charge = step({ ...policy, name: "charge", timeout: 50, run: () => gate.promise });
  const running = charge.run({}, { observer });
  await time.tickAsync(50);
  await drain();
  return { gate, running, page: () => html(firstOf(observer.runs)) };
}

describe("a page of a run with a late attempt", () => {
  const { fakeTime } = cleanups();

  it("says what a late success counts as, and what failed late", async () => {
    const retry = { count: 1, delay: 1_000 };
    const { gate, running, page } = await givenUp(fakeTime(), { retry });
    gate.resolve();
    await running;
    assertStringIncludes(
      page(),
      "» <b>attempt 1, landed late, in time to be the success of the step</b>",
    );
  });

  it("says that a late attempt has no undo, and stays", async () => {
    const { gate, running, page } = await givenUp(fakeTime());
    await running;
    gate.resolve();
    await drain();
    const words = wordsOf(page());
    assert(words.some((line) => /^‼ charge .*has no undo after/.test(line)), words.join("\n"));
    assert(words.includes("‼ attempt 1, landed late, has no undo"), words.join("\n"));
    assertFalse(words.some((line) => line.startsWith("Every undo succeeded")));
  });

  it("says that an attempt has failed late, or not landed yet", async () => {
    const { gate, running, page } = await givenUp(fakeTime());
    await running;
    assertStringIncludes(page(), "attempt 1, given up, not landed yet");
    gate.reject(new Error("too late"));
    await drain();
    assertStringIncludes(page(), "attempt 1, given up, failed late");
    assertStringIncludes(page(), "Error: too late");
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

  it("names the undo or the release that has landed late", async () => {
    const time = fakeTime();
    const late = async (make: (give: { run: () => Promise<void> }) => AnyStep[]) => {
      const gate = deferred();
      const give = { run: () => gate.promise, timeout: 50, retry: { count: 1 } };
      const observer = timeline();
      const flow = pipeline({ name: "p", steps: make(give) });
      const running = flow.run({}, { observer, onLate: () => {} });
      await time.tickAsync(50);
      await time.tickAsync(50);
      await running;
      const words = () => wordsOf(html(firstOf(observer.runs)));
      const before = words();
      gate.resolve();
      await drain();
      const isGiven = (line: string) => /^\S (undo|release) /.test(line);
      return { before, rows: words().filter(isGiven), after: words() };
    };
    const undone = await late((rollback) => [
      step({ name: "charge", run: () => {}, rollback }),
      fail,
    ]);
    assertEquals(undone.rows, [
      "✗ undo charge failed",
      "» undo charge, landed late, undone",
      "‼ undo charge, retry 1 could not be undone in time",
      "» undo charge, retry 1, landed late, undone",
    ]);
    const released = await late((release) => [
      resource({ name: "lock", acquire: () => 1, release }),
    ]);
    assertEquals(released.rows, [
      "✗ release lock failed",
      "» release lock, landed late, released",
      "‼ release lock, retry 1 could not be released in time",
      "» release lock, retry 1, landed late, released",
    ]);
    assert(released.before.includes("Not released: lock"));
    assertFalse(released.after.some((line) => line.startsWith("Not released")));
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
