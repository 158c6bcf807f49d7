import { type AnyStep, pipeline, step } from "@runsheet/runsheet";
import { type TimedSpan, timeline } from "@runsheet/runsheet/report";
import type { FakeTime } from "@std/testing/time";
import { deferred, drain } from "./deferred.ts";
import { idle } from "./flows.ts";
import { firstOf } from "./recorded.ts";
import { fail } from "./steps.ts";

/** A run with every kind of event, and the flow that ran. */
export interface Scene {
  readonly flow: AnyStep;
  readonly run: TimedSpan;
}

/**
 * An order whose charge times out, fails, and then succeeds; the shipment fails, the refund
 * done, and the first charge lands when all is over.
 */
export async function worstOrder(time: FakeTime): Promise<Scene> {
  const gate = deferred();
  const charge = step({
    name: "charge",
    timeout: 50,
    retry: { count: 3, delay: 10 },
    run: async (_ctx, { attempt, defer }) => {
      defer(() => {});
      if (attempt === 1) return await gate.promise;
      if (attempt === 2) {
        throw new TypeError("out of order", { cause: new Error("connection reset") });
      }
    },
    rollback: {
      retry: { count: 1 },
      run: (_ctx, _output, { effectKey }) => {
        if (!effectKey.includes("~")) return;
        throw new Error("no refund");
      },
    },
  });
  const reserve = step({
    name: "reserve",
    run: () => {},
    rollback: {
      retry: { count: 1 },
      run: (_ctx, _output, { attempt }) => {
        if (attempt === 1) throw new Error("busy");
      },
    },
  });
  const flow = pipeline({
    name: "order",
    steps: [
      reserve,
      charge,
      idle("log"),
      pipeline({ name: "fulfil", steps: [idle("ship"), fail] }),
    ],
  });
  const observer = timeline();
  const running = flow.run({}, { observer, runId: "order-4711" });
  await time.tickAsync(50);
  for (let i = 0; i < 10; i++) {
    await time.tickAsync(10);
    await drain();
  }
  await running;
  gate.resolve();
  await drain();
  return { flow, run: firstOf(observer.runs) };
}
