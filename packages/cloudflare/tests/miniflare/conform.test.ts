// The conformance kit on the real workerd, which is killed with SIGKILL: at each twelfth moment,
// or, with RUNSHEET_KILLS=all, at each.
import { before, describe, it } from "node:test";
import process from "node:process";
import {
  assertConforms,
  conform,
  type ConformTarget,
  type SagaEnd,
} from "@runsheet/runsheet/testing";
import { App, bundle } from "./support/app.ts";
import { waitMs } from "./support/saga.ts";
import { World } from "./support/world.ts";

const { RUNSHEET_KILLS } = process.env;
const every = RUNSHEET_KILLS === "all" ? 1 : 12;

describe("a saga on Cloudflare Workflows whose workerd is killed", () => {
  let script: string;
  before(async () => {
    script = await bundle("saga");
  });

  const target: ConformTarget = async (outside) => {
    const world = new World((_path, event) => outside.tell(event));
    const app = new App(await world.listen());
    await app.start(script);
    let begin: () => Promise<void>;
    return {
      start: (runId, args) => (begin = () => app.create(runId, args))(),
      kill: () => app.kill(),
      async resume() {
        await app.start(script);
        await begin();
      },
      async result(runId) {
        const { status, output, error } = await app.ended(runId);
        if (status !== "complete") throw new Error(`${status}: ${error?.message}`);
        return output as SagaEnd;
      },
      send: (id, name, data) => app.ask("send", { id, name, data }),
      cancel: (id) => app.ask("cancel", { id }),
      async stop() {
        await app.stop();
        world.stop();
      },
    };
  };

  it("ends as if it had not been killed, in calls, waits and undos", async () => {
    const options = { waitMs, every, concurrency: 2, patienceMs: 600_000 };
    assertConforms(await conform(target, options));
  });
});
