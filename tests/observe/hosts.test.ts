// The spans of a run whose calls a host makes, or answers from its record.
import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { RecordingHost, ReplayingHost, SuspendingHost } from "../support/hosts.ts";
import { seeSpans } from "../support/spans.ts";
import { boom, fail, logged } from "../support/steps.ts";

const late = step({
  name: "late",
  retry: { count: 1, delay: 5 },
  run(_ctx, { attempt }) {
    if (attempt === 1) throw boom;
  },
});
const p = pipeline({ name: "p", steps: [logged("a", []), late, fail] });

async function record(): Promise<RecordingHost> {
  const host = new RecordingHost();
  await p.run({}, { host });
  return host;
}

describe("a run under a host", () => {
  it("has the same spans, with the ids of the host's calls", async () => {
    const [plain, hosted] = [seeSpans(), seeSpans()];
    const host = new RecordingHost();
    await p.run({}, { observer: plain.observer });
    await p.run({}, { observer: hosted.observer, host });
    assertEquals(hosted.tree(), plain.tree());
    const called = hosted.spans.filter(({ kind }) => ["attempt", "undo"].includes(kind));
    assertEquals(called.map(({ id }) => id), host.ids);
    const waited = hosted.spans.filter(({ kind }) => kind === "wait");
    assertEquals(waited.map(({ id, ms }) => ({ id, ms })), [...host.sleeps]);
  });

  it("says which calls were answered from a record and called nothing", async () => {
    const { outcomes } = await record();
    const { observer, tree } = seeSpans();
    await p.run({}, { observer, host: new ReplayingHost(outcomes) });
    assertEquals(tree(), [
      "run failed: boom",
      "  step a ok",
      "    attempt a@1 ok (replayed)",
      "  step late ok",
      "    attempt late@1 failed: boom (replayed)",
      "    wait late@2!wait ok",
      "    attempt late@2 ok (replayed)",
      "  step fail failed: boom",
      "    attempt fail@1 failed: boom (replayed)",
      "  rollback !rollback ok",
      "    undo a!undo ok (replayed)",
    ]);
  });

  it("ends open spans with the host's own signal", async () => {
    const { observer, tree } = seeSpans();
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "late@1");
    await assertRejects(() => p.run({}, { observer, host }), Error, "suspended");
    assertEquals(tree(), [
      "run failed: suspended",
      "  step a ok",
      "    attempt a@1 ok",
      "  step late failed: suspended",
      "    attempt late@1 failed: suspended",
    ]);
  });
});
