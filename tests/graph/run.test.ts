import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type AnyStep, ConfigError, map, pipeline, resource, step, when } from "@runsheet/runsheet";
import { dot, mermaid } from "@runsheet/runsheet/graph";
import { type TimedSpan, timeline } from "@runsheet/runsheet/report";
import { cleanups } from "../support/cleanup.ts";
import { drain, never } from "../support/deferred.ts";
import { idle } from "../support/flows.ts";
import { recorded } from "../support/recorded.ts";
import { worstOrder } from "../support/scenes.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** The labels and classes of a flowchart. */
function boxes(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"[\])}]+(?::::(\w+))?$/gm)].map(([, label, state = ""]) =>
    `${label} ${state}`.trim()
  );
}

describe("a graph of a run", () => {
  const { fakeTime } = cleanups();

  it("shows how each step ended", async () => {
    const { flow, run } = await worstOrder(fakeTime());
    assertEquals(boxes(mermaid(flow, { run })), [
      "order",
      "↩ reserve undone",
      "‼ charge<br/>3 retries, 50 ms stuck",
      "✓ log ok",
      "done",
      "fulfil",
      "✓ ship ok",
      "✗ fail failed",
    ]);
  });

  it("distinguishes skipped steps from steps that were not reached", async () => {
    const flow = pipeline({
      name: "p",
      steps: [when(() => false, idle("gift")), fail, idle("ship")],
    });
    assertEquals(boxes(mermaid(flow, { run: await recorded(flow) })).slice(1, -1), [
      "– when skipped",
      "gift idle",
      "✗ fail failed",
      "ship idle",
    ]);
  });

  it("shows the worst outcome of all items", async () => {
    const send = step({
      name: "send",
      run: ({ n }: { n: number }) => {
        if (n === 2) throw new Error("bounced");
      },
    });
    const flow = map("mails", () => [{ n: 1 }, { n: 2 }, { n: 3 }], send, { onFailure: "collect" });
    assertEquals(boxes(mermaid(flow, { run: await recorded(flow) })), [
      "map(mails)",
      "done",
      "map(mails), each item",
      "✗ send failed",
    ]);
  });

  it("shows a step as done when only an earlier attempt of it was undone", async () => {
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: (_ctx, { attempt, defer }) => {
        defer(() => {});
        if (attempt === 1) throw new Error("busy");
      },
    });
    assertEquals(
      boxes(mermaid(charge, { run: await recorded(charge) }))[1],
      "✓ charge<br/>1 retry ok",
    );
  });

  it("shows the steps of a retried pipeline as its last attempt left them", async () => {
    const confirm = (failures: number) =>
      step({
        name: "confirm",
        run: () => {
          if (failures-- > 0) throw new Error("taken");
        },
      });
    const booking = (failures: number) =>
      pipeline({
        name: "booking",
        retry: { count: 1 },
        steps: [logged("hold", []), confirm(failures), idle("thank")],
      });
    const shown = async (flow: AnyStep) => boxes(mermaid(flow, { run: await recorded(flow) }));
    const inside = (failures: number) => pipeline({ name: "trip", steps: [booking(failures)] });
    assertEquals((await shown(inside(1))).slice(-3), ["✓ hold ok", "✓ confirm ok", "✓ thank ok"]);
    assertEquals((await shown(booking(1))).slice(1, -1), [
      "✓ hold ok",
      "✓ confirm ok",
      "✓ thank ok",
    ]);
    assertEquals((await shown(inside(2))).slice(-3), [
      "↩ hold undone",
      "✗ confirm failed",
      "thank idle",
    ]);
  });

  it("shows a resource that could not be released", async () => {
    const flow = resource({ name: "lock", acquire: () => 1, release: () => Promise.reject(boom) });
    assertEquals(boxes(mermaid(flow, { run: await recorded(flow) }))[1], "‼ lock stuck");
  });

  it("shows a step that was undone by its deferred undos", async () => {
    const charge = step({ name: "charge", run: (_ctx, { defer }) => defer(() => {}) });
    const flow = pipeline({ name: "p", steps: [charge, fail] });
    assertEquals(boxes(mermaid(flow, { run: await recorded(flow) }))[1], "↩ charge undone");
  });

  it("shows steps that are in progress", async () => {
    const flow = step({ name: "stuck", run: never });
    const observer = timeline();
    void flow.run({}, { observer });
    await drain();
    assertEquals(boxes(mermaid(flow, { run: observer.runs[0] }))[1], "… stuck running");
  });

  it("is drawn only of a run of the same pipeline, which a timeline has recorded", async () => {
    const [flow, other] = ["p", "other"].map((name) => pipeline({ name, steps: [idle("a")] }));
    const run = await recorded(other!);
    for (const draw of [mermaid, dot]) {
      const refused = (run: unknown, why: string) =>
        assertThrows(
          () => draw(flow!, { run: run as TimedSpan }),
          ConfigError,
          `Cannot draw a graph as 'run' must be ${why}`,
        );
      refused(run, `a run of 'p': current value is "run other"`);
      refused(run.parts[0], `a run of 'p': current value is "step a"`);
      refused({}, "one of the 'runs' of a timeline: current value is an object with keys []");
      refused(null, "one of the 'runs' of a timeline: current value is null");
    }
  });

  it("is also coloured for Graphviz", async () => {
    const { flow, run } = await worstOrder(fakeTime());
    assertStringIncludes(
      dot(flow, { run }),
      'label="✗ fail" style=filled fillcolor="#fbd9d6" color="#b3261e" fontcolor="#5c110c"]',
    );
  });
});
