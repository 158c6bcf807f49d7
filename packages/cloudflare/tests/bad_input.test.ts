import { describe, it } from "node:test";
import { cancel, cloudflare, send } from "@runsheet/cloudflare";
import { pipeline, unwrap } from "@runsheet/runsheet";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Instance, WorkflowEntrypoint } from "./support/platform.ts";

describe("bad input of a Workflow", () => {
  it("is refused in one sentence: no instance, no pipeline, no platform, no limit", async () => {
    const nobody = undefined as never;
    const order = pipeline({ name: "order", steps: [] });
    const said = [
      await assertRejects(() => send(nobody, "approval")),
      await assertRejects(() => cancel(nobody)),
      await assertRejects(() => send(new Instance(), "")),
      assertThrows(() => cloudflare(WorkflowEntrypoint, {} as never)),
      assertThrows(() => cloudflare(WorkflowEntrypoint, order, { steps: 0 })),
      assertThrows(() => cloudflare(WorkflowEntrypoint, order, { outptu: unwrap } as never)),
      assertThrows(() => cloudflare(WorkflowEntrypoint, order, { output: "data" } as never)),
      await assertRejects(() => {
        const Order = cloudflare(WorkflowEntrypoint, order);
        const step = { do: () => {}, sleep: () => {} } as never;
        return new Order({}, {}).run({ payload: {}, instanceId: "run-1" }, step);
      }),
      await assertRejects(() => {
        const Order = cloudflare(WorkflowEntrypoint, order);
        return new Instance().live(new Order({}, {}), { client: () => {} });
      }),
    ].map((error) => (error as Error).message);
    assertEquals(said, [
      "Cannot send 'approval' as it must be given an instance of a Workflow: current value is undefined",
      "Cannot cancel as it must be given an instance of a Workflow: current value is undefined",
      'Cannot send an event as its name must be a string that is not empty: current value is ""',
      "Cannot make a pipeline durable as it must be a step or a pipeline: current value is an object with keys []",
      "Cannot make 'order' durable as 'steps' must be a positive integer: current value is 0",
      "Cannot make 'order' durable as its options must be among deps, errors, lateMs, onLate, " +
      'output, steps, version: current value is "outptu"',
      `Cannot make 'order' durable as 'output' must be a function: current value is "data"`,
      "Cannot run 'order' as its platform must have 'step.waitForEvent': current value is undefined",
      "Cannot record the args of 'order' as they must be data that can be recorded: it.client is a function",
    ]);
  });
});
