import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** How a spawned script ended; `code` is null when a signal killed it. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs tests/processes/<name> in a new process of the runtime we are on. */
export function spawnScript(
  name: string,
  args: string[] = [],
  { signal }: { signal?: AbortSignal } = {},
): Promise<Ended> {
  const run = process.versions.deno === undefined ? [] : ["run", "-A"];
  const child = spawn(process.execPath, [...run, scriptPath(name), ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  if (signal?.aborted) kill();

  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      signal?.removeEventListener("abort", kill);
      resolve({ code, stdout, stderr });
    });
  });
}

/** The path of tests/processes/<name>. */
// On Node and Bun this module is bundled, to a place that the bundler chooses,
// and the scripts have become JavaScript: so it looks around.
export function scriptPath(name: string): string {
  for (const up of [".", "..", "../.."]) {
    for (const extension of ["ts", "js"]) {
      const path = fileURLToPath(
        new URL(`${up}/processes/${name}.${extension}`, import.meta.url),
      );
      if (existsSync(path)) return path;
    }
  }
  throw new Error(
    `Cannot spawn a script as it must be a file in tests/processes: current value is '${name}'`,
  );
}
