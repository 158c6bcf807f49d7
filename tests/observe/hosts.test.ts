// The spans of a run whose calls a host makes, or answers from its record.
import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { pipeline, sleep, step, waitFor } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";
import { observeAll } from "@runsheet/runsheet/observe";
import { cleanups } from "../support/cleanup.ts";
import { RecordingHost, ReplayingHost, SuspendingHost } from "../support/hosts.ts";
import { seeSpans } from "../support/spans.ts";
import { boom, fail, logged } from "../support/steps.ts";
import { until } from "../support/until.ts";

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

/** A store that holds one run. */
function storeOfOne(): Store {
  const rows: string[] = [];
  return {
    load: (_run, from) => rows.slice(from),
    append: (_run, seq, row) => rows.length === seq && rows.push(row) > 0,
    list: () => ["r"],
  };
}

describe("a run under a host", () => {
  const { after } = cleanups();

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
      "  step a ok (replayed)",
      "    attempt a@1 ok (replayed)",
      "  step late ok (replayed)",
      "    attempt late@1 failed: boom (replayed)",
      "    wait late@2!wait ok",
      "    attempt late@2 ok (replayed)",
      "  step fail failed: boom (replayed)",
      "    attempt fail@1 failed: boom (replayed)",
      "  rollback !rollback ok",
      "    undo a!undo ok (replayed)",
    ]);
  });

  it("says that a step was replayed only if its last attempt was", async () => {
    const { outcomes } = await record();
    const { observer, tree } = seeSpans();
    const known = new Map([...outcomes].filter(([id]) => id !== "late@2"));
    await p.run({}, { observer, host: new RecordingHost(known) });
    assertEquals(tree().filter((line) => line.includes(" late")), [
      "  step late ok",
      "    attempt late@1 failed: boom (replayed)",
      "    wait late@2!wait ok",
      "    attempt late@2 ok",
    ]);
  });

  it("ends open spans with the host's own signal, as interrupted", async () => {
    const { observer, tree } = seeSpans();
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "late@1");
    await assertRejects(() => p.run({}, { observer, host }), Error, "suspended");
    assertEquals(tree(), [
      "run interrupted: suspended",
      "  step a ok",
      "    attempt a@1 ok",
      "  step late interrupted: suspended",
      "    attempt late@1 interrupted: suspended",
    ]);
  });

  it("ends an open rollback so, too", async () => {
    const { observer, tree } = seeSpans();
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "a!undo");
    await assertRejects(() => p.run({}, { observer, host }), Error, "suspended");
    assertEquals(tree().filter((line) => /run|rollback|undo/.test(line)), [
      "run interrupted: suspended",
      "  rollback !rollback interrupted: suspended",
      "    undo a!undo interrupted: suspended",
    ]);
  });

  it("is interrupted if it is durable and can only wait for an event", async () => {
    const { observer, tree } = seeSpans();
    const store = storeOfOne();
    const flow = pipeline({ name: "p", steps: [logged("a", []), waitFor("approval")] });
    const runs = durable(flow, { store });
    observeAll(observer);
    after(() => observeAll());
    const running = runs.run({}, { runId: "r" });
    await until(() => Promise.resolve(tree()[0] !== undefined && tree()[0] !== "run …"));
    await runs.stop();
    await running;
    const parked = "interrupted: parked until something is due";
    assertEquals(tree(), [
      `run ${parked}`,
      "  step a ok",
      "    attempt a@1 ok",
      `  step approval ${parked}`,
    ]);
    const next = durable(flow, { store });
    await next.send("r", "approval", {});
    await next.resume();
    assertEquals(tree().slice(4), [
      "run ok",
      "  step a ok (replayed)",
      "    attempt a@1 ok (replayed)",
      "  step approval ok",
    ]);
  });

  it("says which waits of a durable run were answered from its record, and which only now", async () => {
    const { observer, tree } = seeSpans();
    const store = storeOfOne();
    const steps = [
      waitFor("first", { timeout: 86_400_000 }),
      sleep("pause", 0),
      waitFor("second"),
    ] as const;
    const flow = pipeline({ name: "p", steps });
    const watched = durable(flow, { store });
    observeAll(observer);
    after(() => observeAll());
    const driven = async (drive: () => Promise<unknown>) => {
      const known = tree().length;
      const driving = drive();
      const ended = () => tree()[known];
      await until(() => Promise.resolve(ended() !== undefined && ended() !== "run …"));
      return { driving, spans: () => tree().slice(known) };
    };
    await watched.send("r", "first", {});
    const first = await driven(() => watched.run({}, { runId: "r" }));
    await watched.stop();
    await first.driving;
    assertEquals(first.spans().slice(1, 3), ["  step first ok", "  step pause ok"]);
    const next = durable(flow, { store });
    await next.send("r", "second", {});
    const second = await driven(() => next.resume());
    await second.driving;
    assertEquals(second.spans(), [
      "run ok",
      "  step first ok (replayed)",
      "  step pause ok (replayed)",
      "  step second ok",
    ]);
  });
});
