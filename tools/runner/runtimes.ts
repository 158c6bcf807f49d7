// The runtimes that test the npm package, each installed from npm.
import { join } from "node:path";
import process from "node:process";
import { testPatience } from "./patience.ts";
import { run, shell } from "./shell.ts";
import { type Counts, countSummary, judge, type Part } from "./report.ts";

export const targets: string[] = ["node@20", "node@22", "node@24", "node@26", "bun@1"];

/** A runtime on this machine. */
export interface Runtime {
  name: string;
  version: string;
  path: string;
}

/** Finds a runtime in the requested version, on the PATH or else from npm. */
export async function find(target: string): Promise<Runtime> {
  const [name = "", major = ""] = target.split("@");
  // If install scripts are blocked, npx runs the node on the PATH; the package of the platform
  // needs none.
  const os = process.platform === "win32" ? "win" : process.platform;
  const platform = `node-${os}-${process.arch}@${major}`;
  const launchers = name === "node"
    ? [name, `npx -y -p ${target} node`, `npx -y -p ${platform} node`]
    : [`npx -y ${target}`];
  const report = "console.log(JSON.stringify([process.execPath, process.versions]))";
  for (const launcher of launchers) {
    const { code, output } = await shell(`${launcher} -e '${report}'`);
    const json = output.split("\n").find((line) => line.startsWith("["));
    if (code !== 0 || json === undefined) continue;
    const [path, versions] = JSON.parse(json);
    const version: string = versions[name];
    if (version.startsWith(`${major}.`)) return { name, version, path };
  }
  throw new Error(
    `Cannot test on ${target} as it must be on the PATH or on npm: neither gave that version`,
  );
}

/** Finds runtimes one after another, as npx keeps them all in one place. */
export async function findAll(wanted: string[]): Promise<Runtime[]> {
  const runtimes: Runtime[] = [];
  for (const target of wanted) runtimes.push(await find(target));
  return runtimes;
}

const commands: Record<string, string[]> = {
  node: [
    "--enable-source-maps",
    "--test",
    `--test-timeout=${testPatience}`,
    "--test-reporter=spec",
  ],
  bun: ["test", `--timeout=${testPatience}`],
};

/** The folder of the modules that import the tests of a folder each, for Node. */
export const batches = "batches";

/** The random cases of a property on each of these runtimes and on workerd; Deno has more. */
const cases = "60";

/** The random cases of a property, unless RUNSHEET_RUNS says otherwise. */
export function randomCases(few: string = cases): string {
  return Deno.env.get("RUNSHEET_RUNS") ?? few;
}

/** Node 26 is newer than the versions that we promise: it tests less, and starts fewer processes. */
const lighter: Record<string, { leftOut: string[]; cases: string }> = {
  "node 26": { leftOut: ["durable.js", "examples.js"], cases: "20" },
};

/** The part that runs all tests on a runtime. */
export function testsOn(runtime: Runtime): Part {
  const { name, version } = runtime;
  const cwd = join("npm", "app", "tests");
  const few = lighter[`${name} ${Number.parseInt(version)}`];
  const run = () => {
    const files = name === "node" ? [...Deno.readDirSync(join(cwd, batches))] : [];
    const kept = files.map((file) => file.name).filter((file) => !few?.leftOut.includes(file));
    return runTests(runtime, cwd, kept.map((file) => join(batches, file)).sort(), few?.cases);
  };
  return { name: `${name} ${version}`, run };
}

/** Runs the tests of a folder, or those of some files in it. */
export async function runTests(
  { name, path }: Runtime,
  cwd: string,
  files: string[] = [],
  runs: string = cases,
): Promise<Counts> {
  const env = { RUNSHEET_RUNS: randomCases(runs) };
  const ended = await run([path, ...commands[name] ?? [], ...files], { cwd, env });
  return judge(ended, countSummary(ended.output));
}
