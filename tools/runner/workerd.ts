// The tests inside workerd, the runtime of Cloudflare Workers. esbuild bundles them with the
// installed package, as it bundles every Worker.
import { testFiles } from "./batches.ts";
import { check, countSummary, judge, type Part } from "./report.ts";
import { randomCases } from "./runtimes.ts";
import { type Ended, must, shell, write } from "./shell.ts";
import { files, tests } from "../fixtures/edge/left_out.ts";

const app = "npm/app";

// From 2026-08-04 on, nodejs_compat is the default.
const compatibilityDate = "2026-04-01";

/** Bundles edge/<name>.ts of an app as a Worker, and runs its test handler. */
export async function runWorker(
  cwd: string,
  name: string,
  aliases: string,
  flags: string[],
): Promise<Ended> {
  // Error messages contain names of functions, which bundling must not change.
  const bundling = `npx esbuild edge/${name}.ts ${aliases} --bundle --format=esm --target=es2024 ` +
    `--conditions=workerd,worker --external:node:* --keep-names --outfile=edge/${name}.js`;
  await must(`bundle edge/${name}.ts`, shell(bundling, { cwd }));
  await write(
    `${cwd}/edge/${name}.capnp`,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "${name}", worker = (
  compatibilityDate = "${compatibilityDate}",
  compatibilityFlags = ${JSON.stringify(flags)},
  modules = [(name = "${name}.js", esModule = embed "${name}.js")],
  bindings = [(name = "RUNSHEET_RUNS", text = "${randomCases()}")],
))]);`,
  );
  return await shell(`npx workerd test edge/${name}.capnp`, { cwd });
}

/** The part of the test run that runs the tests of npm/app/tests. */
export const testsOnWorkerd: Part = {
  name: "workerd",
  run: async () => {
    const compiled = testFiles("tests").filter((path) => path.endsWith(".test.ts"))
      .filter((path) => !(path in files)).map((path) => path.replace(/ts$/, "js"));
    await write(
      `${app}/edge/tests.ts`,
      compiled.map((path) => `import "../${path}";\n`).join("") +
        `import { runAll } from "node:test";
export default { test: () => runAll(${JSON.stringify(Object.keys(tests))}) };`,
    );
    const ended = await runWorker(
      app,
      "tests",
      "--alias:node:test=./edge/node_test.ts --alias:node:vm=./edge/node_vm.ts",
      // arktype tries eval while loading, when it is allowed, and later fails without it.
      ["nodejs_compat", "disallow_eval_during_startup"],
    );
    const { passed, failed, skipped } = countSummary(ended.output);
    // workerd only logs errors thrown in timers.
    const thrown = ended.output.match(/uncaught exception; source = Uncaught;/g) ?? [];
    return judge(ended, {
      passed,
      failed: failed + thrown.length,
      skipped: skipped + Object.keys(files).length,
    });
  },
};

/** The part of the test run that runs the library without anything of Node. */
export const smokeOnWorkerd: Part = check(
  "tools/fixtures/edge/smoke.ts on workerd",
  () => must("run the smoke test", runWorker(app, "smoke", "", [])),
);
