import { connect, createServer, type Socket } from "node:net";

/** Decides about a piece of traffic before it is passed on; `false` drops it. */
export type Passing = (piece: string, from: "client" | "server") => boolean | Promise<boolean>;

/** A wire between a process and a server: its traffic can be held back and dropped. */
export interface Wire {
  port: number;
  stop: () => Promise<void>;
}

/** Starts a wire to the server of a URL; returns the URL that leads through it. */
export async function wireTo(url: string, wires: Wire[], passing: Passing): Promise<string> {
  const wire = await startWire(Number(new URL(url).port), passing);
  wires.push(wire);
  return url.replace(/:\d+(?=\/|$)/, `:${wire.port}`);
}

function startWire(serverPort: number, passing: Passing): Promise<Wire> {
  const sockets = new Set<Socket>();
  const pass = (from: "client" | "server", source: Socket, target: Socket) => {
    let passed = Promise.resolve();
    const then = (next: () => unknown) => passed = passed.then(async () => void await next());
    sockets.add(source);
    source.on("data", (piece: Buffer) =>
      then(async () => {
        if (await passing(piece.toString("latin1"), from)) target.write(piece);
      }));
    source.on("error", () => {}); // a process that is killed resets it
    source.on("close", () => {
      sockets.delete(source);
      then(() => target.end());
    });
  };
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    pass("client", client, upstream);
    pass("server", upstream, client);
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      const stop = () => {
        for (const socket of sockets) socket.destroy();
        return new Promise<void>((closed) => server.close(() => closed()));
      };
      resolve({ port: typeof address === "object" && address ? address.port : 0, stop });
    });
  });
}
