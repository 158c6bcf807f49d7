// Replays the recorded histories of examples/temporal in Temporal's worker, on Node 24. After
// `deno task test:npm` has made the tarball: `deno run -A tools/gates/temporal.ts`. It is no part of
// `deno task test`, as it downloads 60 MB.
import { testPatience } from "../runner/patience.ts";
import { type Counts, countSummary, finish, judge, type Part, runParts } from "../runner/report.ts";
import { find } from "../runner/runtimes.ts";
import { deno, must, run, shell, write } from "../runner/shell.ts";

const folder = "examples/temporal";

const compilerOptions = {
  target: "es2024",
  lib: ["esnext"],
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  // The vendor's declarations do not pass our strict checks.
  skipLibCheck: true,
};

async function replayIn(cwd: string): Promise<Counts> {
  for (const command of [["fmt", "--check", "--line-width=100"], ["lint"]]) {
    const line = [...command, "--no-config", ...files()];
    await must(`pass deno ${command[0]}`, deno(line, { cwd: folder }));
  }
  await must("copy the example", shell(`cp -r ${folder}/* ${cwd}`));
  await must("copy the tarball", shell(`cp npm/package.tgz ${cwd}`));
  const manifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  manifest.dependencies["@runsheet/runsheet"] = "file:package.tgz";
  await write(`${cwd}/package.json`, manifest);
  await write(`${cwd}/tsconfig.json`, { compilerOptions, include: ["*.ts"] });
  const install = "npm install --ignore-scripts --no-audit --no-fund";
  await must("install Temporal's worker", shell(install, { cwd }));
  await must("check its types", shell("node node_modules/typescript/bin/tsc", { cwd }));
  const { path } = await find("node@24");
  const flags = ["--test", `--test-timeout=${testPatience}`, "--test-reporter=spec"];
  const ended = await run([path, ...flags, "replay.test.ts"], { cwd });
  return judge(ended, countSummary(ended.output));
}

function files(): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /\.ts$/.test(name));
}

/** The part that replays them. */
export const temporalPart: Part = {
  name: folder,
  async run() {
    const cwd = await Deno.makeTempDir({ prefix: "runsheet-temporal-" });
    try {
      return await replayIn(cwd);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
};

if (import.meta.main) await finish(() => runParts([temporalPart]));
