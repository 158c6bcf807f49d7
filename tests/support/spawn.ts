import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The result of a spawned script; `code` is null if a signal killed it. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A test's actions on a process while it runs. */
export interface SpawnOptions {
  /** Kills it. */
  signal?: AbortSignal;
  /** Called with its process id. */
  onStart?: (pid: number) => void;
  /**
   * Called each time it prints, with its whole output so far and a function that presses Ctrl-C.
   */
  onOutput?: (stdout: string, interrupt: () => void) => void;
}

/** Runs tests/processes/<name> in a new process of the current runtime. */
export function spawnScript(
  name: string,
  args: string[] = [],
  options: SpawnOptions = {},
): Promise<Ended> {
  return spawnFile(scriptPath(name), args, options);
}

/** Runs a file in a new process of the current runtime. */
export function spawnFile(
  path: string,
  args: string[],
  { signal, onStart, onOutput }: SpawnOptions = {},
): Promise<Ended> {
  const run = process.versions.deno === undefined ? [] : ["run", "-A"];
  const child = spawn(process.execPath, [...run, path, ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  if (signal?.aborted) kill();
  // Not child.kill: Deno then reports the signal instead of an exit code.
  const interrupt = () => void (child.exitCode === null && process.kill(child.pid!, "SIGINT"));

  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput?.(stdout, interrupt);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      signal?.removeEventListener("abort", kill);
      resolve({ code, stdout, stderr });
    });
  });
}

/** The path of tests/processes/<name>, compiled to JavaScript on Node and Bun. */
export function scriptPath(name: string): string {
  return find(`processes/${name}.ts`, `processes/${name}.js`);
}

/** Finds a file in the folders above. */
// On Node and Bun, this module is bundled to a place of the bundler's choice, so search for it.
export function find(...paths: string[]): string {
  for (const up of [".", "..", "../.."]) {
    for (const path of paths) {
      const found = fileURLToPath(new URL(`${up}/${path}`, import.meta.url));
      if (existsSync(found)) return found;
    }
  }
  throw new Error(`Cannot find a file as it must be in a folder above: current value is ${paths}`);
}
