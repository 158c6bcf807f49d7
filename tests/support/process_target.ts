import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { durable } from "@runsheet/runsheet/durable";
import {
  type ConformTarget,
  saga,
  type SagaArgs,
  type SagaEnd,
  type SagaOutside,
} from "@runsheet/runsheet/testing";
import { openSagaStore } from "./saga_store.ts";
import { scriptPath, spawnFile } from "./spawn.ts";

/**
 * The target of `durable` whose workers are processes, to be killed by SIGKILL. Each run has a
 * store of its own.
 *
 * @param newPlace Makes a place for a store: a file for SQLite, or the URL of a database.
 */
export function processTarget(
  waitMs: number,
  newPlace: () => string | Promise<string>,
): ConformTarget {
  return async (outside) => {
    const place = await newPlace();
    const store = openSagaStore(place);
    const server = await serveSaga(outside);
    const { port } = server.address() as AddressInfo;
    // From here, the runs are answered and cancelled, but never driven.
    const runs = durable(saga(outside), { store });
    let known: SagaArgs;
    let worker: SagaWorker;
    let stalled: SagaWorker | undefined;
    const begin = () => {
      const args = [place, `http://127.0.0.1:${port}`, String(waitMs), JSON.stringify(known)];
      worker = new SagaWorker(scriptPath("saga_worker"), args);
    };
    return {
      start(_runId, args) {
        known = args;
        begin();
      },
      kill: () => worker.kill(),
      async resume() {
        await store.endLeases();
        begin();
      },
      result: () => worker.end,
      send: (runId, name, data) => runs.send(runId, name, data),
      cancel: (runId) => runs.cancel(runId),
      stall: () => (stalled = worker).signal("SIGSTOP"),
      wake: () => stalled!.signal("SIGCONT"),
      async stop() {
        await worker.kill();
        await stalled?.kill();
        server.closeAllConnections();
        server.close();
        await store.close();
      },
    };
  };
}

/** A process that runs the saga and prints its end. */
export class SagaWorker {
  /** The end of the run; never settles if the worker dies before. */
  readonly end: Promise<SagaEnd>;
  readonly #ended: Promise<unknown>;
  readonly #pid: Promise<number>;

  constructor(path: string, args: string[]) {
    let onStart: (pid: number) => void;
    this.#pid = new Promise((resolve) => onStart = resolve);
    const ended = spawnFile(path, args, { onStart: (pid) => onStart(pid) });
    this.#ended = ended;
    this.end = new Promise((resolve, reject) => {
      ended.then(({ stdout, stderr }) => {
        if (stdout !== "") resolve(JSON.parse(stdout));
        else if (stderr !== "") reject(new Error(stderr));
      });
    });
  }

  async kill(): Promise<void> {
    await this.signal("SIGKILL");
    await this.#ended;
  }

  async signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    try {
      process.kill(await this.#pid, signal);
    } catch {
      // The worker has ended.
    }
  }
}

/** Serves the outside world to the workers. */
export async function serveSaga(outside: SagaOutside): Promise<Server> {
  const server = createServer(async (request, response) => {
    let body = "";
    try {
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
    } catch {
      return; // The worker was killed while it sent this.
    }
    const answer = await outside.tell(JSON.parse(body));
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
