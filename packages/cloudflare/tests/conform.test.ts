import { describe, it } from "node:test";
import { cloudflare } from "@runsheet/cloudflare";
import {
  assertConforms,
  conform,
  type ConformTarget,
  saga,
  type SagaArgs,
  type SagaEnd,
  sagaEnd,
} from "@runsheet/runsheet/testing";
import { cancel, send } from "@runsheet/cloudflare";
import { Instance, WorkflowEntrypoint } from "./support/platform.ts";

// On the real platform: tests/miniflare/conform.test.ts.
describe("a saga on the stand-in for Cloudflare Workflows", () => {
  const target: ConformTarget = (outside) => {
    const instance = new Instance();
    let known: { runId: string; args: SagaArgs };
    let running: Promise<unknown>;

    function live(): void {
      const Saga = cloudflare(WorkflowEntrypoint, saga(outside), {
        output: sagaEnd,
        // A worker that was killed keeps Node alive for as long.
        lateMs: 5_000,
        onLate: () => {},
      });
      running = instance.live(new Saga({}, {}), known.args, known.runId);
    }

    return {
      start(runId, args) {
        known = { runId, args };
        live();
      },
      kill: () => instance.kill(),
      resume: live,
      result: () => running as Promise<SagaEnd>,
      send: (_runId, name, data) => send(instance, name, data),
      cancel: () => cancel(instance),
      stop: () => instance.kill(),
    };
  };

  it("ends as if it had not been killed, in calls, waits and undos", async () => {
    assertConforms(await conform(target, { concurrency: 6 }));
  });
});
