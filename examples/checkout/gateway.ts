// A payment gateway over HTTP, on this machine: POST /charges, /refunds and /voids.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type } from "arktype";
import { type Answer, type GatewayBooks, refuse } from "./gateway_books.ts";

const Json = type("string.json.parse");
const Charge = Json.to({ orderId: "string", cardToken: "string", amount: "number.integer > 0" });
const Refund = Json.to({ chargeId: "string" });

export interface Gateway {
  url: string;
  close(): void;
}

export async function startGateway(books: GatewayBooks): Promise<Gateway> {
  const server = createServer((request, response) => respond(books, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = () => {
    server.close();
    // Some requests are never answered; their connections would keep the server running.
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

async function respond(
  books: GatewayBooks,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await text(request).catch(() => undefined);
  if (body === undefined) return; // the client has hung up in the middle of its request
  const key = request.headers["idempotency-key"];
  const answer = typeof key === "string"
    ? handle(books, `${request.method} ${request.url}`, key, body)
    : refuse(400, "no Idempotency-Key");
  if (!answer) return; // the connection stays open until the client gives up
  response.writeHead(answer.status);
  response.end(answer.body);
}

function handle(books: GatewayBooks, route: string, key: string, body: string): Answer {
  switch (route) {
    case "POST /charges": {
      const charge = Charge(body);
      return charge instanceof type.errors
        ? refuse(400, charge.summary)
        : books.charge(key, charge);
    }
    case "POST /refunds": {
      const refund = Refund(body);
      return refund instanceof type.errors
        ? refuse(400, refund.summary)
        : books.refund(refund.chargeId);
    }
    case "POST /voids":
      return books.void(key);
    default:
      return refuse(404, `no route ${route}`);
  }
}
