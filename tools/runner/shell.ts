import { resolve } from "node:path";
import { commandPatience } from "./patience.ts";

/** The folder of a command, and additions to our environment. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/** The result of a command; its output has both streams, interleaved. */
export interface Ended {
  code: number;
  output: string;
}

/** Runs a command with a time limit and captures its output. */
export async function run(
  [command, ...args]: [string, ...string[]],
  { cwd = ".", env = {} }: RunOptions = {},
): Promise<Ended> {
  const child = new Deno.Command(command, {
    args,
    cwd,
    env: { npm_config_loglevel: "error", NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(commandPatience),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
    }
  };
  const start = performance.now();
  await Promise.all([read(child.stdout), read(child.stderr)]);
  const { code } = await child.status;
  if (performance.now() - start > commandPatience) output += `Given up after ${commandPatience} ms`;
  return { code, output };
}

/** Runs Deno in our own version. */
export function deno(args: string[], options?: RunOptions): Promise<Ended> {
  return run([Deno.execPath(), ...args], options);
}

/** Runs a line in Deno's own task shell, which is the same on every system. */
export function shell(line: string, options?: RunOptions): Promise<Ended> {
  const folder = resolve(options?.cwd ?? ".");
  return deno(["task", "--quiet", "--cwd", folder, "--eval", line], options);
}

/** Awaits a command that must succeed, and returns its output. */
export async function must(what: string, ending: Promise<Ended>): Promise<string> {
  const { code, output } = await ending;
  if (code === 0) return output;
  throw new Error(
    `Cannot ${what} as it must exit with code 0: current value is ${code}\n${output}`,
  );
}

/** Writes a text, or a value as JSON. */
export async function write(path: string, content: unknown): Promise<void> {
  const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
  await Deno.writeTextFile(path, text + "\n");
}

/** Bundles modules and their shared chunks into a folder. */
export async function bundle(
  folder: string,
  entries: string[],
  externals: string[],
  ...flags: string[]
): Promise<void> {
  const kept = externals.flatMap((name) => ["--external", name]);
  const args = ["--quiet", "--code-splitting", ...kept, ...flags, "--outdir", folder, ...entries];
  await must(`bundle ${folder}`, deno(["bundle", ...args]));
}
