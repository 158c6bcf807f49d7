// A payment gateway over HTTP, on this machine: POST /charges, /refunds and /voids.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Answer, GatewayBooks, type Unpaid } from "./gateway_books.ts";

export interface Gateway {
  url: string;
  books: GatewayBooks;
  close(): void;
}

export async function startGateway(unpaid?: Unpaid): Promise<Gateway> {
  const books = new GatewayBooks(unpaid);
  const server = createServer((request, response) => respond(books, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = () => {
    server.close();
    // Some requests are never answered: their connections would keep the server up.
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}`, books, close };
}

async function respond(
  books: GatewayBooks,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let text = "";
  for await (const chunk of request) text += chunk;
  const answer = handle(books, `${request.method} ${request.url}`, idempotencyKey(request), text);
  if (!answer) return;
  response.writeHead(answer.status);
  response.end(answer.body);
}

function handle(books: GatewayBooks, route: string, key: string, text: string): Answer {
  switch (route) {
    case "POST /charges":
      return books.charge(key, JSON.parse(text));
    case "POST /refunds":
      return books.refund(JSON.parse(text).chargeId);
    case "POST /voids":
      return books.void(key);
    default:
      return { status: 404, body: `no route ${route}` };
  }
}

function idempotencyKey({ headers }: IncomingMessage): string {
  return String(headers["idempotency-key"]);
}
