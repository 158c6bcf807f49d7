// The time to import a package in a new process, beyond an empty module; contenders take turns.
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { quantile } from "../harness.ts";

/** An import, measured: medians, in milliseconds. */
export interface MeasuredImport {
  readonly name: string;
  readonly ms: number;
  /** Beyond an empty module. */
  readonly beyond: number;
  readonly target: number | null;
  readonly met: boolean | null;
}

const modules: Record<string, string> = {
  "an empty module": "data:text/javascript,export{}",
  "@runsheet/runsheet": "@runsheet/runsheet",
  arktype: "arktype",
  effect: "effect",
};
const targets: Record<string, number> = { "@runsheet/runsheet": 5 };

/** Imports in new processes; their script is next to this bundle. */
export async function measureImports(rounds: number): Promise<MeasuredImport[]> {
  const times = new Map(Object.keys(modules).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, specifier] of Object.entries(modules)) {
      times.get(name)!.push(await importTime(specifier));
    }
  }
  const empty = times.get("an empty module")!;
  return [...times].map(([name, ms]) => {
    const beyond = quantile(ms.map((time, round) => time - empty[round]!), 0.5);
    const target = targets[name] ?? null;
    return {
      name,
      ms: quantile(ms, 0.5),
      beyond,
      target,
      met: target === null ? null : beyond <= target,
    };
  });
}

async function importTime(specifier: string): Promise<number> {
  const flags = process.versions.deno === undefined
    ? []
    : ["run", "--no-config", "--node-modules-dir=manual", "-A"];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, "import_time.mjs", specifier],
  );
  return Number(stdout);
}
