// A language server over stdio, as an editor talks to it: the Language Server Protocol.
import { Buffer } from "node:buffer";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly items?: unknown[] };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A server that was started, and ends with `close`. */
export interface LanguageServer {
  request(method: string, params: object): Promise<unknown>;
  notify(method: string, params: object): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server in a folder and greets it. */
export async function startServer(
  [command, ...args]: [string, ...string[]],
  folder: string,
): Promise<LanguageServer> {
  const child = new Deno.Command(command, {
    args,
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const send = (message: object) => {
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", ...message }));
    const head = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`);
    return input.write(new Uint8Array([...head, ...body]));
  };
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  const reading = (async () => {
    for await (const { id, method, params, result, error } of messagesOf(child.stdout)) {
      if (id === undefined) continue;
      // A request of the server, which has defaults for settings that are null.
      if (method) await send({ id, result: params?.items?.map(() => null) ?? null });
      else if (error) pending.get(id)?.reject(new Error(error.message));
      else pending.get(id)?.resolve(result);
    }
    const ended = new Error("Cannot ask the language server as it must be alive: it has ended");
    for (const { reject } of pending.values()) reject(ended);
  })();
  let count = 0;
  const request = async (method: string, params: object) => {
    const answer = Promise.withResolvers<unknown>();
    pending.set(++count, answer);
    await send({ id: count, method, params });
    return await answer.promise;
  };
  const notify = (method: string, params: object) => send({ method, params });
  await request("initialize", {
    processId: Deno.pid,
    rootUri: `file://${folder}`,
    capabilities: {},
  });
  await notify("initialized", {});
  const close = async () => {
    await input.close();
    await reading;
    await child.status;
  };
  return { request, notify, close };
}

/** The messages of a stream, each after a header with its length in bytes. */
async function* messagesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const start = bytes.indexOf("\r\n\r\n") + 4;
      const end = start + Number(/\d+/.exec(bytes.toString("utf8", 0, start))?.[0]);
      if (start < 4 || bytes.length < end) break;
      yield JSON.parse(bytes.toString("utf8", start, end));
      bytes = bytes.subarray(end);
    }
  }
}
