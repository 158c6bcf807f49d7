import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { assert, assertEquals } from "@std/assert";
import { mainOf } from "./examples.ts";
import { scriptPath } from "./spawn.ts";

/** An answer of the service. */
export interface Answer {
  /** 0 when the client has left. */
  status: number;
  body: Record<string, unknown>;
}

/** A line of its log. */
export interface LogLine {
  event: string;
  runId?: string;
  step?: string;
  error?: string;
  port?: number;
  status?: number;
  notUndone?: string[];
}

/** A process of examples/service. */
export interface Service {
  url: string;
  /** Stops it, and returns its log. */
  end: () => Promise<LogLine[]>;
  /** Kills it by SIGKILL; resolves when it is dead. */
  kill: () => Promise<void>;
}

/** Starts examples/service. */
export async function startService(env: Record<string, string>): Promise<Service> {
  // A fresh cache makes Deno print its downloads, where nothing may be printed.
  const run = process.versions.deno === undefined ? [] : ["run", "-A", "--quiet"];
  const args = [...run, scriptPath("leash"), ...run, mainOf("service")];
  const child = spawn(process.execPath, args, { env: { ...process.env, PORT: "0", ...env } });
  const lines: LogLine[] = [];
  const output = createInterface(child.stdout);
  const closed = Promise.all([
    new Promise<number | null>((resolve) => child.on("close", resolve)),
    new Promise((resolve) => output.on("close", resolve)),
  ]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ready = new Promise<number>((resolve) =>
    output.on("line", (line) => {
      lines.push(JSON.parse(line));
      const { event, port } = lines.at(-1)!;
      if (event === "ready" && port !== undefined) resolve(port);
    })
  );
  const port = await Promise.race([ready, closed.then(() => undefined)]);
  assert(port, `the service must start: ${stderr}`);
  return {
    url: `http://127.0.0.1:${port}`,
    end: async () => {
      child.stdin.end();
      const [code] = await closed;
      if (process.platform !== "win32") { // where SIGTERM ends a process at once
        assertEquals({ code, stderr, last: lines.at(-1)?.event }, {
          code: 0,
          stderr: "",
          last: "stopped",
        });
      }
      return lines;
    },
    kill: async () => {
      child.stdin.write("kill");
      await closed;
    },
  };
}

/** Asks the service. */
export async function fromUrl(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}
