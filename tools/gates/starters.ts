// Does what examples/starter/README.md tells a stranger, in an empty folder for each runtime, with
// the commands that stand there. After `deno task test:npm` has made the tarball:
// `deno run -A tools/gates/starters.ts`, or with runtimes: `node@22`.
//
// Three things are replaced, as neither GitHub nor JSR has to be there, nor this version on npm:
// - `npx degit` by a copy of the folder in examples/starter;
// - the range of @runsheet/runsheet in package.json by the path of a copy of the tarball;
// - in deno.json `links` is added, which takes @runsheet/runsheet from the sources, as JSR
//   publishes them, and @std from tools/std unless tools/real_std.ts has dropped it.
import { delimiter, dirname } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import {
  check,
  type Counts,
  countSummary,
  finish,
  judge,
  type Part,
  runParts,
} from "../runner/report.ts";
import { findAll, type Runtime, targets } from "../runner/runtimes.ts";
import { deno, type Ended, must, shell, write } from "../runner/shell.ts";
import config from "../../deno.json" with { type: "json" };

const starters = "examples/starter";
const guide = `${starters}/README.md`;
const names = ["node", "deno", "bun"];

/** The commands of the guide for a starter, once it is fetched. */
async function commandsOf(name: string): Promise<string[]> {
  const text = await Deno.readTextFile(guide);
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = ""]) => block);
  const source = `runsheet/runsheet/${starters}/${name} my-app`;
  const [fetch, enter, ...commands] =
    blocks.find((block) => block.includes(source))?.trim().split("\n") ?? [];
  assertEquals([fetch, enter], [`npx -y degit ${source}`, "cd my-app"]);
  return commands;
}

async function edit(path: string, replace: (text: string) => string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const edited = replace(text);
  assertNotEquals(edited, text, `something must be replaced in ${path}`);
  await write(path, edited.trimEnd());
}

/** Stands in for `npx degit`. */
async function fetchStarter(name: string, app: string): Promise<void> {
  await must("copy a starter", shell(`cp -r ${starters}/${name} ${app}`));
  if (name === "deno") {
    const links = JSON.stringify([pathToFileURL(Deno.cwd()).href]);
    return await edit(`${app}/deno.json`, (text) => text.replace("{", `{\n  "links": ${links},`));
  }
  const range = `"${config.name}": "^${config.version}"`;
  await Deno.copyFile("npm/package.tgz", `${app}/../package.tgz`);
  await edit(
    `${app}/package.json`,
    (text) => text.replace(range, `"${config.name}": "file:../package.tgz"`),
  );
}

/** Follows the guide in an empty folder, and then its advice to see a test fail. */
async function follow(name: string, cwd: string, bin: string): Promise<Counts> {
  const commands = await commandsOf(name);
  const app = `${cwd}/my-app`;
  await fetchStarter(name, app);
  const options = {
    cwd: app,
    env: {
      PATH: bin + delimiter + process.env.PATH,
      BUN_INSTALL_CACHE_DIR: `${cwd}/cache`,
      npm_config_audit: "false",
      npm_config_fund: "false",
    },
  };
  const ended = await shell(commands.join(" && "), options);
  const counts = judge(ended, countTests(ended));
  if (counts.failed > 0) return counts;

  await edit(`${app}/checkout.ts`, (text) => text.replace(/^ *undoByKey:.*\n/m, ""));
  const broken = await shell(commands.at(-1) ?? "", options);
  assertNotEquals(broken.code, 0, `a test must fail without 'undoByKey':\n${broken.output}`);
  assertMatch(broken.output, /'chargePayment' has no undo: .+\s+#? *the run of 'checkout' fails/);
  assertMatch(broken.output, /fails at its end:\s+#? *charge .* is left/);
  return counts;
}

function countTests({ output }: Ended): Counts {
  const [, passed, failed] = /^ok \| (\d+) passed \| (\d+) failed/m.exec(output) ?? []; // Deno
  if (passed === undefined) return countSummary(output);
  return { passed: Number(passed), failed: Number(failed), skipped: 0 };
}

function starterOn(name: string, version: string, bin: string): Part {
  const run = async () => {
    const cwd = await Deno.makeTempDir({ prefix: "runsheet-starter-" });
    try {
      return await follow(name, cwd, bin);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  };
  return { name: `starter on ${name} ${version}`, run };
}

/** The parts that try the starters: on Node, its oldest and its newest version stand for those between them. */
export function starterParts(runtimes: Runtime[]): Part[] {
  const alike = check(
    "the starters are one pipeline, in Deno's format and by its rules",
    async () => {
      const texts = names.map((name) => Deno.readTextFile(`${starters}/${name}/checkout.ts`));
      assertEquals(new Set(await Promise.all(texts)).size, 1);
      // What a stranger's own Deno says, without this project's settings.
      for (const command of [["fmt", "--check"], ["lint"]]) {
        const line = [...command, "--no-config", ...names];
        await must(`pass deno ${command[0]}`, deno(line, { cwd: starters }));
      }
    },
  );
  const nodes = runtimes.filter(({ name }) => name === "node");
  const between = nodes.slice(1, -1);
  const tried = runtimes.filter((runtime) => !between.includes(runtime));
  return [
    alike,
    starterOn("deno", Deno.version.deno, dirname(Deno.execPath())),
    ...tried.map(({ name, version, path }) => starterOn(name, version, dirname(path))),
  ];
}

if (import.meta.main) {
  await finish(async () => {
    const runtimes = await findAll(Deno.args.length > 0 ? Deno.args : targets);
    return await runParts(starterParts(runtimes));
  });
}
