// Checks the Worker of examples/worker with arktype and with valibot: its types, its test inside
// workerd, and its size.
import { gzipSync } from "node:zlib";
import { testPatience } from "../runner/patience.ts";
import { countSummary, judge, type Part } from "../runner/report.ts";
import { find, type Runtime } from "../runner/runtimes.ts";
import { must, run, shell, write } from "../runner/shell.ts";

const app = { cwd: "npm/app" };

let node: Promise<Runtime> | undefined;

/** The parts of the test run that test it where the package is installed. */
export const workerParts: Part[] = ["arktype", "valibot"].map((vendor) => ({
  name: `examples/worker with ${vendor}`,
  run: async () => {
    const folder = await copyWith(vendor);
    await must(
      "check its types",
      shell(`node node_modules/typescript-5.9/bin/tsc -p ${folder}`, app),
    );
    console.log(`examples/worker with ${vendor}: ${await sizeOf(folder)}`);
    // Node 24 runs TypeScript directly.
    const { path } = await (node ??= find("node@24"));
    const flags = ["--test", `--test-timeout=${testPatience}`, "--test-reporter=spec"];
    const ended = await run([path, ...flags, `${folder}/worker.test.ts`], app);
    return judge(ended, countSummary(ended.output));
  },
}));

/** Copies the example to where the package is installed. */
async function copyWith(vendor: string): Promise<string> {
  const folder = `edge/worker_${vendor}`;
  await must("clear it", shell(`rm -rf ${folder} && cp -r ../../examples/worker ${folder}`, app));
  if (vendor !== "arktype") {
    await must(
      "swap its schema",
      shell(`cp schema_${vendor}.ts schema.ts`, { cwd: `npm/app/${folder}` }),
    );
  }
  await write(`npm/app/${folder}/tsconfig.json`, {
    extends: "../../tsconfig.json",
    // Neither hono nor miniflare pass our strict checks.
    compilerOptions: { noEmit: true, skipLibCheck: true, lib: ["esnext"], rootDir: "../.." },
    include: ["*.ts"],
    exclude: [],
  });
  return folder;
}

/** The part that is shipped. */
async function sizeOf(folder: string): Promise<string> {
  const bundle = `npx esbuild ${folder}/worker.ts --bundle --minify --format=esm ` +
    `--conditions=workerd,worker --external:node:async_hooks --outfile=${folder}/worker.min.js`;
  await must("bundle it", shell(bundle, app));
  const code = await Deno.readFile(`npm/app/${folder}/worker.min.js`);
  return `${code.length} bytes minified, ${gzipSync(code, { level: 9 }).length} gzipped`;
}
