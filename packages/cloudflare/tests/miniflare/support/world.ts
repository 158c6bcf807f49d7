// The outside world: a server in the process of the test, which the Workers reach by a binding.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** Answers an event of a Worker; a promise that never settles holds the Worker. */
export type Hear = (path: string, body: never) => unknown;

export class World {
  readonly #server: Server;

  constructor(hear: Hear) {
    this.#server = createServer(async (request, response) => {
      let body;
      try {
        body = await json(request);
      } catch {
        return; // its sender was killed
      }
      const answer = await hear(request.url!.slice(1), body as never);
      response.end(JSON.stringify(answer ?? {}));
    });
  }

  /** Resolves with its port. */
  async listen(): Promise<number> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
