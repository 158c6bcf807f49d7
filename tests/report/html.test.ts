import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type AnyStep,
  filter,
  map,
  parallel,
  pipeline,
  resource,
  step,
  when,
} from "@runsheet/runsheet";
import { html, timeline } from "@runsheet/runsheet/report";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { drain, never } from "../support/deferred.ts";
import { hostileNames, idle } from "../support/flows.ts";
import { firstOf, recorded, wordsOf } from "../support/recorded.ts";
import { worstOrder } from "../support/scenes.ts";
import { fail, thrower } from "../support/steps.ts";

function failing(name: string, error: Error) {
  return step({ name, run: () => Promise.reject(error) });
}

describe("a page", () => {
  const { after, fakeTime } = cleanups();

  it("says what ran, what was retried and why, and what landed late", async () => {
    const words = wordsOf(html((await worstOrder(fakeTime())).run));
    assertEquals(words.slice(words.indexOf("What ran") + 1, -1), [
      "✗ order failed",
      "✓ reserve",
      "✓ charge 3 attempts",
      "✗ attempt 1 failed",
      "TimeoutError (TIMEOUT): Cannot finish 'charge' as it must settle within 50 ms: it is still pending",
      "» attempt 1, landed late, undone",
      "↩ undo charge (attempt 1, landed late)",
      "↩ undo charge (deferred by attempt 1)",
      "· wait 10 ms planned",
      "✗ attempt 2 failed",
      "TypeError: out of order, caused by Error: connection reset",
      "↩ rollback all undone",
      "↩ undo charge (deferred by attempt 2)",
      "· wait 20 ms planned",
      "✓ attempt 3",
      "✓ log no undo declared",
      "✗ fulfil failed",
      "✓ ship no undo declared",
      "✗ fail failed",
      "Error: boom",
      "‼ rollback 1 not undone",
      "✗ undo charge (of attempt 3) failed",
      "Error: no refund",
      "‼ undo charge, retry 1 could not be undone",
      "Error: no refund",
      "↩ undo charge (deferred by attempt 3)",
      "✗ undo reserve failed",
      "Error: busy",
      "↩ undo reserve, retry 1",
    ]);
  });

  it("lists the undos in their order, and those that failed, deferred and late ones separately", async () => {
    const words = wordsOf(html((await worstOrder(fakeTime())).run));
    const list = words.slice(
      words.indexOf("What was undone, in this order") + 1,
      words.indexOf("What ran"),
    );
    assertEquals(list.map((line) => line.replace(/ after [\d.]+ \w+$/, "")), [
      "↩ charge (deferred by attempt 2) undone",
      "‼ charge (of attempt 3) could not be undone at retry 1",
      "Error: no refund",
      "↩ charge (deferred by attempt 3) undone",
      "↩ reserve undone at retry 1",
      "↩ charge (attempt 1, landed late) undone",
      "↩ charge (deferred by attempt 1) undone",
      "1 of 6 could not be undone.",
      "Done, with no undo declared: log, fulfil/ship",
    ]);
  });

  it("names no step without an undo if nothing is undone, or if it deferred its own", async () => {
    const price = step({ name: "price", run: () => {} });
    const hold = step({ name: "hold", run: (_ctx, { defer }) => defer(() => {}) });
    const isNamed = async (...steps: AnyStep[]) =>
      html(await recorded(pipeline({ name: "p", steps }))).includes("no undo declared");
    assertEquals([await isNamed(price, fail), await isNamed(price)], [true, false]);
    assertFalse(await isNamed(hold, fail));
  });

  it("names a step without an undo once, however often its pipeline was retried", async () => {
    const price = step({ name: "price", run: () => {} });
    const flow = pipeline({ name: "p", retry: { count: 2 }, steps: [price, fail] });
    const words = wordsOf(html(await recorded(flow)));
    assert(words.includes("Done, with no undo declared: price"), words.join("\n"));
  });

  it("says what was released, and what could not be", async () => {
    const made = (name: string, release: () => void) =>
      resource({ name, acquire: () => name, release: { run: release, retry: { count: 1 } } });
    const [good, bad] = [made("good", () => {}), made("bad", thrower)];
    const words = wordsOf(html(await recorded(pipeline({ name: "p", steps: [good, bad] }))));
    assert(words.includes("Not released: bad"));
    assertEquals(words.slice(words.indexOf("What ran") + 1, -1), [
      "✓ p",
      "✓ good",
      "✓ bad",
      "✗ release bad failed",
      "Error: boom",
      "‼ release bad, retry 1 could not be released",
      "Error: boom",
      "✓ release good",
    ]);
  });

  it("says that every undo succeeded, if there were any", async () => {
    const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
    const words = wordsOf(html(await recorded(pipeline({ name: "p", steps: [reserve, fail] }))));
    assert(words.includes("Every undo succeeded."));
  });

  it("lists every undo of an order of many steps", async () => {
    const names = Array.from({ length: 15 }, (_, n) => `s${n}`);
    const steps = names.map((name): AnyStep => step({ name, run: () => {}, rollback: () => {} }));
    const words = wordsOf(html(await recorded(pipeline({ name: "p", steps: [...steps, fail] }))));
    const undone = words.filter((line) => line.includes(" undone after "));
    assertEquals(undone.map((line) => line.split(" ")[1]), names.toReversed());
    assertEquals(words.filter((line) => line.startsWith("… and")), []);
  });

  it("lists undos in order even if the clock does not advance", async () => {
    const { now } = performance;
    performance.now = () => 1;
    after(() => void (performance.now = now));
    const words = wordsOf(html((await worstOrder(fakeTime())).run));
    const list = words.filter((line) =>
      / (?:undone|could not be undone) at| undone after /.test(line)
    );
    assertEquals(list.map((line) => line.split(" undone")[0]), [
      "↩ charge (deferred by attempt 2)",
      "‼ charge (of attempt 3) could not be",
      "↩ charge (deferred by attempt 3)",
      "↩ reserve",
      "↩ charge (attempt 1, landed late)",
      "↩ charge (deferred by attempt 1)",
    ]);
  });

  it("begins with how the run ended, where it failed and why", async () => {
    const [title, heading, facts, why] = wordsOf(html((await worstOrder(fakeTime())).run));
    assertEquals([title, heading], ["✗ order", "✗ order"]);
    assertMatch(facts!, /^failed after [\d.]+ ms · began \d{4}-\d\d-\d\d .+ UTC · run order-4711$/);
    assertEquals(why, "Failed at fulfil/fail: Error: boom");
  });

  it("says that a run is done, with nothing undone", async () => {
    const words = wordsOf(html(await recorded(pipeline({ name: "p", steps: [idle("a")] }))));
    assertMatch(words[2]!, /^done in /);
    assertEquals(words.slice(3, -1), [
      "What was undone, in this order",
      "Nothing.",
      "What ran",
      "✓ p",
      "✓ a",
    ]);
  });

  it("shows skipped steps, and the progress of a group", async () => {
    const flow = pipeline({
      name: "p",
      steps: [
        when(() => false, idle("gift")),
        parallel(idle("a"), idle("b")),
        map("mails", () => [{}], idle("send")),
        filter("few", function* () {
          yield 1;
        }, () => true),
      ],
    });
    const words = wordsOf(html(await recorded(flow)));
    assertEquals(words.slice(words.indexOf("What ran") + 2, -1), [
      "– when(gift) skipped",
      "✓ parallel(a, b) 2 of 2 done",
      "✓ a",
      "✓ b",
      "✓ map(mails) 1 of 1 done",
      "✓ send [0]",
      "✓ filter(few) 1 done",
    ]);
  });

  it("shows a run that is in progress", async () => {
    const observer = timeline();
    const stuck = step({ name: "stuck", run: never });
    void pipeline({ name: "p", steps: [idle("a"), stuck] }).run({}, { observer });
    await drain();
    const words = wordsOf(html(firstOf(observer.runs)));
    assertMatch(words[2]!, /^under way for /);
    assertEquals(words.slice(-4, -1), ["… p under way", "✓ a", "… stuck under way"]);
  });

  it("escapes every name and every message", async () => {
    for (const [name, shown] of hostileNames) {
      const run = await recorded(
        pipeline({ name, steps: [failing(name, new Error(name, { cause: name }))] }),
        {},
        { runId: name },
      );
      const page = html(run);
      // The rest of the page without its own tags and codes.
      const rest = page.replace(/<style>[^]*?<\/style>/, "").replaceAll(
        /<!doctype html>|<\/?(?:html|meta|title|h1|h2|p|ol|li|div|span|b|small|i|br|style)(?: [a-z-]+="[^"<>]*")*>|&#\d+;/g,
        "",
      );
      assertFalse(/[<>&"']/.test(rest), rest);
      const line = shown.replaceAll("\n", " ");
      const expected = `Error: ${line}, caused by ${line}`.replaceAll(/\s+/g, " ");
      assert(wordsOf(page).includes(expected), `${expected} must be in ${wordsOf(page)}`);
    }
  });

  it("shows no args, no data and no value that a schema has refused", async () => {
    const pay = step({
      name: "pay",
      requires: type({ card: /^\d{4}$/ }),
      run: () => ({ receipt: "s3cret" }),
    });
    const page = html(await recorded(pay, { card: "s3cret", token: "s3cret" }));
    assertFalse(page.includes("s3cret"));
    assertStringIncludes(page, "REQUIRES_VALIDATION");
    assertFalse(html(await recorded(pay, { card: "1234" })).includes("s3cret"));
  });

  it("is one file that loads nothing and runs nothing", async () => {
    const page = html((await worstOrder(fakeTime())).run);
    assertFalse(
      /<(?:script|link|img|iframe|object|base)|url\(|@import|https?:|javascript:/i.test(page),
    );
    assertStringIncludes(page, `content="default-src 'none';style-src 'unsafe-inline'"`);
  });

  it("has both colour schemes, and repeats in signs and words what its colours say", async () => {
    const page = html((await worstOrder(fakeTime())).run);
    assertStringIncludes(page, "color-scheme:light dark");
    assertStringIncludes(page, "prefers-color-scheme:dark");
    const rows = [...page.matchAll(/<div class="r (\w+)"[^>]*><span class="n">(.)/gu)];
    const signs = new Map(rows.map(([, state = "", sign = ""]) => [state, sign]));
    assertEquals(Object.fromEntries(signs), {
      failed: "✗",
      ok: "✓",
      late: "»",
      undone: "↩",
      wait: "·",
      stuck: "‼",
    });
  });

  it("shows an error once, where it happened", async () => {
    const inner = pipeline({ name: "inner", steps: [fail] });
    const page = html(await recorded(pipeline({ name: "outer", steps: [inner] })));
    // The summary has it as well.
    assertEquals(page.split("Error: boom").length - 1, 2);
  });
});
