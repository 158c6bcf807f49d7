// The gateway, the database and the mailer of examples/checkout behind HTTP, in the process of the
// test. They outlive the process that checks out an order, which can be killed at each request.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Result } from "@runsheet/runsheet";
import { proveBalance } from "../../examples/checkout/balance.ts";
import type { OrderRow, Receipt } from "../../examples/checkout/checkout.ts";
import type { Database, ShopBooks } from "../../examples/checkout/database.ts";
import {
  type Answer,
  type ChargeRequest,
  GatewayBooks,
} from "../../examples/checkout/gateway_books.ts";
import { Mailer } from "../../examples/checkout/mailer.ts";
import type { OrderEnd } from "./checkout_services.ts";

/** The moment at which a process is killed: its n-th request, from 0. */
export interface Kill {
  readonly nth: number;
  /** Before or after the request takes effect, or as soon as it is answered. */
  readonly when: "before" | "after" | "answered";
}

const products = [{ sku: "tea", name: "Tea", stock: "10" }];

export class CheckoutWorld {
  readonly url: string;
  /** The number of requests. */
  requests = 0;
  readonly #server: Server;
  readonly #newDatabase: () => Database;
  #db: Database;
  #books = new GatewayBooks();
  #mailer = new Mailer();
  #kill: Kill | undefined;
  #onKill = () => {};

  private constructor(server: Server, newDatabase: () => Database) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server.on("request", (...exchange) => this.#exchange(...exchange));
    this.#newDatabase = newDatabase;
    this.#db = newDatabase();
  }

  static async start(): Promise<CheckoutWorld> {
    // Not every runtime has node:sqlite.
    const { Database } = await import("../../examples/checkout/database.ts");
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CheckoutWorld(server, () => new Database(products));
  }

  /** Forgets everything. At a request, if any, it calls `onKill`. */
  begin(kill?: Kill, onKill: () => void = () => {}): void {
    this.#db.close();
    this.#db = this.#newDatabase();
    this.#books = new GatewayBooks();
    this.#mailer = new Mailer();
    this.#kill = kill;
    this.#onKill = onKill;
    this.requests = 0;
  }

  /** The imbalances after an order, by the proof of the example itself, and lost mails. */
  differences(order: OrderRow, { success, data, failed = [] }: OrderEnd): string[] {
    const result = success ? { success, data } : { success, rollback: { failed } };
    const results = [result as unknown as Result<Receipt>];
    const claims = proveBalance(products, results, [], this.#db, this.#books);
    const mails = [...this.#mailer.sent.values()].join();
    return [
      ...claims.flatMap(({ text, differences }) => differences.map((what) => `${text}: ${what}`)),
      ...mails === (success ? `${order.email}: Order ${order.orderId} is on its way` : "")
        ? []
        : [`mails: ${mails}`],
    ];
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#db.close();
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers["idempotency-key"]);
    const body = await json(request).catch(() => undefined);
    if (body === undefined) return; // its sender was killed
    const when = this.requests++ === this.#kill?.nth ? this.#kill.when : undefined;
    if (when === "before") return this.#onKill();
    const answer = await this.#act(request.url!.slice(1), key, body);
    if (when === "after") return this.#onKill();
    if (!answer) return; // like a gateway that stalls
    response.writeHead(answer.status);
    response.end(answer.body, () => when === "answered" && this.#onKill());
  }

  async #act(what: string, key: string, body: unknown): Promise<Answer> {
    switch (what) {
      case "charges":
        return this.#books.charge(key, body as ChargeRequest);
      case "refunds":
        return this.#books.refund((body as { chargeId: string }).chargeId);
      case "voids":
        return this.#books.void(key);
    }
    const args = body as never as [never, never, never];
    try {
      await (what === "send"
        ? this.#mailer.send(...args)
        : this.#db[what as keyof ShopBooks](...args));
      return { status: 200, body: "{}" };
    } catch (error) {
      const { name, message } = error as Error;
      return { status: 422, body: JSON.stringify({ name, message }) };
    }
  }
}
