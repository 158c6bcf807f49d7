// An application on the platform: a Worker in workerd, with its storage in a folder.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The state of an instance. */
export interface Status {
  status: string;
  output?: unknown;
  error?: { name: string; message: string };
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url).href);

/** Bundles a Worker of workers/, as wrangler does; returns the path of the bundle. */
export async function bundle(name: string, define: Record<string, string> = {}): Promise<string> {
  const outfile = here(`../out/${[name, ...Object.values(define)].join("_")}.js`);
  await build({
    entryPoints: [here(`../workers/${name}.ts`)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*"],
    keepNames: true,
    define,
    logLevel: "error",
  });
  return outfile;
}

export class App {
  /** The output of its workers. */
  log = "";
  readonly #worldPort: number;
  readonly #steps: number | undefined;
  readonly #folder = mkdtemp(join(tmpdir(), "runsheet-cloudflare-"));
  #server: ChildProcess | undefined;
  #url: string | undefined;

  constructor(worldPort: number, steps?: number) {
    this.#worldPort = worldPort;
    this.#steps = steps;
  }

  /** Starts workerd with a Worker. */
  async start(script: string): Promise<void> {
    const args = [here("server.ts"), script, await this.#folder, String(this.#worldPort)];
    if (this.#steps !== undefined) args.push(String(this.#steps));
    const server = spawn(process.execPath, args, {
      detached: true, // a process group, which is killed as a whole
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#server = server;
    server.stderr.setEncoding("utf8").on("data", (text: string) => this.log += text);
    for await (const line of createInterface({ input: server.stdout })) {
      this.log += `${line}\n`;
      const [, url] = /^listens at (.+)$/.exec(line) ?? [];
      if (url === undefined) continue;
      this.#url = url;
      server.stdout.setEncoding("utf8").on("data", (text: string) => this.log += text).resume();
      return;
    }
    throw new Error(`workerd must start: ${this.log}`);
  }

  /** Kills workerd and miniflare with SIGKILL. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const ended = once(server, "close");
    if (server.exitCode === null && server.signalCode === null) {
      process.kill(-server.pid!, "SIGKILL");
    }
    await ended;
  }

  /** Kills it for good. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(await this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Resolves with a line that the Worker prints, by its beginning. */
  async says(beginning: string): Promise<string> {
    for (;;) {
      const line = this.log.split("\n").find((line) => line.includes(beginning));
      if (line !== undefined) return line.slice(line.indexOf(beginning));
      await setTimeout(10);
    }
  }

  /**
   * Asks the Worker, on a connection of its own: workerd closes a connection that is used for long.
   */
  async ask(op: string, body: object): Promise<unknown> {
    const asking = request(this.#url!, { method: "POST", agent: false });
    asking.end(JSON.stringify({ op, ...body }));
    const [response] = await once(asking, "response") as [IncomingMessage];
    const answer = await json(response) as { thrown?: string };
    if (answer.thrown !== undefined) throw new Error(answer.thrown);
    return answer;
  }

  /** Begins an instance, or continues it: the emulation wakes none by itself. */
  async create(id: string, params: unknown): Promise<void> {
    await this.ask("create", { id, params });
  }

  async status(id: string): Promise<Status> {
    return await this.ask("status", { id }) as Status;
  }

  /** Waits for the end of an instance. */
  async ended(id: string): Promise<Status> {
    for (;;) {
      const state = await this.status(id);
      if (["complete", "errored", "terminated"].includes(state.status)) return state;
      await setTimeout(30);
    }
  }
}
