// Makes npm/bench, an empty project with the tarball, the contenders and the bundled scripts, and
// runs them there.
import config from "../deno.json" with { type: "json" };
import { pack } from "../tools/runner/pack.ts";
import { core } from "../tools/runner/packages.ts";
import { find } from "../tools/runner/runtimes.ts";
import { bundle, deno, must, shell, write } from "../tools/runner/shell.ts";
import { file as original } from "./contenders/runsheet_js.ts";
import { bundleCutHook } from "./cut.ts";
import own from "./deno.json" with { type: "json" };

const folder = "npm/bench";

/** The default runtimes of the bench: one version for each engine. */
export const defaults: string[] = ["deno", "node@24", "bun@1"];

export async function makeBench(...scripts: string[]): Promise<void> {
  await pack();
  await must("clear npm/bench", shell(`rm -rf ${folder} && mkdir -p ${folder}`));
  const peers = Object.fromEntries(
    Object.entries(own.imports).map(([name, target]) => [name, target.split("@").at(-1)!]),
  );
  const { arktype, zod } = core.npmRanges;
  const dependencies = { [config.name]: "file:../package.tgz", arktype, zod, ...peers };
  await write(`${folder}/package.json`, { type: "module", dependencies });
  await must(
    "install the contenders",
    shell("npm install --silent --no-audit --no-fund", { cwd: folder }),
  );
  await bundle(folder, scripts, Object.keys(dependencies));
  await bundleOriginal();
  await bundleCutHook(folder);
  await Deno.copyFile("bench/import_time.mjs", `${folder}/import_time.mjs`);
}

/** Bundles runsheet-js, if `RUNSHEET_JS` names a checkout of it; npm does not have it. */
async function bundleOriginal(): Promise<void> {
  const checkout = Deno.env.get("RUNSHEET_JS");
  if (!checkout) return;
  const entry = `${checkout}/src/index.ts`;
  await must(
    "bundle runsheet-js",
    deno([
      "bundle",
      "--quiet",
      "--no-config",
      "--unstable-sloppy-imports",
      "-o",
      `${folder}/${original}`,
      entry,
    ]),
  );
}

/** Runs a script of npm/bench and returns its output; its errors are shown immediately. */
export async function runOn(target: string, script: string, args: string[]): Promise<string> {
  const [command = "", ...flags] = await launcher(target);
  const { code, stdout } = await new Deno.Command(command, {
    args: [...flags, script, ...args],
    cwd: folder,
    stderr: "inherit",
  }).output();
  if (code !== 0) {
    throw new Error(
      `Cannot run ${script} on ${target} as it must exit with 0: current value is ${code}`,
    );
  }
  return new TextDecoder().decode(stdout);
}

async function launcher(target: string): Promise<string[]> {
  // Without a config, so that the package.json of npm/bench resolves packages, as on other
  // runtimes.
  if (target === "deno") {
    return [
      Deno.execPath(),
      "run",
      "--no-config",
      "--node-modules-dir=manual",
      "-A",
      "--v8-flags=--expose-gc",
    ];
  }
  const { name, path } = await find(target);
  return name === "node" ? [path, "--expose-gc"] : [path];
}
