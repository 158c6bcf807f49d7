// Runs the tests and the examples of the docs on Deno, and records what they cover:
// `deno task test:deno`.
import { pathToFileURL } from "node:url";
import { writeBatches } from "./runner/batches.ts";

const docs = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "mod.ts", "src", "packages"];
const flags = [
  "--doc",
  "--preload=tools/runner/strict.ts",
  "--clean",
  "--coverage=.cov",
  "--coverage-raw-data-only",
  "--junit-path=.cov/junit.xml",
];

const batches = await Deno.makeTempDir({ prefix: "runsheet-tests-" });
try {
  await writeBatches(batches, ".test.ts", (path) => pathToFileURL(path).href);
  const args = ["test", "-A", ...flags, ...docs, "tests/deno", batches];
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(batches, { recursive: true });
}
