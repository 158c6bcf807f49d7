// Pictures of runs that a host has interrupted, or continued from its record.
import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { mermaid } from "@runsheet/runsheet/graph";
import { html, type TimedSpan, timeline, tree } from "@runsheet/runsheet/report";
import { RecordingHost, SuspendingHost } from "../support/hosts.ts";
import { firstOf, recorded, wordsOf } from "../support/recorded.ts";
import { fail } from "../support/steps.ts";

const p = pipeline({
  name: "p",
  steps: [
    step({ name: "log", run: () => {} }),
    step({ name: "a", run: () => {}, rollback: () => {} }),
    fail,
  ],
});

/** The timeline of a run that is suspended at a call. */
async function suspendedAt(id: string): Promise<TimedSpan> {
  const observer = timeline();
  const host = new SuspendingHost(new RecordingHost(), (asked) => asked === id);
  await assertRejects(() => p.run({}, { observer, host }), Error, "suspended");
  return firstOf(observer.runs);
}

/** The lines of a tree without times and bars. */
function linesOf(run: TimedSpan): string[] {
  return tree(run).split("\n").map((line) => line.replace(/\s+[\d.]+ m?s .*$/, ""));
}

describe("a picture of a run that a host interrupted", () => {
  it("says so, with the host's reason, and not that it failed", async () => {
    const run = await suspendedAt("fail@1");
    assertEquals(linesOf(run), [
      "‖ p (interrupted)",
      "├ ✓ log",
      "├ ✓ a",
      "└ ‖ fail (interrupted)",
      "    Error: suspended",
    ]);
    const words = wordsOf(html(run));
    assert(words.includes("Interrupted by a host: Error: suspended"));
    assert(words.some((line) => line.startsWith("interrupted after ")));
    assertFalse(words.some((line) => line.includes("no undo declared")));
    assert(mermaid(p, { run }).includes('["‖ fail"]:::interrupted'));
  });

  it("does not say what became of the undos that it interrupted", async () => {
    const run = await suspendedAt("a!undo");
    assertEquals(linesOf(run).slice(-3), [
      "└ ‖ rollback (interrupted)",
      "  └ ‖ undo a (interrupted)",
      "      Error: suspended",
    ]);
    const words = wordsOf(html(run));
    const undos = words.slice(words.indexOf("What was undone, in this order") + 1);
    assert(undos[0]!.startsWith("‖ a interrupted after "));
    assertEquals(undos.slice(1, 3), ["Error: suspended", "What ran"]);
  });
});

describe("a picture of a run that a host continued", () => {
  it("says which steps were answered from the record", async () => {
    const record = new RecordingHost();
    await p.run({}, { host: record });
    const known = new Map([...record.outcomes].filter(([id]) => /^(log|a)@/.test(id)));
    assertEquals(linesOf(await recorded(p, {}, { host: new RecordingHost(known) })), [
      "✗ p (failed)",
      "├ ✓ log (no undo declared, from the record)",
      "├ ✓ a (from the record)",
      "├ ✗ fail (failed)",
      "│   Error: boom",
      "└ ↩ rollback (all undone)",
      "  └ ↩ undo a",
    ]);
  });
});
