import type { AddressInfo } from "node:net";
import { codec, resultOf, type RunEnd } from "@runsheet/runsheet/durable";
import { type ConformTarget, type SagaArgs, sagaEnd } from "@runsheet/runsheet/testing";
import { serveSaga } from "../../../../tests/support/process_target.ts";
import type { Server } from "./server.ts";
import { Worker } from "./worker.ts";

let sagas = 0;

/**
 * The target of workers that are processes, to be killed by SIGKILL. After `inactivityMs`, Restate
 * unloads a run from its process.
 */
export function sagaTarget(
  server: Server,
  waitMs: number,
  inactivityMs?: number,
): ConformTarget {
  return async (outside) => {
    const name = `saga${++sagas}`;
    const world = await serveSaga(outside);
    const { port } = world.address() as AddressInfo;
    const worker = await Worker.begin("saga_worker", [
      `http://127.0.0.1:${port}`,
      String(waitMs),
      name,
      String(inactivityMs ?? ""),
    ]);
    const stopped = new AbortController();
    await server.register(worker.uri);
    let known: SagaArgs;
    let invocation: string;
    return {
      async start(runId, args) {
        known = args;
        const answer = await server.call(`${name}/${runId}/run/send`, args);
        invocation = JSON.parse(answer).invocationId;
      },
      kill: () => worker.kill(),
      resume: () => worker.start(),
      async result(runId) {
        const url = `${server.ingress}/restate/workflow/${name}/${runId}/attach`;
        const response = await fetch(url, { signal: stopped.signal });
        const end = codec().decode(await response.text()) as RunEnd;
        return sagaEnd(resultOf("saga", runId, known, end) as Parameters<typeof sagaEnd>[0]);
      },
      async send(runId, name_, data) {
        await server.call(`${name}/${runId}/send`, { name: name_, data });
      },
      async cancel() {
        const url = `${server.admin}/invocations/${invocation}/cancel`;
        const response = await fetch(url, { method: "PATCH" });
        await response.body?.cancel();
      },
      async stop() {
        stopped.abort();
        await worker.kill();
        world.closeAllConnections();
        world.close();
      },
    };
  };
}
