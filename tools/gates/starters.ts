// Follows examples/starter/README.md as a stranger would, in an empty folder for each runtime, with
// the commands and the files in it. After `deno task test:npm` has made the tarball:
// `deno run -A tools/gates/starters.ts`, or with runtimes: `node@22`.
//
// JSR and this version on npm may not be available, so the commands for a tarball and for a clone
// are followed: on Deno, `links` also takes @std from tools/std, unless tools/real_std.ts has
// dropped it.
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

const starters = "examples/starter";
const guide = `${starters}/README.md`;
const names = ["node", "deno", "bun"];

interface Guide {
  commands: string[];
  files: Record<string, string>;
}

/** The commands of the guide for a starter, with a tarball, and the files to save. */
async function guideOf(name: string): Promise<Guide> {
  const text = await Deno.readTextFile(guide);
  const [, section = ""] = text.split(new RegExp(`^## ${name}\n`, "mi"));
  const [, block = ""] = /^```sh\n([^]*?)^```/m.exec(section) ?? [];
  const commands = block.trim().split("\n");
  if (name === "deno") return { commands, files: filesIn(text) };
  const [, second = "", fourth = ""] =
    /With a tarball of .+ write `(.+)` for .+ and\s`(.+)` for/.exec(section) ?? [];
  return { commands: commands.with(1, second).with(3, fourth), files: {} };
}

function filesIn(text: string): Record<string, string> {
  const blocks = text.matchAll(/^`(.+)`:\n\n```.+\n([^]*?)^```/gm);
  const files = Object.fromEntries(
    [...blocks].map(([, name = "", content = ""]) => [name, content]),
  );
  for (const [name, content] of Object.entries(files)) {
    assertEquals(content, Deno.readTextFileSync(`${starters}/deno/${name}`));
  }
  assertEquals(Object.keys(files).length, 3);
  return files;
}

async function edit(path: string, replace: (text: string) => string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const edited = replace(text);
  assertNotEquals(edited, text, `something must be replaced in ${path}`);
  await write(path, edited.trimEnd());
}

/** Saves the files of the guide, with the `links` that it explains. */
async function save(files: Record<string, string>, app: string): Promise<void> {
  await Deno.mkdir(app);
  for (const [name, content] of Object.entries(files)) await write(`${app}/${name}`, content);
  const links = JSON.stringify([pathToFileURL(Deno.cwd()).href]);
  await edit(`${app}/deno.json`, (text) => text.replace("{", `{\n  "links": ${links},`));
}

/** Follows the guide in an empty folder, and then its advice to see a test fail. */
async function follow(name: string, cwd: string, bin: string): Promise<Counts> {
  const { commands, files } = await guideOf(name);
  const app = `${cwd}/my-app`;
  if (name === "deno") await save(files, app);
  else await Deno.copyFile("npm/package.tgz", `${cwd}/package.tgz`);
  const options = {
    cwd: name === "deno" ? app : cwd,
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
  const broken = await shell(commands.at(-1) ?? "", { ...options, cwd: app });
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

/** The parts that try the starters; on Node, only with its oldest and its newest version. */
export function starterParts(runtimes: Runtime[]): Part[] {
  const alike = check(
    "the starters are one pipeline, in Deno's format and by its rules",
    async () => {
      const texts = names.map((name) => Deno.readTextFile(`${starters}/${name}/checkout.ts`));
      assertEquals(new Set(await Promise.all(texts)).size, 1);
      // The verdict of a stranger's own Deno, without this project's settings.
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
