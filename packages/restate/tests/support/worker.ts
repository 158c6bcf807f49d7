import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { leash } from "./leash.ts";
import { freePort, soon } from "./server.ts";

/** A process that serves workflows at a port of its own, to be killed and replaced. */
export class Worker {
  readonly uri: string;
  readonly #script: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #stderr = "";

  private constructor(script: string, port: number, args: readonly string[]) {
    this.uri = `http://127.0.0.1:${port}`;
    this.#script = script;
    this.#args = [String(port), ...args];
    this.start();
  }

  /** Starts tests/processes/<script>; it is given the port, and the args. */
  static async begin(script: string, args: readonly string[]): Promise<Worker> {
    return new Worker(find(script), await freePort(), args);
  }

  /** Its output of errors. */
  get stderr(): string {
    return this.#stderr;
  }

  start(args: readonly string[] = this.#args.slice(1)): void {
    const run = process.versions.deno === undefined ? [] : ["run", "-A"];
    const all = [...run, this.#script, this.#args[0]!, ...args];
    this.#child = spawn(process.execPath, all, {
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    leash(this.#child);
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => this.#stderr += text);
  }

  /** Resolves once it can be called. */
  async isUp(): Promise<void> {
    const port = Number(this.#args[0]);
    while (!await answers(port)) await soon();
  }

  /** As `kill -9` does; resolves once it is dead. */
  async kill(): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

// On Node and Bun, this module is bundled to a place of the bundler's choice, so search for it.
function find(name: string): string {
  const places = [".", ".."].flatMap((up) =>
    ["ts", "js"].map((type) =>
      fileURLToPath(new URL(`${up}/processes/${name}.${type}`, import.meta.url))
    )
  );
  return places.find((place) => existsSync(place))!;
}
