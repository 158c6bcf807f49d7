// Runs the tests and the examples of the docs on Deno, and checks what they cover:
// `deno task test:deno`. Their types are checked by `deno task check`.
import { pathToFileURL } from "node:url";
import { writeBatches } from "./runner/batches.ts";
import {
  after,
  check,
  countJUnit,
  type Counts,
  finish,
  judge,
  type Part,
  runParts,
} from "./runner/report.ts";
import { deno, must, shell } from "./runner/shell.ts";

const docs = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "mod.ts", "src"];
const flags = ["--no-check", "--preload=tools/runner/strict.ts"];
const covers = ["--coverage=.cov", "--coverage-raw-data-only"];

async function test(report: string, ...args: string[]): Promise<Counts> {
  const junit = `.cov/${report}.xml`;
  const ended = await deno(["test", "-A", ...flags, `--junit-path=${junit}`, ...args]);
  return judge(ended, countJUnit(await Deno.readTextFile(junit).catch(() => "")));
}

const cleared = check("clear .cov", () => must("clear .cov", shell("rm -rf .cov && mkdir .cov")));

const tests: Part = {
  name: `deno ${Deno.version.deno}`,
  run: async () => {
    const batches = await Deno.makeTempDir({ prefix: "runsheet-tests-" });
    try {
      await writeBatches(batches, ".test.ts", (path) => pathToFileURL(path).href);
      return await test("tests", ...covers, "tests/deno", batches);
    } finally {
      await Deno.remove(batches, { recursive: true });
    }
  },
};

const packages: Part = {
  name: `packages on deno ${Deno.version.deno}`,
  run: () => test("packages", "--doc", ...covers, "packages"),
  waits: true,
};

/** Apart from what is covered: each block loads all modules, and would record them all. */
const examples: Part = {
  name: `examples of the docs on deno ${Deno.version.deno}`,
  run: () => test("docs", "--doc", ...docs),
};

const coverage = check("coverage", async () => {
  const include = String.raw`--include=/src/([a-z]+/)*[a-z_]+\.ts$`;
  const output = await must("cover enough", deno(["coverage", include, ".cov"]));
  const [, branches, , lines] = /All files.*/.exec(output)?.[0].split("|") ?? [];
  console.log(`coverage: ${lines?.trim()} % of lines, ${branches?.trim()} % of branches`);
});

/** The longest first; they need nothing from npm. */
const covered = after([cleared], [tests, packages]);
export const denoParts: Part[] = [
  cleared,
  ...covered,
  ...after([cleared], [examples]),
  ...after(covered, [coverage]),
];

if (import.meta.main) await finish(() => runParts(denoParts));
