import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { leash } from "./leash.ts";

const binary = await findServer();

/** The reason for skipping a test if there is no server, or the SDK does not run. */
export const skipWithoutServer: string | false = binary === undefined
  ? "@restatedev/restate-server is not installed"
  : Number(process.versions.node.split(".")[0]) < 22
  ? "Restate's SDK needs Node 22"
  : false;

/** Finds the program of npm's package. In Deno's cache, only its launcher can resolve it. */
async function findServer(): Promise<string | undefined> {
  const program = `@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`;
  try {
    // Deno downloads a package when a part of it is imported.
    await import("@restatedev/restate-server/package.json", { with: { type: "json" } });
    const launcher = import.meta.resolve("@restatedev/restate-server/lib/index.js");
    const path = createRequire(launcher).resolve(program);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A server of Restate on free ports of this machine, for one file of tests. */
export class Server {
  readonly ingress: string;
  readonly admin: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "restate-"));
  readonly #addresses: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  private constructor([ingress, admin, node]: readonly number[]) {
    this.#addresses = {
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    };
    this.ingress = `http://127.0.0.1:${ingress}`;
    this.admin = `http://127.0.0.1:${admin}`;
  }

  /** Resolves once it is ready. */
  static async start(): Promise<Server> {
    const server = new Server(await Promise.all([freePort(), freePort(), freePort()]));
    await server.restart();
    return server;
  }

  /** Starts it on the same data; resolves once it is ready. */
  async restart(): Promise<void> {
    const path = join(this.#folder, "log");
    const log = openSync(path, "w");
    const child = spawn(binary!, ["--base-dir", join(this.#folder, "data")], {
      stdio: ["ignore", log, log],
      env: {
        ...process.env,
        ...this.#addresses,
        RESTATE_DEFAULT_NUM_PARTITIONS: "1",
        RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: "128MB",
        RESTATE_LOG_FILTER: "warn",
        RESTATE_DISABLE_TELEMETRY: "true",
      },
    });
    closeSync(log);
    this.#child = leash(child);
    for (const url of [`${this.admin}/health`, `${this.ingress}/restate/health`]) {
      while (!await answers(url)) {
        if (child.exitCode !== null) throw new Error(readFileSync(path, "utf8"));
        await soon();
      }
    }
  }

  /** Registers the workflows at an address with the server, once they are there. */
  async register(uri: string): Promise<void> {
    const body = JSON.stringify({ uri, force: true });
    const headers = { "content-type": "application/json" };
    for (;;) {
      const response = await fetch(`${this.admin}/deployments`, { method: "POST", headers, body });
      const answer = await response.text();
      if (response.ok) return;
      // The worker may not be listening yet.
      if (!answer.includes("META0003")) throw new Error(answer);
      await soon();
    }
  }

  /** Calls a handler; resolves with its return value, as JSON. */
  async call(path: string, body?: unknown, signal?: AbortSignal): Promise<string> {
    const response = await fetch(`${this.ingress}/${path}`, {
      method: "POST",
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
      ...(signal && { signal }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${answer}`);
    return answer;
  }

  /** Asks the server about its invocations. */
  async query(query: string): Promise<readonly Record<string, unknown>[]> {
    const headers = { "content-type": "application/json", accept: "application/json" };
    const body = JSON.stringify({ query });
    const response = await fetch(`${this.admin}/query`, { method: "POST", headers, body });
    const { rows } = await response.json() as { rows: Record<string, unknown>[] };
    return rows;
  }

  /** As `kill -9` does; resolves once it is dead. */
  async kill(): Promise<void> {
    const gone = once(this.#child!, "exit");
    if (this.#child!.kill("SIGKILL")) await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** A short wait before the next look. */
export function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
