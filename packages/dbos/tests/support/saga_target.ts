import type { AddressInfo } from "node:net";
import { DBOSClient } from "@dbos-inc/dbos-sdk";
import type { ConformTarget, SagaArgs } from "@runsheet/runsheet/testing";
import { SagaWorker, serveSaga } from "../../../../tests/support/process_target.ts";
import { script } from "./script.ts";

/** The target of `dbos` whose workers are processes, to be killed by SIGKILL. */
export function sagaTarget(databaseUrl: string, waitMs: number): ConformTarget {
  return async (outside) => {
    const server = await serveSaga(outside);
    const { port } = server.address() as AddressInfo;
    const client = await DBOSClient.create({ systemDatabaseUrl: databaseUrl });
    let known: SagaArgs;
    let worker: SagaWorker;
    let stalled: SagaWorker | undefined;
    const begin = () => {
      const url = `http://127.0.0.1:${port}`;
      const args = [databaseUrl, url, String(waitMs), JSON.stringify(known)];
      worker = new SagaWorker(script("saga_worker"), args);
    };
    return {
      start(_runId, args) {
        known = args;
        begin();
      },
      kill: () => worker.kill(),
      resume: begin,
      result: () => worker.end,
      send: (runId, event, data) => client.send(runId, { event, data }, "runsheet"),
      cancel: (runId) => client.send(runId, { cancel: undefined }, "runsheet"),
      stall: () => (stalled = worker).signal("SIGSTOP"),
      wake: () => stalled!.signal("SIGCONT"),
      async stop() {
        await worker.kill();
        await stalled?.kill();
        server.closeAllConnections();
        server.close();
        await client.destroy();
      },
    };
  };
}
