import { once } from "node:events";
import { connect } from "node:net";

/** Sends a server the beginning of a request and closes the connection. */
export async function hangUpAfter(sent: string, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  await new Promise((resolve) => socket.write(sent, resolve));
  socket.destroy();
  await once(socket, "close");
}

/**
 * The beginnings of a request after which a client may hang up: in the head, in the body, and
 * before the answer.
 */
export function beginningsOf(path: string, body: object): string[] {
  const text = JSON.stringify(body);
  const head = `POST ${path} HTTP/1.1\r\nHost: server\r\nContent-Length: ${text.length}\r\n\r\n`;
  return [head.slice(0, 10), head, head + text.slice(0, 9), head + text];
}
